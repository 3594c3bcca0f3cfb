//! `/v1/keys`: what a key does with other keys.

use serde_json::{Value, json};
use shared::role::SystemRole;

use crate::harness::{KeyCaller, NOW, Person, TestApp, both_databases, refused};

async fn admin(app: &TestApp) -> (Person, KeyCaller) {
    let owner = app.owner().await;
    let key = owner.key(SystemRole::Admin).await;
    (owner, key)
}

async fn created(admin: &KeyCaller, owner: &Person, name: &str) -> Value {
    let role = owner.role(SystemRole::ApiClient).await;
    let body = json!({ "name": name, "role_id": role, "environment": "staging" });
    admin.caller.post_json("/v1/keys", &body).await.data()
}

both_databases! {
    async fn a_key_lives_and_ends_by_the_api_as_it_does_in_the_console(app) {
        let (owner, admin) = admin(app).await;
        let role = owner.role(SystemRole::ApiClient).await;
        let body = json!({ "name": "Billing", "role_id": role, "environment": "production",
            "expires_at": NOW.plus_days(30).rfc3339() });
        let answer = admin.caller.post_json("/v1/keys", &body).await;
        let data = answer.data();
        let path = answer.header("location").to_owned();
        assert_eq!((answer.status, path.as_str()), (201, &*format!("/v1/keys/{}", data["key"]["id"].as_str().expect("an id"))));
        assert_eq!(data["key"]["expires_at"], NOW.plus_days(30).rfc3339());
        assert_eq!((&data["key"]["created_at"], &data["secret_shown"]), (&json!(NOW.rfc3339()), &json!(false)));
        let client = app.visitor().bearer(data["secret"].as_str().expect("a secret"));
        client.get("/v1/ip/8.8.8.8").await.data();

        let read = admin.caller.get(&path).await;
        assert_eq!(read.data()["name"], "Billing");
        assert_eq!(read.header("etag"), answer.header("etag"), "the same state, the same tag");
        let changed = admin.caller.patch(&path, &json!({ "name": "Billing, old", "expires_at": null })).await.data();
        assert_eq!((&changed["name"], &changed["expires_at"], &changed["environment"]),
            (&json!("Billing, old"), &Value::Null, &json!("production")));

        assert_eq!(admin.caller.post(&format!("{path}/pause")).await.data()["status"], "paused");
        assert_eq!(client.get("/v1/me").await.refusal(), refused(401, "paused"));
        assert_eq!(admin.caller.post(&format!("{path}/pause")).await.refusal(), refused(409, "wrong_state"));
        assert_eq!(admin.caller.post(&format!("{path}/resume")).await.data()["status"], "active");
        client.get("/v1/me").await.data();

        let gone = admin.caller.post_json(&format!("{path}/revoke"), &json!({ "reason": "Leaked" })).await.data();
        assert_eq!((&gone["status"], &gone["revoked"]["reason"]), (&json!("revoked"), &json!("Leaked")));
        assert_eq!(client.get("/v1/me").await.refusal(), refused(401, "revoked"));
        assert_eq!(admin.caller.patch(&path, &json!({ "name": "Back" })).await.refusal(), refused(409, "wrong_state"));
    }

    async fn a_key_is_revoked_without_a_body_too_and_may_revoke_itself(app) {
        let (_, admin) = admin(app).await;
        let path = format!("/v1/keys/{}/revoke", admin.view.id);
        assert_eq!(admin.caller.post(&path).await.data()["revoked"]["reason"], Value::Null);
        assert_eq!(admin.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
    }

    async fn the_filters_are_those_of_the_page(app) {
        let (owner, admin) = admin(app).await;
        let one = created(&admin, &owner, "Alpha").await;
        app.clock.set(NOW.plus_seconds(1));
        created(&admin, &owner, "Beta").await;
        let path = format!("/v1/keys/{}/pause", one["key"]["id"].as_str().expect("an id"));
        admin.caller.post(&path).await.data();
        app.backend.flush_usage().await.expect("written");
        for (query, found) in [
            ("q=alph", vec!["Alpha"]), ("status=paused", vec!["Alpha"]), ("environment=staging&order=asc", vec!["Alpha", "Beta"]),
            ("sort=name&order=desc", vec!["Production Server", "Beta", "Alpha"]), ("sort=name&limit=1", vec!["Alpha"]),
            ("status=revoked", vec![]), ("unused=true&sort=name", vec!["Alpha", "Beta"]),
        ] {
            let items = admin.caller.get(&format!("/v1/keys?{query}")).await.data()["items"].clone();
            let names: Vec<_> = items.as_array().expect("a list").iter().map(|key| key["name"].clone()).collect();
            assert_eq!(names, found, "{query}");
        }
    }

    async fn a_parameter_that_is_wrong_or_unknown_is_named(app) {
        let (_, admin) = admin(app).await;
        for query in ["limit=0", "limit=101", "limit=x", "limit=%2B5", "limit=", "status=gone", "role=role_1", "unused=yes",
            "sort=age", "order=up", "colour=red", "limit=1&limit=2"] {
            let answer = admin.caller.get(&format!("/v1/keys?{query}")).await;
            assert_eq!(answer.refusal(), refused(400, "invalid_parameter"), "{query}");
            let name = query.split('=').next().expect("a name");
            assert!(answer.json()["error"]["detail"].as_str().is_some_and(|detail| detail.contains(name)), "{answer:?}");
        }
        assert_eq!(admin.caller.get(&format!("/v1/keys?q={}", "x".repeat(101))).await.refusal(), refused(400, "invalid_parameter"));
    }

    async fn what_is_wrong_by_itself_is_422_and_what_does_not_fit_is_409_and_both_name_the_field(app) {
        let (owner, admin) = admin(app).await;
        let role = owner.role(SystemRole::ApiClient).await;
        let gone = shared::RoleId::from_bits(7);
        for (body, status, reason, field) in [
            (json!({ "name": " x", "role_id": role, "environment": "staging" }), 422, "invalid_field", "name"),
            (json!({ "name": "", "role_id": role, "environment": "staging" }), 422, "invalid_field", "name"),
            (json!({ "name": 5, "role_id": role, "environment": "staging" }), 422, "invalid_field", "name"),
            (json!({ "name": "x", "role_id": role, "environment": "staging", "expires_at": "tomorrow" }), 422, "invalid_field", "expires_at"),
            (json!({ "name": "x", "role_id": role, "environment": "staging", "expires_at": NOW.rfc3339() }), 422, "invalid_field", "expires_at"),
            (json!({ "name": "x", "role_id": role, "environment": "moon" }), 422, "invalid_field", "environment"),
            (json!({ "name": "x", "role_id": gone, "environment": "staging" }), 409, "conflict", "role_id"),
        ] {
            let answer = admin.caller.post_json("/v1/keys", &body).await;
            assert_eq!(answer.refusal(), refused(status, reason), "{body}");
            assert_eq!(answer.json()["error"]["fields"][0]["field"], field, "{body}: {answer:?}");
        }
        let path = format!("/v1/keys/{}", admin.view.id);
        for body in [json!({}), json!({ "name": null }), json!({ "status": "revoked" }), json!([]), json!(null)] {
            assert_eq!(admin.caller.patch(&path, &body).await.refusal(), refused(422, "invalid_field"), "{body}");
        }
        let listed = admin.caller.post_json("/v1/keys", &json!(["x", role, "staging", null])).await;
        assert_eq!(listed.refusal(), refused(422, "invalid_field"), "what a value is for, its place does not say");
        let twice = admin.caller.request("POST", "/v1/keys", Some("application/json"), "{} {}").await;
        assert!(matches!(twice.status, 400 | 422), "{twice:?}");
        let named_twice = format!(r#"{{"name":"x","name":"y","role_id":{role},"environment":"staging"}}"#, role = json!(role));
        let named_twice = admin.caller.request("POST", "/v1/keys", Some("application/json"), named_twice).await;
        assert_eq!(named_twice.refusal(), refused(422, "invalid_field"), "which one was meant, nobody knows");
        let broken = admin.caller.request("POST", "/v1/keys", Some("application/json"), "{").await;
        assert_eq!(broken.refusal(), refused(400, "invalid_json"));
        let plain = admin.caller.request("POST", "/v1/keys", Some("text/plain"), "{}").await;
        assert_eq!(plain.refusal(), refused(415, "content_type"));
    }

    async fn what_can_be_no_id_names_nothing(app) {
        let (_, admin) = admin(app).await;
        for id in ["key_1", "role_0352dJTh6XzOZjnc1o0iQu", "%00", "%FF", "key_zzzzzzzzzzzzzzzzzzzzzz"] {
            assert_eq!(admin.caller.get(&format!("/v1/keys/{id}")).await.refusal(), refused(404, "not_found"), "{id}");
        }
    }
}
