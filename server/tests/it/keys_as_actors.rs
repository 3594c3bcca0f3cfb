//! Keys that manage: `/v1/keys` and `/v1/roles`, within what their own role holds.

use serde_json::{Value, json};
use shared::role::SystemRole;

use crate::harness::{KeyCaller, TestApp, both_databases, refused};

/// A key that may create keys and roles, and look addresses up.
async fn manager(app: &TestApp) -> (crate::harness::Person, KeyCaller) {
    let owner = app.owner().await;
    let held = ["api.key.create", "organization.role.create", "organization.role.view", "ip.lookup"];
    let role = owner.role_with("Manager", &held).await;
    let key = owner.key_with(role.id).await;
    (owner, key)
}

both_databases! {
    async fn a_key_creates_a_key_that_works_and_the_trail_knows_which_did(app) {
        let (owner, manager) = manager(app).await;
        let role = owner.role(SystemRole::ApiClient).await;
        let body = json!({ "name": "Made by a key", "role_id": role, "environment": "staging" });
        let answer = manager.caller.post_json("/v1/keys", &body).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let data = answer.data();
        let secret = data["secret"].as_str().expect("a secret");
        app.visitor().bearer(secret).get("/v1/ip/8.8.8.8").await.data();
        let by = data["key"]["created_by"].as_str().expect("whoever made it");
        assert!(by.contains(&manager.view.id.to_string()), "{by}");
    }

    async fn a_key_hands_on_nothing_that_it_lacks(app) {
        let (owner, manager) = manager(app).await;
        for above in [SystemRole::Admin, SystemRole::Member] {
            let body = json!({ "name": "Above", "role_id": owner.role(above).await, "environment": "staging" });
            assert_eq!(manager.caller.post_json("/v1/keys", &body).await.refusal(), refused(403, "above_ceiling"));
        }
        let body = json!({ "name": "Above", "permissions": ["ip.lookup", "api.key.delete"] });
        assert_eq!(manager.caller.post_json("/v1/roles", &body).await.refusal(), refused(403, "above_ceiling"));
        let body = json!({ "name": "Within", "permissions": ["ip.lookup"] });
        assert_eq!(manager.caller.post_json("/v1/roles", &body).await.data()["name"], "Within");
        assert_eq!(manager.caller.get("/v1/roles").await.data()["items"].as_array().map(Vec::len), Some(6));
    }

    async fn a_revoked_key_manages_nothing(app) {
        let (owner, manager) = manager(app).await;
        owner.caller.call("key_revoke", json!({ "id": manager.view.id, "reason": "" })).await.ok::<Value>();
        assert_eq!(manager.caller.get("/v1/roles").await.refusal(), refused(401, "revoked"));
    }

    async fn a_wrong_body_is_refused_in_words(app) {
        let (owner, manager) = manager(app).await;
        let role = owner.role(SystemRole::ApiClient).await;
        for (body, status, reason) in [
            (json!([]), 422, "invalid_field"), (json!({ "name": "x" }), 422, "invalid_field"),
            (json!({ "name": "", "role_id": role, "environment": "staging" }), 422, "invalid_field"),
            (json!({ "name": "x", "role_id": "role_x", "environment": "staging" }), 422, "invalid_field"),
            (json!({ "name": "x", "role_id": role, "environment": "moon" }), 422, "invalid_field"),
            (json!({ "name": "x", "role_id": role, "environment": "staging", "admin": true }), 422, "invalid_field"),
        ] {
            assert_eq!(manager.caller.post_json("/v1/keys", &body).await.refusal(), refused(status, reason), "{body}");
        }
    }
}
