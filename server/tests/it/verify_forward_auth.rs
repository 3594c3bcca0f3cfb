//! `GET /v1/verify`: what a proxy in front of somebody's API asks.

use serde_json::json;
use shared::{KeyId, OrganizationId, role::SystemRole};

use crate::harness::{Setup, both_databases, refused};

both_databases! {
    async fn an_allowed_key_is_answered_with_who_it_is(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let answer = key.caller.get("/v1/verify?permission=ip.lookup").await;
        let (id, organization) = (key.view.id.to_string(), owner.viewer.organization.to_string());
        assert_eq!(answer.data(), json!({ "allowed": true, "key_id": id, "role": "API Client", "organization_id": organization }));
        assert_eq!(answer.header("x-key-id"), id);
        assert_eq!(answer.header("x-key-role"), "API Client");
        assert_eq!(answer.header("x-organization-id"), organization);
    }

    async fn head_is_answered_as_get_is_without_a_body(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let answer = key.caller.request("HEAD", "/v1/verify", None, "").await;
        assert_eq!((answer.status, answer.text.as_str(), answer.header("x-key-id")), (200, "", key.view.id.to_string().as_str()));
        assert_eq!(app.visitor().request("HEAD", "/v1/verify", None, "").await.status, 401);
    }

    async fn all_permissions_asked_for_are_needed_and_named_in_the_challenge(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let answer = key.caller.get("/v1/verify?permission=ip.lookup&permission=api.key.create").await;
        assert_eq!(answer.refusal(), refused(403, "permission_missing"));
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"insufficient_scope\", scope=\"ip.lookup api.key.create\"");
    }

    async fn a_permission_that_nobody_knows_is_held_by_nobody(app) {
        let key = app.owner().await.key(SystemRole::Admin).await;
        assert_eq!(key.caller.get("/v1/verify?permission=orders.read").await.refusal(), refused(403, "permission_missing"));
        assert_eq!(key.caller.get("/v1/verify?permission=").await.refusal(), refused(403, "permission_missing"));
    }

    async fn the_key_of_another_organization_is_as_good_as_none(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.key(SystemRole::ApiClient).await;
        let (own, other) = (owner.viewer.organization, stranger.viewer.organization);
        key.caller.get(&format!("/v1/verify?organization={own}")).await.data();
        for organization in [other, OrganizationId::from_bits(1)] {
            let answer = key.caller.get(&format!("/v1/verify?organization={organization}")).await;
            assert_eq!(answer.refusal(), refused(401, "unknown"));
            assert_eq!(answer.header("x-key-id"), "");
        }
    }

    async fn a_malformed_organization_is_a_bad_request_that_names_it(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for query in ["organization=", "organization=acme", "organization=key_0000000000000000000001"] {
            let answer = key.caller.get(&format!("/v1/verify?{query}")).await;
            assert_eq!(answer.refusal(), refused(400, "invalid_parameter"));
            assert!(answer.text.contains("organization"), "{answer:?}");
        }
    }

    async fn each_mistake_with_the_header_gets_its_own_answer_and_challenge(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let secret = &key.secret;
        let mut mistyped = secret.clone();
        let last = mistyped.pop().expect("a character");
        mistyped.push(if last == 'a' { 'b' } else { 'a' });
        let unissued = "ipaware_prod_0000000000000000000000000000000000000000000".to_owned() + "000000";
        for (header, reason, challenge) in [
            (None, "credentials_missing", "Bearer"),
            (Some("Bearer".to_owned()), "credentials_missing", "Bearer"),
            (Some(secret.clone()), "bearer_missing", "Bearer error=\"invalid_token\""),
            (Some(format!("Basic {secret}")), "bearer_missing", "Bearer error=\"invalid_token\""),
            (Some(format!("Bearer  {secret}")), "surrounding_spaces", "Bearer error=\"invalid_token\""),
            (Some(format!("Bearer {}", key.view.id)), "key_id_instead_of_secret", "Bearer error=\"invalid_token\""),
            (Some(format!("Bearer {mistyped}")), "unknown", "Bearer error=\"invalid_token\""),
            (Some(format!("Bearer {unissued}")), "unknown", "Bearer error=\"invalid_token\""),
            (Some("Bearer ü".to_owned()), "unknown", "Bearer error=\"invalid_token\""),
        ] {
            let caller = match &header {
                Some(header) => app.visitor().with("authorization", header),
                None => app.visitor(),
            };
            let answer = caller.get("/v1/verify").await;
            assert_eq!(answer.refusal(), refused(401, reason), "{header:?}");
            assert_eq!(answer.json()["output"], "Invalid API Key", "{header:?}");
            assert_eq!(answer.header("www-authenticate"), challenge, "{header:?}");
        }
    }

    async fn a_secret_in_the_query_or_a_cookie_never_authenticates(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for name in ["key", "secret", "api_key", "access_token"] {
            let answer = app.visitor().get(&format!("/v1/verify?{name}={}", key.secret)).await;
            assert_eq!(answer.refusal(), refused(401, "credentials_missing"), "{name}");
            let cookie = app.visitor().with("cookie", format!("{name}={}", key.secret));
            assert_eq!(cookie.get("/v1/verify").await.refusal(), refused(401, "credentials_missing"), "{name}");
        }
    }

    async fn unknown_parameters_are_left_alone(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/verify?permission=ip.lookup&utm=1&x").await.data();
    }

    async fn below_verify_the_question_is_in_the_path_and_the_clients_own_request_changes_nothing(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let organization = owner.viewer.organization;
        let asked = format!("permission=ip.lookup&organization={organization}");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            for own in ["", "/", "/orders?permission=api.key.create&organization=acme", "//a/../permission=b", "/%2f?/"] {
                let answer = key.caller.request(method, &format!("/v1/verify/{asked}{own}"), None, "").await;
                assert_eq!((answer.status, answer.header("x-key-id")), (200, key.view.id.to_string().as_str()), "{method} {own}");
            }
            let answer = key.caller.request(method, "/v1/verify/permission=api.key.create/?permission=ip.lookup", None, "").await;
            assert_eq!(answer.status, 403, "{method}");
        }
        // Nothing is asked for: any key will do.
        key.caller.get("/v1/verify//orders").await.data();
        assert_eq!(app.visitor().get("/v1/verify//orders").await.refusal(), refused(401, "credentials_missing"));
    }

    async fn below_verify_a_question_that_is_none_is_a_bad_request(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for path in ["orders", "permision=ip.lookup/orders", "permission=ip.lookup&x/orders", "organization=acme/"] {
            let answer = key.caller.get(&format!("/v1/verify/{path}")).await;
            assert_eq!(answer.refusal(), refused(400, "invalid_parameter"), "{path}");
        }
        assert_eq!(key.caller.get("/v1/verifying").await.status, 404);
    }

    async fn a_malformed_secret_and_one_never_issued_are_answered_alike(app) {
        let mut texts = Vec::new();
        for secret in ["ipaware_prod_x".to_owned(), "nonsense".to_owned(), "sk_live_0123456789".to_owned()] {
            let answer = app.visitor().bearer(&secret).get("/v1/verify").await;
            texts.push(answer.text.replace(answer.header("x-request-id"), ""));
        }
        texts.dedup();
        assert_eq!(texts.len(), 1, "{texts:?}");
    }

    async fn when_the_months_requests_are_used_up_it_says_when_to_come_back(app = Setup::free()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.use_up(app);
        let answer = key.caller.get("/v1/verify").await;
        assert_eq!(answer.refusal(), refused(429, "limit_exceeded"));
        // From 2026-11-23 15:04:05 to the end of November.
        assert_eq!(answer.header("retry-after"), (7 * 86_400 + 8 * 3_600 + 55 * 60 + 55).to_string());
        assert_eq!(answer.header("www-authenticate"), "");
    }

    async fn a_key_id_that_exists_and_one_that_does_not_are_answered_alike(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for id in [key.view.id, KeyId::from_bits(3)] {
            let answer = app.visitor().bearer(&id.to_string()).get("/v1/verify").await;
            assert_eq!(answer.refusal(), refused(401, "key_id_instead_of_secret"));
            assert!(!answer.text.contains(&id.to_string()));
        }
    }
}
