//! Invitations: one link, one email, one use, seven days.

use serde_json::json;
use shared::{
    AppError,
    account::Viewer,
    role::SystemRole,
    team::{Delivery, InvitationOffer, InvitationSent, InvitationView},
};

use crate::harness::{Answer, NOW, PASSWORD, Person, TestApp, both_databases, cookie, together, token};

async fn accept(app: &TestApp, token: &str, password: &str) -> Answer {
    app.visitor().form("invitation_accept", &[("token", token), ("password", password)]).await
}

async fn offer(app: &TestApp, token: &str) -> Answer {
    app.visitor().call("invitation_offer", json!({ "token": token })).await
}

both_databases! {
    async fn whoever_accepts_lands_in_the_organization_with_that_role_and_email(app) {
        let owner = app.owner().await;
        let sent = owner.invite(" Ada@Example.COM ", owner.role(SystemRole::Member).await).await;
        let offer: InvitationOffer = offer(app, token(&sent)).await.ok();
        assert_eq!((offer.email.as_str(), offer.has_account, offer.signed_in_as), ("ada@example.com", false, None));
        assert_eq!((offer.organization_name, offer.invited_by), (owner.viewer.organization_name.clone(), owner.email.clone()));
        assert_eq!(offer.role.permissions.len(), 2);
        assert_eq!(offer.expires_at, NOW.plus_days(7));
        let ada = Person::accept(app.address, "ada@example.com".to_owned(), &sent).await;
        assert_eq!((ada.viewer.email.as_str(), ada.viewer.organization), ("ada@example.com", owner.viewer.organization));
        assert_eq!(ada.viewer.roles, ["Organization Member"]);
        assert!(owner.invitation("ada@example.com").await.is_none());
        Person::sign_in(app.address, "ada@example.com").await;
    }

    async fn a_link_works_once_also_for_many_at_the_same_moment(app) {
        let owner = app.owner().await;
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        let answers = together(6, async |_| accept(app, token(&sent), PASSWORD).await).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.status < 500), "{answers:?}");
        assert_eq!(accept(app, token(&sent), PASSWORD).await.error(), AppError::InvitationGone);
    }

    async fn after_seven_days_it_is_over_and_sending_it_again_renews_it_with_another_link(app) {
        let owner = app.owner().await;
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        app.clock.set(NOW.plus_days(7));
        let owner = Person::sign_in(app.address, &owner.email).await;
        assert!(owner.invitation("ada@example.com").await.expect("it is listed").expired);
        assert_eq!(offer(app, token(&sent)).await.error(), AppError::InvitationGone);
        assert_eq!(accept(app, token(&sent), PASSWORD).await.error(), AppError::InvitationGone);
        let again: InvitationSent = owner.caller.call("invitation_resend", json!({ "id": sent.invitation.id })).await.ok();
        assert_eq!((again.invitation.expires_at, again.invitation.expired), (NOW.plus_days(14), false));
        assert_ne!(again.link, sent.link);
        assert_eq!(offer(app, token(&sent)).await.error(), AppError::InvitationGone);
        Person::accept(app.address, "ada@example.com".to_owned(), &again).await;
    }

    async fn the_link_can_be_copied_until_it_is_over(app) {
        let owner = app.owner().await;
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        assert!(sent.link.starts_with("https://keys.example.com/join?token="), "{}", sent.link);
        let link: String = owner.caller.call("invitation_link", json!({ "id": sent.invitation.id })).await.ok();
        assert_eq!(link, sent.link);
        let list = owner.caller.call("team_list", json!({ "params": { "search": "", "role": null, "page": 1 } })).await;
        assert!(!list.text.contains(token(&sent)), "only on demand");
        let dump = app.database.dump().await;
        assert!(!dump.contains(token(&sent)), "only its digest is stored");
    }

    async fn the_role_can_be_changed_while_pending_and_the_link_stays(app) {
        let owner = app.owner().await;
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        let role = owner.role(SystemRole::ApiClient).await;
        let arguments = json!({ "id": sent.invitation.id, "role": role });
        let view: InvitationView = owner.caller.call("invitation_update", arguments).await.ok();
        assert_eq!(view.role.name, "API Client");
        let ada = Person::accept(app.address, "ada@example.com".to_owned(), &sent).await;
        assert_eq!(ada.viewer.roles, ["API Client"]);
    }

    async fn a_withdrawn_invitation_is_gone(app) {
        let owner = app.owner().await;
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        owner.caller.call("invitation_withdraw", json!({ "id": sent.invitation.id })).await.ok::<()>();
        assert_eq!(accept(app, token(&sent), PASSWORD).await.error(), AppError::InvitationGone);
        owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
    }

    async fn members_and_the_invited_cannot_be_invited_again_and_bad_input_is_refused(app) {
        let owner = app.owner().await;
        let role = owner.role(SystemRole::Member).await;
        owner.invite("ada@example.com", role).await;
        let owners_role = owner.member(&owner.email).await.roles[0].id;
        for (email, role, field) in [
            ("ada@example.com", role, "email"), (owner.email.as_str(), role, "email"), ("ada", role, "email"),
            ("", role, "email"), ("a\r\nBcc: x@example.com", role, "email"),
            ("bob@example.com", owners_role, "role"), ("bob@example.com", shared::RoleId::from_bits(1), "role"),
        ] {
            let params = json!({ "params": { "email": email, "role": role } });
            let error = owner.caller.call("invitation_create", params).await.error();
            assert!(error.on_field(field).is_some(), "{email:?}: {error:?}");
        }
    }

    async fn nobody_invites_or_manages_above_their_own_ceiling(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Recruiter", &["organization.invite", "organization.member.view"]).await;
        let recruiter = app.member_with(&owner, role.id).await;
        let admin = owner.role(SystemRole::Admin).await;
        let sent = owner.invite("ada@example.com", admin).await;
        let id = sent.invitation.id;
        for (function, arguments) in [
            ("invitation_create", json!({ "params": { "email": "bob@example.com", "role": admin } })),
            ("invitation_link", json!({ "id": id })), ("invitation_resend", json!({ "id": id })),
            ("invitation_update", json!({ "id": id, "role": role.id })), ("invitation_withdraw", json!({ "id": id })),
        ] {
            let error = recruiter.caller.call(function, arguments).await.error();
            assert!(matches!(error, AppError::AboveCeiling { .. }), "{function}: {error:?}");
        }
        let own = recruiter.invite("bob@example.com", role.id).await;
        let arguments = json!({ "id": own.invitation.id, "role": admin });
        let error = recruiter.caller.call("invitation_update", arguments).await.error();
        assert!(matches!(error, AppError::AboveCeiling { .. }), "{error:?}");
    }

    async fn a_weak_password_is_refused_and_the_link_still_works(app) {
        let owner = app.owner().await;
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        for weak in ["", "short", "password1", "ada@example.com"] {
            assert!(accept(app, token(&sent), weak).await.error().on_field("password").is_some(), "{weak}");
        }
        Person::accept(app.address, "ada@example.com".to_owned(), &sent).await;
    }

    async fn somebody_with_an_account_joins_with_it_and_switches_between_organizations(app) {
        let (owner, other) = (app.owner().await, app.owner().await);
        let sent = owner.invite(&other.email, owner.role(SystemRole::Member).await).await;
        assert!(offer(app, token(&sent)).await.ok::<InvitationOffer>().has_account);
        let error = accept(app, token(&sent), "not the password at all").await.error();
        assert!(error.on_field("password").is_some(), "{error:?}");
        // Signed in with that account, no password is needed.
        let answer = other.caller.form("invitation_accept", &[("token", token(&sent))]).await;
        answer.ok::<()>();
        let here = app.visitor().with("cookie", cookie(&answer));
        let viewer: Option<Viewer> = here.form("session", &[]).await.ok();
        let viewer = viewer.expect("a session");
        assert_eq!((viewer.organization, viewer.organizations.len()), (owner.viewer.organization, 2));
        assert_eq!(viewer.roles, ["Organization Member"]);

        let home = other.viewer.organization.to_string();
        let answer = here.form("organization_switch", &[("organization", &home)]).await;
        answer.ok::<()>();
        let back = app.visitor().with("cookie", cookie(&answer));
        let viewer: Option<Viewer> = back.form("session", &[]).await.ok();
        assert_eq!(viewer.expect("a session").roles, ["Organization Owner"]);
        let ended: Option<Viewer> = here.form("session", &[]).await.ok();
        assert_eq!(ended, None, "the session before the switch has ended");
        let stranger = app.owner().await.viewer.organization.to_string();
        let error = back.form("organization_switch", &[("organization", &stranger)]).await.error();
        assert_eq!(error, AppError::not_found("membership"));
    }

    async fn an_invitation_for_another_person_is_not_accepted_by_mistake(app) {
        let (owner, other) = (app.owner().await, app.owner().await);
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        let error = other.caller.form("invitation_accept", &[("token", token(&sent)), ("password", PASSWORD)]).await.error();
        let expected = AppError::InvitationForAnother { invited: "ada@example.com".to_owned(), signed_in: other.email.clone() };
        assert_eq!(error, expected);
        assert!(owner.invitation("ada@example.com").await.is_some());
    }

    async fn what_is_no_token_is_answered_like_one_that_is_gone(app) {
        for bad in ["", "x", &"A".repeat(43), "\0", &"ü".repeat(43), &"A".repeat(10_000)] {
            assert_eq!(offer(app, bad).await.error(), AppError::InvitationGone, "{bad:?}");
            assert_eq!(accept(app, bad, PASSWORD).await.error(), AppError::InvitationGone, "{bad:?}");
        }
    }

    async fn the_invitation_of_another_organization_does_not_exist(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        let id = sent.invitation.id;
        let role = stranger.role(SystemRole::Member).await;
        for (function, arguments) in [
            ("invitation_link", json!({ "id": id })), ("invitation_resend", json!({ "id": id })),
            ("invitation_update", json!({ "id": id, "role": role })), ("invitation_withdraw", json!({ "id": id })),
        ] {
            let error = stranger.caller.call(function, arguments).await.error();
            assert_eq!(error, AppError::not_found("invitation"), "{function}");
        }
    }

    async fn without_a_mail_server_the_mail_is_a_file_and_the_row_says_so(app) {
        let owner = app.owner().await;
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        assert_eq!((sent.by_mail, &sent.invitation.delivery), (false, &Delivery::Queued));
        app.backend.deliver_mail().await.expect("the outbox");
        let mails = app.database.mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].contains(&sent.link) && mails[0].contains("To: ada@example.com"), "{}", mails[0]);
        let row = owner.invitation("ada@example.com").await.expect("the row");
        assert_eq!(row.delivery, Delivery::Written { at: NOW });
    }
}
