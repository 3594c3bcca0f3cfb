//! The audit trail: whatever is done, and whatever is refused because of who asked, can be found in it.

use serde_json::{Value, json};
use shared::{
    AppError,
    audit::{AuditEntry, AuditList, AuditParams, Outcome},
    role::SystemRole,
    team::MemberView,
};

use crate::harness::{NOW, Person, TestApp, both_databases};

async fn trail(person: &Person, params: AuditParams) -> Vec<AuditEntry> {
    let list: AuditList = person.caller.call("audit_list", json!({ "params": params, "cursor": null })).await.ok();
    list.entries
}

/// What was refused, newest first, once it is written.
async fn refused(app: &TestApp, person: &Person) -> Vec<AuditEntry> {
    app.backend.flush_attempts().await.expect("written");
    trail(person, AuditParams { outcome: Some(Outcome::Refused), ..AuditParams::default() }).await
}

fn only<T: Into<String>>(change: impl Fn(&mut AuditParams, String), value: T) -> AuditParams {
    let mut params = AuditParams::default();
    change(&mut params, value.into());
    params
}

both_databases! {
    async fn an_entry_tells_who_did_what_when_from_where_why_and_by_which_request(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        app.clock.set(NOW.plus_seconds(60));
        let caller = owner.caller.clone().with("user-agent", "Browser/1.0");
        let revoked = caller.call("key_revoke", json!({ "id": key.view.id, "reason": "It leaked." })).await;
        revoked.ok::<Value>();
        let entries = trail(&owner, AuditParams::default()).await;
        let AuditEntry { at, actor, actor_label, action, sentence, target, outcome, why, address, user_agent, request_id, .. } =
            entries[0].clone();
        assert_eq!((at, outcome, action.as_str()), (NOW.plus_seconds(60), Outcome::Done, "key.revoke"));
        assert_eq!((actor, actor_label), (owner.viewer.member.to_string(), owner.email.clone()));
        assert_eq!((sentence.as_str(), target), ("Revoked the key Production Server", key.view.id.to_string()));
        assert_eq!((why.as_deref(), address.as_deref()), (Some("It leaked."), Some("127.0.0.1")));
        assert_eq!((user_agent.as_deref(), request_id.as_str()), (Some("Browser/1.0"), revoked.header("x-request-id")));
        let status = entries[0].changes.iter().find(|change| change.field == "Status").expect("the status");
        assert_eq!((status.before.as_deref(), status.after.as_deref()), (Some("active"), Some("revoked")));
        let seqs: Vec<i64> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=i64::try_from(seqs.len()).expect("few")).rev().collect::<Vec<_>>());
    }

    async fn every_filter_narrows_the_list_and_a_cursor_goes_through_all_of_it(app) {
        let owner = app.owner().await;
        let admin = app.member_of(&owner, SystemRole::Admin).await;
        let key = admin.key(SystemRole::ApiClient).await.view;
        app.clock.set(NOW.plus_seconds(20 * 3600));
        let revoked = owner.caller.call("key_revoke", json!({ "id": key.id, "reason": "Found by Ümit_100%" })).await;
        let request = revoked.header("x-request-id");
        let actions = async |params| -> Vec<String> {
            trail(&owner, params).await.into_iter().map(|entry| entry.action).collect()
        };
        for (params, right) in [
            (only(|p, v| p.actor = Some(v), admin.viewer.member.to_string()), &["key.create", "invitation.accept"][..]),
            (only(|p, v| p.action = Some(v), "key"), &["key.revoke", "key.create"]),
            (only(|p, v| p.action = Some(v), "key.revoke"), &["key.revoke"]),
            (only(|p, v| p.action = Some(v), "ke"), &[]),
            (only(|p, v| p.action = Some(v), "k%"), &[]),
            (only(|p, v| p.target = Some(v), key.id.to_string()), &["key.revoke", "key.create"]),
            (only(|p, v| p.request = Some(v), request), &["key.revoke"]),
            (only(|p, v| p.search = v, "Mit_100%"), &["key.revoke"]),
            (only(|p, v| p.search = v, admin.email.to_uppercase()), &["key.create", "invitation.accept", "invitation.create"]),
            (only(|p, v| p.actor = Some(v), "x\0"), &[]),
            (AuditParams { from: Some(NOW.plus_seconds(3600)), ..AuditParams::default() }, &["key.revoke"]),
            (AuditParams { from: Some(NOW), to: Some(NOW.plus_seconds(3600)), action: Some("key".to_owned()), ..AuditParams::default() },
                &["key.create"]),
            (AuditParams { outcome: Some(Outcome::Refused), ..AuditParams::default() }, &[]),
        ] {
            assert_eq!(actions(params.clone()).await, right, "{params:?}");
        }
    }

    async fn what_is_refused_because_of_who_asked_is_in_the_trail(app) {
        let owner = app.owner().await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let key = owner.key(SystemRole::Member).await;
        let id = key.view.id;
        let arguments = json!({ "id": id, "reason": "I wanted to." });
        let answer = member.caller.call("key_revoke", arguments).await;
        assert!(matches!(answer.error(), AppError::Forbidden { .. }));
        let entries = refused(app, &owner).await;
        assert_eq!(entries.len(), 1, "{entries:?}");
        let AuditEntry { actor_label, action, sentence, target, why, request_id, .. } = entries[0].clone();
        assert_eq!((actor_label, action.as_str(), target), (member.email.clone(), "key.revoke", id.to_string()));
        assert_eq!(sentence, "Tried to revoke the key Production Server");
        assert_eq!(why.as_deref(), Some("The permission api.key.delete is missing."));
        assert_eq!(request_id, answer.header("x-request-id"));

        // A key that tries the same.
        let answer = key.caller.post(&format!("/v1/keys/{id}/revoke")).await;
        assert_eq!(answer.status, 403);
        let entries = refused(app, &owner).await;
        assert_eq!((entries.len(), entries[0].actor.clone()), (2, id.to_string()));
        assert_eq!((entries[0].action.as_str(), entries[0].target.clone()), ("key.revoke", id.to_string()));
        assert_eq!(entries[0].request_id, answer.header("x-request-id"));
    }

    async fn rules_that_no_permission_opens_are_refusals_too(app) {
        let owner = app.owner().await;
        let manager = owner.role_with("Manager", &["api.key.view", "api.key.create", "organization.member.view",
            "organization.member.update", "organization.role.view", "organization.role.update"]).await;
        let member = app.member_with(&owner, manager.id).await;
        let admin = owner.role(SystemRole::Admin).await;
        let above = json!({ "params": { "name": "Mine", "role": admin, "environment": "staging" } });
        assert!(matches!(member.caller.call("key_create", above).await.error(), AppError::AboveCeiling { .. }));
        let row: MemberView = member.member(&owner.email).await;
        let roles: Vec<_> = row.roles.iter().map(|role| role.id).collect();
        let last = json!({ "params": { "id": row.id, "before": roles, "roles": [manager.id] } });
        assert_eq!(member.caller.call("member_update", last).await.error(), AppError::LastOwner);
        let locked = json!({ "params": { "id": admin, "version": 1, "name": "X", "description": "", "permissions": [] } });
        assert_eq!(member.caller.call("role_update", locked).await.error(), AppError::SystemRoleLocked);
        let password = crate::harness::PASSWORD;
        let transfer = json!({ "to": member.viewer.member, "password": password });
        assert_eq!(member.caller.call("ownership_transfer", transfer).await.error(), AppError::OwnerOnly);
        let mut told: Vec<_> = refused(app, &owner).await.into_iter().map(|entry| entry.sentence).collect();
        told.sort_unstable();
        assert_eq!(told, [
            "Tried to create a key".to_owned(),
            format!("Tried to edit the member {}", owner.email),
            "Tried to edit the role Organization Admin".to_owned(),
            "Tried to hand on the ownership".to_owned(),
        ]);
    }

    async fn pages_that_somebody_may_not_see_and_wrong_passwords_are_in_the_trail(app) {
        let owner = app.owner().await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        assert_eq!(member.caller.get("/team").await.status, 403);
        assert_eq!(member.caller.get("/audit").await.status, 403);
        let form = |password| [("email", owner.email.clone()), ("password", password)];
        let form = form("wrong purple elephants march".to_owned());
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(app.visitor().form("sign_in", &form).await.error(), AppError::WrongCredentials);
        let nobody = [("email", "nobody@example.com"), ("password", "wrong purple elephants march")];
        assert_eq!(app.visitor().form("sign_in", &nobody).await.error(), AppError::WrongCredentials);
        let mut told: Vec<_> = refused(app, &owner).await.into_iter().map(|e| (e.actor_label, e.sentence)).collect();
        told.sort_unstable();
        assert_eq!(told, [
            (member.email.clone(), "Tried to open the page /audit".to_owned()),
            (member.email.clone(), "Tried to open the page /team".to_owned()),
            (format!("somebody as {}", owner.email), "Tried to sign in".to_owned()),
        ]);
    }

    async fn nobody_can_flood_the_trail(app) {
        let owner = app.owner().await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        for minute in 0..3 {
            for number in 0..10 {
                app.clock.set(NOW.plus_seconds(60 * minute + number));
                member.caller.call("team_list", json!({ "params": shared::team::TeamListParams::default() })).await.error();
                app.backend.flush_attempts().await.expect("written");
            }
        }
        app.clock.set(NOW.plus_seconds(300));
        let told: Vec<_> = refused(app, &owner).await.into_iter().map(|entry| entry.changes).collect();
        let times = |changes: &Vec<shared::audit::Change>| {
            changes.iter().find(|change| change.field == "Times").and_then(|change| change.after.clone())
        };
        let times: Vec<_> = told.iter().map(|changes| times(changes).unwrap_or_else(|| "1".to_owned())).collect();
        assert_eq!(times, ["9", "10", "10", "1"], "all thirty, in four entries");
    }

    async fn a_trail_is_its_own_organizations(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.key(SystemRole::ApiClient).await.view.id;
        let theirs = trail(&stranger, AuditParams::default()).await;
        assert_eq!(theirs.len(), 1, "{theirs:?}");
        let all = only(|p, v| p.target = Some(v), key.to_string());
        assert_eq!(trail(&stranger, all).await, []);
    }
}
