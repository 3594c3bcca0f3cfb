//! Editing a key.

use serde_json::{Value, json};
use shared::{
    AppError,
    key::{KeyStatus, KeyView},
    role::SystemRole,
};

use crate::harness::{NOW, both_databases, refused};

/// What the edit dialog sends when nothing was changed.
fn form(key: &KeyView) -> Value {
    json!({ "params": {
        "id": key.id, "version": key.version, "name": key.name, "role": key.role.id,
        "environment": key.environment, "expires_at": key.expires_at,
    } })
}

fn changed(key: &KeyView, field: &str, value: Value) -> Value {
    let mut form = form(key);
    form["params"][field] = value;
    form
}

both_databases! {
    async fn name_role_environment_and_expiry_can_be_changed_and_the_secret_stays(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let role = owner.role(SystemRole::Member).await;
        let expires = NOW.plus_days(3);
        let form = json!({ "params": { "id": key.view.id, "version": 1, "name": "Renamed", "role": role,
            "environment": "staging", "expires_at": expires } });
        let view: KeyView = owner.caller.call("key_update", form).await.ok();
        assert_eq!((view.name.as_str(), view.role.id, view.version), ("Renamed", role, 2));
        assert_eq!((view.environment.code(), view.expires_at), ("staging", Some(expires)));
        assert_eq!(view.secret_last4, key.view.secret_last4);
        assert_eq!(owner.key_get(key.view.id).await, view);
        assert_eq!(key.caller.get("/v1/me").await.data()["role"]["name"], "Organization Member");
    }

    async fn a_narrower_role_holds_from_the_very_next_request_on(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/ip/8.8.8.8").await.data();
        let narrower = owner.role(SystemRole::Member).await;
        owner.caller.call("key_update", changed(&key.view, "role", json!(narrower))).await.ok::<KeyView>();
        assert_eq!(key.caller.get("/v1/ip/8.8.8.8").await.refusal(), refused(403, "permission_missing"));
    }

    async fn an_edit_made_from_an_old_version_is_a_conflict_and_changes_nothing(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let winner: KeyView = owner.caller.call("key_update", changed(&key, "name", json!("First"))).await.ok();
        let error = owner.caller.call("key_update", changed(&key, "name", json!("Second"))).await.error();
        assert_eq!(error, AppError::Conflict { current: Box::new(winner.clone()) });
        assert_eq!(owner.key_get(key.id).await, winner);
    }

    async fn fields_are_judged_as_at_creation_and_a_refusal_changes_nothing(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        for (field, value) in [
            ("name", json!("")), ("name", json!("x".repeat(81))), ("name", json!("a\u{7}b")),
            ("expires_at", json!(NOW)), ("role", json!(shared::RoleId::from_bits(1))),
        ] {
            let error = owner.caller.call("key_update", changed(&key, field, value)).await.error();
            assert!(error.on_field(field).is_some(), "{field}: {error:?}");
        }
        assert_eq!(owner.key_get(key.id).await, key);
    }

    async fn a_revoked_key_cannot_be_edited(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        owner.caller.call("key_revoke", json!({ "id": key.id, "reason": "" })).await.ok::<Value>();
        let key = owner.key_get(key.id).await;
        let error = owner.caller.call("key_update", changed(&key, "name", json!("Back"))).await.error();
        assert_eq!(error, AppError::WrongState { status: KeyStatus::Revoked });
    }

    async fn a_paused_key_stays_paused_when_it_is_edited(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        owner.caller.call("key_pause", json!({ "id": key.view.id })).await.ok::<Value>();
        let paused = owner.key_get(key.view.id).await;
        owner.caller.call("key_update", changed(&paused, "name", json!("Renamed"))).await.ok::<KeyView>();
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "paused"));
    }

    async fn an_expired_key_works_again_when_its_date_is_moved(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let dated: KeyView = owner.caller.call("key_update", changed(&key.view, "expires_at", json!(NOW.plus_seconds(5)))).await.ok();
        app.clock.set(NOW.plus_seconds(5));
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "expired"));
        owner.caller.call("key_update", changed(&dated, "expires_at", Value::Null)).await.ok::<KeyView>();
        key.caller.get("/v1/me").await.data();
    }

    async fn the_key_of_another_organization_does_not_exist(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.key(SystemRole::ApiClient).await.view;
        let error = stranger.caller.call("key_update", changed(&key, "name", json!("Mine"))).await.error();
        assert_eq!(error, AppError::not_found("API key"));
        assert_eq!(owner.key_get(key.id).await, key);
    }
}
