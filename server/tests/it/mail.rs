//! Mail by a mail server: sent after the change, tried again when it fails, and the failure is seen.

use serde_json::json;
use shared::{
    role::SystemRole,
    team::{Delivery, InvitationSent},
};

use crate::harness::{
    NOW, Person, TestApp,
    smtp::{Mood, both_with_mail},
};

async fn invited(app: &TestApp) -> (Person, InvitationSent) {
    let owner = app.owner().await;
    let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
    (owner, sent)
}

async fn delivery(app: &TestApp, owner: &Person) -> Delivery {
    app.backend.deliver_mail().await.expect("the outbox");
    owner.invitation("ada@example.com").await.expect("the row").delivery
}

both_with_mail! {
    async fn an_invitation_arrives_with_the_link_and_once(app, server: Takes) {
        let (owner, sent) = invited(app).await;
        assert!(sent.by_mail);
        assert_eq!(delivery(app, &owner).await, Delivery::Sent { at: NOW });
        app.backend.deliver_mail().await.expect("the outbox");
        let inbox = server.inbox();
        assert_eq!(inbox.len(), 1);
        assert_eq!(inbox[0].to, "ada@example.com");
        assert!(inbox[0].text.contains(&sent.link), "{}", inbox[0].text);
        assert!(inbox[0].text.contains("From: IPAware <keys@example.com>"), "{}", inbox[0].text);
    }

    async fn a_busy_server_is_tried_again_later_and_the_row_says_so_until_then(app, server: Busy) {
        let (owner, _) = invited(app).await;
        let Delivery::Retrying { problem, next_at } = delivery(app, &owner).await else { panic!("a next try") };
        assert!(problem.contains("the mailbox is busy"), "{problem}");
        assert_eq!(next_at, NOW.plus_seconds(30));
        server.set(Mood::Takes);
        app.clock.set(NOW.plus_seconds(29));
        assert!(matches!(delivery(app, &owner).await, Delivery::Retrying { .. }), "not before its time");
        app.clock.set(NOW.plus_seconds(30));
        assert_eq!(delivery(app, &owner).await, Delivery::Sent { at: NOW.plus_seconds(30) });
        assert_eq!(server.inbox().len(), 1);
    }

    async fn a_refused_mail_has_failed_and_sending_it_again_is_another_mail(app, server: Refuses) {
        let (owner, sent) = invited(app).await;
        let Delivery::Failed { problem } = delivery(app, &owner).await else { panic!("a failure") };
        assert!(problem.contains("no such mailbox"), "{problem}");
        server.set(Mood::Takes);
        let again: InvitationSent = owner.caller.call("invitation_resend", json!({ "id": sent.invitation.id })).await.ok();
        assert_eq!(delivery(app, &owner).await, Delivery::Sent { at: NOW });
        let inbox = server.inbox();
        assert!(inbox.len() == 1 && inbox[0].text.contains(&again.link), "{inbox:?}");
    }

    async fn an_invitation_that_is_withdrawn_meanwhile_is_not_sent(app, server: Takes) {
        let (owner, sent) = invited(app).await;
        owner.caller.call("invitation_withdraw", json!({ "id": sent.invitation.id })).await.ok::<()>();
        app.backend.deliver_mail().await.expect("the outbox");
        assert_eq!(server.inbox().len(), 0);
    }
}
