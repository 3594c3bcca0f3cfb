//! `GET /v1/me`: what the caller's own key is.

use serde_json::json;
use shared::role::SystemRole;

use crate::harness::{both_databases, refused};

both_databases! {
    async fn a_key_learns_what_it_is_and_may_do(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::Member).await;
        let expected = json!({
            "key_id": key.view.id,
            "organization_id": owner.viewer.organization,
            "role": { "id": key.view.role.id, "name": "Organization Member" },
            "permissions": ["api.key.view", "usage.view"],
        });
        assert_eq!(key.caller.get("/v1/me").await.data(), expected);
    }

    async fn a_session_is_no_key(app) {
        let owner = app.owner().await;
        assert_eq!(owner.caller.get("/v1/me").await.refusal(), refused(401, "credentials_missing"));
    }
}
