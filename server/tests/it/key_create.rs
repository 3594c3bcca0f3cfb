//! Creating a key.

use serde_json::json;
use shared::{
    AppError, Timestamp,
    key::{KeyListParams, KeyStatus},
    role::SystemRole,
};

use crate::harness::{Caller, NOW, Person, TestApp, both_databases, refused};

/// Sends the form with `field` changed; returns the error and makes sure that no key came of it.
async fn refusal(owner: &Person, field: &str, value: serde_json::Value) -> AppError {
    let mut params = owner.create_params("A name", SystemRole::ApiClient).await;
    params["params"][field] = value;
    let error = owner.caller.call("key_create", params).await.error();
    assert_eq!(owner.keys(KeyListParams::default()).await.page.total, 0, "nothing was made");
    error
}

fn caller(app: &TestApp, secret: &str) -> Caller {
    app.visitor().bearer(secret)
}

both_databases! {
    async fn a_new_key_is_listed_and_its_secret_works_at_once(app) {
        let owner = app.owner().await;
        let created = owner.create("  Production Server ", SystemRole::ApiClient).await;
        assert_eq!((created.key.name.as_str(), created.key.version), ("Production Server", 1));
        assert_eq!((created.key.status, created.key.created_at), (KeyStatus::Active, NOW));
        assert_eq!(created.key.created_by, owner.email);
        assert!(created.secret.expose().starts_with("ipaware_prod_"), "the environment is in the secret");
        assert!(created.secret.expose().ends_with(&created.key.secret_last4));
        assert_eq!(owner.keys(KeyListParams::default()).await.page.rows, std::slice::from_ref(&created.key));

        let me = caller(app, created.secret.expose()).get("/v1/me").await.data();
        assert_eq!(me["key_id"], created.key.id.to_string());
    }

    async fn a_name_of_no_81_or_10000_characters_is_refused_with_a_sentence(app) {
        let owner = app.owner().await;
        for (name, says) in [(String::new(), "must not be empty"), ("   ".to_owned(), "must not be empty"),
            ("ü".repeat(81), "at most 80 characters; this has 81"), ("x".repeat(10_000), "at most 80")] {
            let error = refusal(&owner, "name", json!(name)).await;
            assert!(error.on_field("name").is_some_and(|sentence| sentence.contains(says)), "{error:?}");
        }
    }

    async fn a_name_with_control_characters_is_refused(app) {
        let owner = app.owner().await;
        for name in ["a\nb", "a\u{0}b", "a\u{202E}b", "a\u{200B}b"] {
            let error = refusal(&owner, "name", json!(name)).await;
            assert!(error.on_field("name").is_some_and(|sentence| sentence.contains("control characters")), "{error:?}");
        }
    }

    async fn a_name_of_80_characters_of_any_script_is_kept_as_it_is(app) {
        let owner = app.owner().await;
        let name = "键'; DROP TABLE api_keys;-- <b>%_\\".chars().cycle().take(80).collect::<String>();
        let created = owner.create(&name, SystemRole::ApiClient).await;
        assert_eq!(owner.key_get(created.key.id).await.name, name.trim());
    }

    async fn a_role_that_does_not_exist_or_is_another_organizations_is_refused(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        for role in [shared::RoleId::from_bits(7), stranger.role(SystemRole::ApiClient).await] {
            let error = refusal(&owner, "role", json!(role)).await;
            assert!(error.on_field("role").is_some_and(|sentence| sentence.contains("no such role")), "{error:?}");
        }
    }

    async fn no_key_can_be_the_owner(app) {
        let owner = app.owner().await;
        let role = owner.role(SystemRole::Owner).await;
        let error = refusal(&owner, "role", json!(role)).await;
        assert!(error.on_field("role").is_some(), "{error:?}");
    }

    async fn an_expiry_must_be_in_the_future(app) {
        let owner = app.owner().await;
        for expiry in [NOW, NOW.plus_seconds(-1), NOW.plus_days(40_000)] {
            let error = refusal(&owner, "expires_at", json!(expiry)).await;
            assert!(error.on_field("expires_at").is_some(), "{error:?}");
        }
    }

    async fn a_key_expires_to_the_second_and_comes_back_when_the_clock_steps_back(app) {
        let owner = app.owner().await;
        let mut params = owner.create_params("Short-lived", SystemRole::ApiClient).await;
        let end: Timestamp = NOW.plus_seconds(60);
        params["params"]["expires_at"] = json!(end);
        let created: shared::key::KeyCreated = owner.caller.call("key_create", params).await.ok();
        let caller = caller(app, created.secret.expose());
        for (now, expected) in [(end.plus_seconds(-1), 200), (end, 401), (end.plus_seconds(-1), 200)] {
            app.clock.set(now);
            assert_eq!(caller.get("/v1/me").await.status, expected, "{}", now.exact());
        }
        app.clock.set(end);
        assert_eq!(caller.get("/v1/me").await.refusal(), refused(401, "expired"));
        assert_eq!(owner.key_get(created.key.id).await.status, KeyStatus::Expired);
    }

    async fn the_same_form_sent_twice_makes_one_key_and_shows_its_secret_once(app) {
        let owner = app.owner().await;
        let mut params = owner.create_params("Once", SystemRole::ApiClient).await;
        params["params"]["form_token"] = json!("0123456789abcdef");
        let first: shared::key::KeyCreated = owner.caller.call("key_create", params.clone()).await.ok();
        let second = owner.caller.call("key_create", params).await;
        assert!(!second.text.contains(first.secret.expose()));
        assert_eq!(second.error(), AppError::AlreadyCreated { key: Box::new(first.key) });
        assert_eq!(owner.keys(KeyListParams::default()).await.page.total, 1);
    }

    async fn a_malformed_form_token_is_refused(app) {
        let owner = app.owner().await;
        for token in ["short", "0123456789abcde!", &"x".repeat(65)] {
            let error = refusal(&owner, "form_token", json!(token)).await;
            assert!(error.on_field("form_token").is_some(), "{error:?}");
        }
    }

    async fn other_keys_of_the_same_name_are_allowed_and_counted(app) {
        let owner = app.owner().await;
        for expected in 0..3 {
            assert_eq!(owner.create("Twin", SystemRole::ApiClient).await.same_name, expected);
        }
    }

    async fn an_unknown_environment_or_a_missing_field_is_a_bad_request(app) {
        let owner = app.owner().await;
        let good = owner.create_params("A name", SystemRole::ApiClient).await;
        for change in [json!("moon"), json!(null), json!(7)] {
            let mut params = good.clone();
            params["params"]["environment"] = change;
            let error = owner.caller.call("key_create", params).await.error();
            assert!(matches!(error, AppError::BadRequest { .. }), "{error:?}");
        }
        let error = owner.caller.call("key_create", json!({ "params": { "name": "A name" } })).await.error();
        assert!(matches!(&error, AppError::BadRequest { detail } if detail.contains("role")), "{error:?}");
    }

    async fn who_may_only_look_cannot_create(app) {
        let owner = app.owner().await;
        let params = owner.create_params("A name", SystemRole::ApiClient).await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let error = member.caller.call("key_create", params).await.error();
        assert_eq!(error, AppError::Forbidden { permission: shared::Permission::KeyCreate });
    }
}
