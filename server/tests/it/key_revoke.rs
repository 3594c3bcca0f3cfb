//! Revoking a key.

use serde_json::{Value, json};
use shared::{
    AppError,
    key::{KeyListParams, KeyRefused, KeyStatus, Revocation, StatusFilter},
    role::SystemRole,
};

use crate::harness::{NOW, both_databases, refused};

both_databases! {
    async fn a_revoked_key_is_refused_from_the_very_next_request_on_and_its_holder_is_told_why(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/ip/8.8.8.8").await.data();
        let answer: KeyRefused = owner.caller.call("key_revoke", json!({ "id": key.view.id, "reason": " leaked " })).await.ok();
        let revocation = Revocation { at: NOW, by: owner.email.clone(), reason: Some("leaked".to_owned()) };
        assert_eq!((answer.key.status, answer.key.revoked), (KeyStatus::Revoked, Some(revocation)));
        let answer = key.caller.get("/v1/ip/8.8.8.8").await;
        assert_eq!(answer.refusal(), refused(401, "revoked"));
        assert!(answer.json()["output"].as_str().is_some_and(|output| output.contains("revoked")));
    }

    async fn revoked_is_final(app) {
        let owner = app.owner().await;
        let id = owner.key(SystemRole::ApiClient).await.view.id;
        owner.caller.call("key_revoke", json!({ "id": id, "reason": "first" })).await.ok::<Value>();
        let error = owner.caller.call("key_revoke", json!({ "id": id, "reason": "second" })).await.error();
        assert_eq!(error, AppError::WrongState { status: KeyStatus::Revoked });
        assert_eq!(owner.key_get(id).await.revoked.and_then(|r| r.reason).as_deref(), Some("first"));
    }

    async fn a_revoked_key_leaves_the_list_and_stays_under_its_filter(app) {
        let owner = app.owner().await;
        let id = owner.key(SystemRole::ApiClient).await.view.id;
        owner.caller.call("key_revoke", json!({ "id": id, "reason": "" })).await.ok::<Value>();
        assert_eq!(owner.keys(KeyListParams::default()).await.page.total, 0);
        let revoked = KeyListParams { status: StatusFilter::Revoked, ..KeyListParams::default() };
        assert_eq!(owner.keys(revoked).await.page.total, 1);
    }

    async fn an_overlong_reason_is_refused_and_the_key_goes_on(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let error = owner.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "x".repeat(201) })).await.error();
        assert!(error.on_field("reason").is_some(), "{error:?}");
        key.caller.get("/v1/me").await.data();
    }

    async fn who_may_only_look_cannot_revoke(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let error = member.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "" })).await.error();
        assert_eq!(error, AppError::Forbidden { permission: shared::Permission::KeyDelete });
        key.caller.get("/v1/me").await.data();
    }

    async fn the_key_of_another_organization_does_not_exist_and_goes_on(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.key(SystemRole::ApiClient).await;
        let error = stranger.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "" })).await.error();
        assert_eq!(error, AppError::not_found("API key"));
        key.caller.get("/v1/me").await.data();
    }

    async fn an_id_that_is_none_is_a_bad_request(app) {
        let owner = app.owner().await;
        let error = owner.caller.call("key_revoke", json!({ "id": "key_1", "reason": "" })).await.error();
        assert!(matches!(&error, AppError::BadRequest { detail } if detail.contains("key_")), "{error:?}");
    }

    async fn of_many_requests_none_that_starts_after_the_answer_is_allowed(app) {
        let owner = app.owner().await;
        for _ in 0..20 {
            let key = owner.key(SystemRole::ApiClient).await;
            let asking = key.caller.clone();
            let (answer, _) = tokio::join!(
                owner.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "" })),
                async { for _ in 0..10 { asking.get("/v1/verify").await; } }
            );
            answer.ok::<Value>();
            assert_eq!(key.caller.get("/v1/verify").await.refusal(), refused(401, "revoked"));
        }
    }
}
