//! Rotating a key: another secret, an overlap, and nothing else changes.

use serde_json::{Value, json};
use shared::{
    AppError, Permission, Timestamp,
    key::{KeyCreated, KeyView},
    role::SystemRole,
    rotation::QUIET_SECONDS,
};

use crate::harness::{Caller, NOW, Person, TestApp, both_databases, refused, together};

const HOUR: i64 = 3_600;

async fn rotate(owner: &Person, key: &KeyView, overlap: i64) -> KeyCreated {
    let params = json!({ "id": key.id, "version": key.version, "overlap_seconds": overlap });
    owner.caller.call("key_rotate", json!({ "params": params })).await.ok()
}

fn with_secret(app: &TestApp, rotated: &KeyCreated) -> Caller {
    app.visitor().bearer(rotated.secret.expose())
}

both_databases! {
    async fn both_secrets_work_during_the_overlap_and_only_the_new_one_after_it(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let rotated = rotate(&owner, &key.view, HOUR).await;
        let new = with_secret(app, &rotated);
        app.clock.set(NOW.plus_seconds(HOUR - 1));
        assert_eq!(key.caller.get("/v1/me").await.data()["key_id"], key.view.id.to_string());
        assert_eq!(new.get("/v1/me").await.data()["key_id"], key.view.id.to_string());
        app.clock.set(NOW.plus_seconds(HOUR));
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
        new.get("/v1/me").await.data();
        // The clock is set back: the moment counts, not what was seen before.
        app.clock.set(NOW.plus_seconds(HOUR - 1));
        key.caller.get("/v1/me").await.data();
    }

    async fn everything_else_of_the_key_stays(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let rotated = rotate(&owner, &key.view, HOUR).await.key;
        let retiring = rotated.retiring.clone().expect("an old secret");
        assert_eq!((retiring.last4, retiring.retires_at), (key.view.secret_last4.clone(), NOW.plus_seconds(HOUR)));
        assert_ne!(rotated.secret_last4, key.view.secret_last4);
        let same = KeyView {
            secret_last4: key.view.secret_last4.clone(),
            version: key.view.version,
            retiring: None,
            ..rotated
        };
        assert_eq!(same, key.view);
    }

    async fn without_an_overlap_the_old_secret_is_refused_from_the_answer_on(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let rotated = rotate(&owner, &key.view, 0).await;
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
        assert_eq!(rotated.key.retiring, None);
        with_secret(app, &rotated).get("/v1/me").await.data();
    }

    async fn the_old_secret_never_outlives_the_key(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let expires = NOW.plus_seconds(HOUR);
        let params = json!({ "id": key.id, "version": key.version, "name": key.name, "role": key.role.id,
            "environment": key.environment, "expires_at": expires });
        let key: KeyView = owner.caller.call("key_update", json!({ "params": params })).await.ok();
        let rotated = rotate(&owner, &key, 24 * HOUR).await.key;
        assert_eq!(rotated.retiring.map(|retiring| retiring.retires_at), Some(expires));
    }

    async fn a_second_rotation_has_to_be_forced(app) {
        let owner = app.owner().await;
        let first = owner.key(SystemRole::ApiClient).await;
        let second = rotate(&owner, &first.view, HOUR).await;
        let mut params = json!({ "id": first.view.id, "version": second.key.version, "overlap_seconds": HOUR });
        let error = owner.caller.call("key_rotate", json!({ "params": params })).await.error();
        assert_eq!(error, AppError::RotationRunning { retires_at: NOW.plus_seconds(HOUR) });
        first.caller.get("/v1/me").await.data();
        params["force"] = true.into();
        let third: KeyCreated = owner.caller.call("key_rotate", json!({ "params": params })).await.ok();
        assert_eq!(first.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
        with_secret(app, &second).get("/v1/me").await.data();
        with_secret(app, &third).get("/v1/me").await.data();
    }

    async fn of_the_same_form_sent_at_the_same_time_one_rotates(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let params = json!({ "id": key.view.id, "version": key.view.version, "overlap_seconds": HOUR, "force": true });
        let answers = together(6, async |_| owner.caller.call("key_rotate", json!({ "params": params })).await).await;
        let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(done.len(), 1);
        for answer in refused {
            assert!(matches!(answer.error(), AppError::Conflict { .. }));
        }
        let secrets = "SELECT CAST(count(*) AS TEXT) AS text FROM key_secrets";
        assert_eq!(app.database.texts(secrets).await, ["2"]);
    }

    async fn a_rotation_is_finished_early(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let rotated = rotate(&owner, &key.view, HOUR).await;
        let view: KeyView = owner.caller.call("key_retire", json!({ "id": key.view.id })).await.ok();
        assert_eq!(view.retiring, None);
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
        with_secret(app, &rotated).get("/v1/me").await.data();
        let again = owner.caller.call("key_retire", json!({ "id": key.view.id })).await.error();
        assert_eq!(again, AppError::NoRotation);
    }

    async fn each_secret_has_its_own_last_use_and_a_quiet_one_is_safe_to_retire(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let rotated = rotate(&owner, &key.view, 10 * QUIET_SECONDS).await;
        key.caller.get("/v1/me").await.data();
        app.backend.flush_usage().await.expect("written");
        let view = owner.key_get(key.view.id).await;
        let at = |view: &KeyView| view.retiring.as_ref().and_then(|old| old.last_used.as_ref()).map(|used| used.at);
        assert_eq!((at(&view), view.last_used.as_ref().map(|used| used.at)), (Some(NOW), Some(NOW)));
        let is_quiet = |view: &KeyView, now: Timestamp| view.retiring.as_ref().expect("an old secret").is_quiet(now);
        assert!(!is_quiet(&view, NOW.plus_seconds(QUIET_SECONDS - 1)) && is_quiet(&view, NOW.plus_seconds(QUIET_SECONDS)));
        app.clock.set(NOW.plus_seconds(60));
        with_secret(app, &rotated).get("/v1/me").await.data();
        app.backend.flush_usage().await.expect("written");
        let view = owner.key_get(key.view.id).await;
        assert_eq!((at(&view), view.last_used.map(|used| used.at)), (Some(NOW), Some(NOW.plus_seconds(60))));
    }

    async fn a_revoked_key_has_no_secret_that_works(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let rotated = rotate(&owner, &key.view, HOUR).await;
        owner.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "" })).await.ok::<Value>();
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
        assert_eq!(with_secret(app, &rotated).get("/v1/me").await.refusal(), refused(401, "revoked"));
        let params = json!({ "id": key.view.id, "version": rotated.key.version + 1, "overlap_seconds": 0 });
        let error = owner.caller.call("key_rotate", json!({ "params": params })).await.error();
        assert!(matches!(error, AppError::WrongState { .. }));
    }

    async fn nobody_gets_the_secret_of_a_key_that_may_do_more_than_they_may(app) {
        let owner = app.owner().await;
        let strong = owner.key(SystemRole::Admin).await;
        let role = owner.role_with("Rotator", &["api.key.view", "api.key.update"]).await;
        let weak = app.member_with(&owner, role.id).await;
        let params = json!({ "id": strong.view.id, "version": strong.view.version, "overlap_seconds": 0 });
        let error = weak.caller.call("key_rotate", json!({ "params": params })).await.error();
        assert!(matches!(error, AppError::AboveCeiling { .. }), "{error:?}");
        strong.caller.get("/v1/me").await.data();
    }

    async fn an_overlap_of_more_than_thirty_days_is_refused(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let params = json!({ "id": key.id, "version": key.version, "overlap_seconds": 30 * 24 * HOUR + 1 });
        let error = owner.caller.call("key_rotate", json!({ "params": params })).await.error();
        assert!(error.on_field("overlap_seconds").is_some());
        assert_eq!(owner.key_get(key.id).await, key);
    }

    async fn who_may_only_look_cannot_rotate(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let params = json!({ "id": key.id, "version": key.version, "overlap_seconds": 0 });
        let error = member.caller.call("key_rotate", json!({ "params": params })).await.error();
        assert_eq!(error, AppError::Forbidden { permission: Permission::KeyUpdate });
    }
}
