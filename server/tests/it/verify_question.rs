//! `POST /v1/verify`: a service asks about a secret that somebody gave it.

use serde_json::{Value, json};
use shared::role::SystemRole;

use crate::harness::{KeyCaller, Person, TestApp, both_databases, refused};

/// A service that may ask, and an application to ask about.
async fn parties(app: &TestApp) -> (Person, KeyCaller, KeyCaller) {
    let owner = app.owner().await;
    let (service, client) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
    (owner, service, client)
}

both_databases! {
    async fn an_allowed_secret_is_answered_with_whose_it_is(app) {
        let (_, service, client) = parties(app).await;
        let question = json!({ "secret": client.secret, "permission": "ip.lookup", "ip": "203.0.113.9" });
        let answer = service.caller.post_json("/v1/verify", &question).await;
        let id = client.view.id.to_string();
        let wanted = json!({ "allowed": true, "reason": null, "key_id": id, "role": "API Client", "limits": [] });
        assert_eq!(answer.data(), wanted);
        assert!(!answer.text.contains(&client.secret));
    }

    async fn a_refused_secret_is_a_good_answer_with_the_reason(app) {
        let (owner, service, client) = parties(app).await;
        let ask = async |permission: Value| {
            let question = json!({ "secret": client.secret, "permission": permission });
            service.caller.post_json("/v1/verify", &question).await.data()
        };
        let id = client.view.id.to_string();
        assert_eq!(ask(json!(["ip.lookup", "usage.view"])).await["reason"], "permission_missing");
        assert_eq!(ask(json!(["ip.lookup"])).await["allowed"], true);
        owner.caller.call("key_revoke", json!({ "id": client.view.id, "reason": "" })).await.ok::<Value>();
        let revoked = ask(Value::Null).await;
        assert_eq!((&revoked["allowed"], &revoked["reason"], &revoked["key_id"]), (&json!(false), &json!("revoked"), &json!(id)));
    }

    async fn a_secret_of_another_organization_is_unknown(app) {
        let (_, service, _) = parties(app).await;
        let (_, _, foreign) = parties(app).await;
        let answer = service.caller.post_json("/v1/verify", &json!({ "secret": foreign.secret })).await.data();
        assert_eq!(answer, json!({ "allowed": false, "reason": "unknown", "key_id": null, "role": null, "limits": [] }));
    }

    async fn a_malformed_secret_is_a_question_too(app) {
        let (_, service, client) = parties(app).await;
        for (secret, reason) in [
            ("nonsense".to_owned(), "unknown"),
            (String::new(), "credentials_missing"),
            (format!(" {}", client.secret), "surrounding_spaces"),
            (client.view.id.to_string(), "key_id_instead_of_secret"),
        ] {
            let answer = service.caller.post_json("/v1/verify", &json!({ "secret": secret })).await.data();
            assert_eq!((&answer["allowed"], &answer["reason"]), (&json!(false), &json!(reason)));
        }
    }

    async fn asking_takes_a_key_that_may_ask(app) {
        let (_, _, client) = parties(app).await;
        let question = json!({ "secret": client.secret });
        assert_eq!(client.caller.post_json("/v1/verify", &question).await.refusal(), refused(403, "permission_missing"));
        assert_eq!(app.visitor().post_json("/v1/verify", &question).await.refusal(), refused(401, "credentials_missing"));
    }

    async fn a_wrong_field_is_refused_by_name_and_no_secret_is_repeated(app) {
        let (_, service, client) = parties(app).await;
        let secret = &client.secret;
        for (question, names) in [
            (json!({}), "secret"),
            (json!([secret]), "secret"),
            (json!({ "secret": 7 }), "secret"),
            (json!({ "secret": secret.repeat(20) }), "secret"),
            (json!({ "secret": secret, "permission": 7 }), "permission"),
            (json!({ "secret": secret, "permission": "" }), "permission"),
            (json!({ "secret": secret, "permission": ["x".repeat(101)] }), "permission"),
            (json!({ "secret": secret, "permission": vec!["ip.lookup"; 51] }), "permission"),
            (json!({ "secret": secret, "ip": "localhost" }), "ip"),
            (json!({ "secret": secret, "ip": 7 }), "ip"),
            (json!({ "secret": secret, "permissions": ["ip.lookup"] }), "permissions"),
        ] {
            let answer = service.caller.post_json("/v1/verify", &question).await;
            assert_eq!(answer.refusal(), refused(422, "invalid_field"));
            assert!(answer.text.contains(names) && !answer.text.contains(secret), "{answer:?}");
        }
    }

    async fn broken_json_and_a_wrong_content_type_get_their_own_answers(app) {
        let (_, service, client) = parties(app).await;
        let good = json!({ "secret": client.secret }).to_string();
        let broken = service.caller.request("POST", "/v1/verify", Some("application/json"), good[..good.len() - 1].to_owned()).await;
        assert_eq!(broken.refusal(), refused(400, "invalid_json"));
        assert!(!broken.text.contains(&client.secret));
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
            let answer = service.caller.request("POST", "/v1/verify", kind, good.clone()).await;
            assert_eq!(answer.refusal(), refused(415, "content_type"));
        }
        service.caller.request("POST", "/v1/verify", Some("Application/JSON; charset=utf-8"), good).await.data();
    }
}
