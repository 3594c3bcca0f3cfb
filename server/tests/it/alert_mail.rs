//! Alerts by mail: to the Owner and the Admins, together where they come together, and only of the kinds that are wanted.

use serde_json::{Value, json};
use shared::{
    alert::{AlertKind, AlertSettings},
    role::SystemRole,
};

use crate::harness::{NOW, smtp::both_with_mail};

both_with_mail! {
    async fn several_alerts_are_one_letter(app, server: Takes) {
        let owner = app.owner().await;
        let admin = app.member_of(&owner, SystemRole::Admin).await;
        app.member_of(&owner, SystemRole::Member).await;
        // Only the keys' own bursts count here.
        let settings = AlertSettings { address_refusals: 1_000, ..AlertSettings::default() };
        owner.caller.call("alert_settings_update", json!({ "settings": settings })).await.ok::<AlertSettings>();
        app.backend.deliver_mail().await.expect("the outbox");
        let invitations = server.inbox().len();
        let letters = async || {
            app.backend.deliver_mail().await.expect("the outbox");
            server.inbox().split_off(invitations)
        };

        owner.alert(app).await;
        let first = letters().await;
        let mut to: Vec<_> = first.iter().map(|mail| mail.to.clone()).collect();
        to.sort();
        let mut wanted = vec![owner.email.clone(), admin.email.clone()];
        wanted.sort();
        assert_eq!(to, wanted);
        assert!(first[0].text.contains("20 requests of Production Server"), "{}", first[0].text);
        assert!(first[0].text.contains("https://keys.example.com/alerts"), "{}", first[0].text);

        // What comes within five minutes waits, and is one letter then.
        owner.alert(app).await;
        owner.alert(app).await;
        assert_eq!(letters().await.len(), 2);
        app.clock.set(NOW.plus_seconds(300));
        app.watch_requests().await;
        app.watch_requests().await;
        let all = letters().await;
        assert_eq!(all.len(), 4);
        assert!(all[3].text.contains("2 alerts of"), "{}", all[3].text);
    }

    async fn of_a_compromised_key_the_team_hears_at_once(app, server: Takes) {
        let owner = app.owner().await;
        owner.alert(app).await;
        app.backend.deliver_mail().await.expect("the outbox");
        let before = server.inbox().len();
        let key = owner.key(SystemRole::ApiClient).await.view;
        let params = json!({ "id": key.id, "version": key.version, "containment": "revoke", "reason": "It was in a log." });
        owner.caller.call("key_contain", json!({ "params": params })).await.ok::<Value>();
        app.watch_requests().await;
        app.backend.deliver_mail().await.expect("the outbox");
        let letters = server.inbox().split_off(before);
        assert_eq!(letters.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [owner.email.as_str()]);
        assert!(letters[0].text.contains("compromised"), "{}", letters[0].text);
    }

    async fn a_kind_that_is_not_wanted_is_not_mailed(app, server: Takes) {
        let owner = app.owner().await;
        let settings = AlertSettings { mailed: vec![AlertKind::Expiring], ..AlertSettings::default() };
        owner.caller.call("alert_settings_update", json!({ "settings": settings })).await.ok::<AlertSettings>();
        owner.alert(app).await;
        app.backend.deliver_mail().await.expect("the outbox");
        assert_eq!(server.inbox().len(), 0);
    }
}
