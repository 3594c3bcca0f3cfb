//! `/v1/members`, `/v1/invitations` and `/v1/organization`: what a key does with people.

use serde_json::{Value, json};
use shared::role::SystemRole;

use crate::harness::{PASSWORD, both_databases, refused};

both_databases! {
    async fn an_invitation_is_sent_changed_sent_again_and_accepted(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let (member, client) = (owner.role(SystemRole::Member).await, owner.role(SystemRole::ApiClient).await);
        let body = json!({ "email": "ada@example.com", "role_id": client });
        let answer = admin.caller.post_json("/v1/invitations", &body).await;
        let path = answer.header("location").to_owned();
        let first = answer.data();
        assert_eq!((answer.status, &first["link_shown"], &first["by_mail"]), (201, &json!(false), &json!(false)));
        assert_eq!(admin.caller.post_json("/v1/invitations", &body).await.refusal(), refused(409, "conflict"));

        let changed = admin.caller.patch(&path, &json!({ "role_id": member })).await.data();
        assert_eq!(changed["role"]["name"], SystemRole::Member.name());
        assert_eq!(admin.caller.post(&format!("{path}/link")).await.data()["link"], first["link"], "the same link");
        let again = admin.caller.post(&format!("{path}/resend")).await.data();
        assert_ne!(again["link"], first["link"]);
        assert_eq!(admin.caller.get("/v1/invitations?q=ADA").await.data()["items"][0]["id"], again["invitation"]["id"]);

        let token = again["link"].as_str().and_then(|link| link.split_once("token=")).expect("a token").1.to_owned();
        app.visitor().form("invitation_accept", &[("token", &token), ("password", PASSWORD)]).await.ok::<()>();
        assert_eq!(admin.caller.get(&path).await.refusal(), refused(404, "not_found"));
        let found = admin.caller.get("/v1/members?q=ada").await.data()["items"].clone();
        assert_eq!((&found[0]["email"], &found[0]["is_owner"]), (&json!("ada@example.com"), &json!(false)));
    }

    async fn a_withdrawn_invitation_is_gone_and_its_link_is_dead(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let sent = owner.invite("ada@example.com", owner.role(SystemRole::Member).await).await;
        let path = format!("/v1/invitations/{}", sent.invitation.id);
        assert_eq!(admin.caller.delete(&path).await.data()["deleted"], true);
        assert_eq!(admin.caller.delete(&path).await.refusal(), refused(404, "not_found"));
        let token = crate::harness::token(&sent);
        let form = [("token", token), ("password", PASSWORD)];
        assert_eq!(app.visitor().form("invitation_accept", &form).await.status, 410);
    }

    async fn a_member_gets_other_roles_and_is_removed(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let ada = app.member_of(&owner, SystemRole::Member).await;
        let path = format!("/v1/members/{}", ada.viewer.member);
        let client = owner.role(SystemRole::ApiClient).await;
        let changed = admin.caller.patch(&path, &json!({ "role_ids": [client] })).await.data();
        assert_eq!(changed["roles"][0]["id"], json!(client));
        assert_eq!(ada.viewer().await.roles, [SystemRole::ApiClient.name()]);
        for (body, status) in [(json!({ "role_ids": [] }), 422), (json!({ "role_ids": [shared::RoleId::from_bits(7)] }), 409)] {
            let answer = admin.caller.patch(&path, &body).await;
            assert_eq!((answer.status, &answer.json()["error"]["fields"][0]["field"]), (status, &json!("role_ids")));
        }
        assert_eq!(admin.caller.delete(&path).await.data(), json!({ "id": ada.viewer.member, "deleted": true }));
        assert_eq!(ada.caller.form("session", &[]).await.ok::<Value>(), Value::Null, "their session has ended");
    }

    async fn nothing_takes_the_owner_away(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let path = format!("/v1/members/{}", owner.viewer.member);
        let client = owner.role(SystemRole::ApiClient).await;
        let body = json!({ "role_ids": [client] });
        assert_eq!(admin.caller.patch(&path, &body).await.refusal(), refused(409, "last_owner"));
        assert_eq!(admin.caller.delete(&path).await.refusal(), refused(409, "last_owner"));
    }

    async fn the_organization_is_read_and_renamed(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let seen = admin.caller.get("/v1/organization").await.data();
        assert_eq!((&seen["id"], &seen["members"], &seen["active_keys"]),
            (&json!(owner.viewer.organization), &json!(1), &json!({ "used": 1, "limit": null })));
        assert_eq!(admin.caller.patch("/v1/organization", &json!({ "name": "New" })).await.data()["name"], "New");
        assert_eq!(owner.viewer().await.organization_name, "New");
        assert_eq!(admin.caller.patch("/v1/organization", &json!({ "plan": "Pro" })).await.refusal(), refused(422, "invalid_field"));
    }
}
