//! Pausing a key.

use serde_json::{Value, json};
use shared::{
    AppError,
    key::{KeyRefused, KeyStatus},
    role::SystemRole,
};

use crate::harness::{both_databases, refused};

both_databases! {
    async fn a_paused_key_is_refused_from_the_very_next_request_on(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/me").await.data();
        let answer: KeyRefused = owner.caller.call("key_pause", json!({ "id": key.view.id })).await.ok();
        assert_eq!(answer.key.status, KeyStatus::Paused);
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "paused"));
        assert_eq!(owner.key_get(key.view.id).await.status, KeyStatus::Paused);
    }

    async fn only_an_active_key_can_be_paused(app) {
        let owner = app.owner().await;
        let id = owner.key(SystemRole::ApiClient).await.view.id;
        owner.caller.call("key_pause", json!({ "id": id })).await.ok::<Value>();
        let again = owner.caller.call("key_pause", json!({ "id": id })).await.error();
        assert_eq!(again, AppError::WrongState { status: KeyStatus::Paused });
        owner.caller.call("key_revoke", json!({ "id": id, "reason": "" })).await.ok::<Value>();
        let revoked = owner.caller.call("key_pause", json!({ "id": id })).await.error();
        assert_eq!(revoked, AppError::WrongState { status: KeyStatus::Revoked });
    }

    async fn who_may_only_look_cannot_pause(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let error = member.caller.call("key_pause", json!({ "id": key.view.id })).await.error();
        assert_eq!(error, AppError::Forbidden { permission: shared::Permission::KeyUpdate });
        key.caller.get("/v1/me").await.data();
    }

    async fn the_key_of_another_organization_does_not_exist_and_goes_on(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.key(SystemRole::ApiClient).await;
        let error = stranger.caller.call("key_pause", json!({ "id": key.view.id })).await.error();
        assert_eq!(error, AppError::not_found("API key"));
        key.caller.get("/v1/me").await.data();
    }
}
