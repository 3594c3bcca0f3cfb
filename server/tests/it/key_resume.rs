//! Resuming a paused key.

use serde_json::{Value, json};
use shared::{
    AppError,
    key::{KeyCreated, KeyStatus, KeyView},
    role::SystemRole,
};

use crate::harness::{NOW, both_databases};

both_databases! {
    async fn a_resumed_key_works_from_the_very_next_request_on(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        owner.caller.call("key_pause", json!({ "id": key.view.id })).await.ok::<Value>();
        let view: KeyView = owner.caller.call("key_resume", json!({ "id": key.view.id })).await.ok();
        assert_eq!(view.status, KeyStatus::Active);
        key.caller.get("/v1/me").await.data();
    }

    async fn only_a_paused_key_can_be_resumed(app) {
        let owner = app.owner().await;
        let id = owner.key(SystemRole::ApiClient).await.view.id;
        let active = owner.caller.call("key_resume", json!({ "id": id })).await.error();
        assert_eq!(active, AppError::WrongState { status: KeyStatus::Active });
    }

    async fn a_revoked_key_cannot_be_resumed(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        owner.caller.call("key_pause", json!({ "id": key.view.id })).await.ok::<Value>();
        owner.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "" })).await.ok::<Value>();
        let error = owner.caller.call("key_resume", json!({ "id": key.view.id })).await.error();
        assert_eq!(error, AppError::WrongState { status: KeyStatus::Revoked });
        assert_eq!(key.caller.get("/v1/me").await.status, 401);
    }

    async fn a_key_whose_date_passed_while_it_was_paused_says_so(app) {
        let owner = app.owner().await;
        let mut params = owner.create_params("Dated", SystemRole::ApiClient).await;
        params["params"]["expires_at"] = json!(NOW.plus_seconds(5));
        let id = owner.caller.call("key_create", params).await.ok::<KeyCreated>().key.id;
        owner.caller.call("key_pause", json!({ "id": id })).await.ok::<Value>();
        app.clock.set(NOW.plus_seconds(5));
        let error = owner.caller.call("key_resume", json!({ "id": id })).await.error();
        assert_eq!(error, AppError::WrongState { status: KeyStatus::Expired });
    }
}
