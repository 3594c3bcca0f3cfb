//! `Idempotency-Key`: what is sent again is not done again.

use std::collections::HashSet;

use backend::{
    context::RequestInfo,
    keyring::{Question, secret::WellFormed},
    repeat::Once,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::{
    key::{Environment, KeyCreateParams, KeyListParams},
    role::SystemRole,
};

use crate::harness::{Caller, KeyCaller, NOW, Person, TestApp, both_databases, refused, together};

async fn admin(app: &TestApp) -> (Person, KeyCaller, Value) {
    let owner = app.owner().await;
    let key = owner.key(SystemRole::Admin).await;
    let role = owner.role(SystemRole::ApiClient).await;
    (owner, key, json!({ "name": "New", "role_id": role, "environment": "staging" }))
}

fn with_key(caller: &Caller, key: &str) -> Caller {
    caller.clone().with("idempotency-key", key)
}

/// What tells one request from another.
fn fingerprint(method: &str, path: &str, body: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [method, path, body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

async fn total(owner: &Person) -> u64 {
    owner.keys(KeyListParams::default()).await.page.total
}

both_databases! {
    async fn the_same_request_is_answered_as_before_but_for_the_secret(app) {
        let (owner, admin, body) = admin(app).await;
        let caller = with_key(&admin.caller, "first");
        let first = caller.post_json("/v1/keys", &body).await;
        let again = caller.post_json("/v1/keys", &body).await;
        let (one, two) = (first.data(), again.data());
        assert_eq!((again.status, &one["key"]), (201, &two["key"]));
        for header in ["etag", "location"] {
            assert_eq!(first.header(header), again.header(header));
        }
        assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
        assert_eq!((&two["secret"], &two["secret_shown"]), (&Value::Null, &json!(true)));
        let secret = one["secret"].as_str().expect("a secret").to_owned();
        app.visitor().bearer(&secret).get("/v1/me").await.data();
        assert_eq!(total(&owner).await, 2);
        let kept = app.database.everything().await;
        let holds = |text: &str| {
            kept.iter().any(|(_, bytes)| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
        };
        assert!(holds("secret_shown") && !holds(&secret), "the answer is kept, without the secret");
    }

    async fn of_sixteen_at_once_one_is_carried_out_and_all_are_answered(app) {
        let (owner, admin, body) = admin(app).await;
        let caller = with_key(&admin.caller, "together");
        let answers = together(16, async |_| caller.post_json("/v1/keys", &body).await).await;
        let data: Vec<Value> = answers.iter().map(crate::harness::Answer::data).collect();
        let ids: HashSet<_> = data.iter().map(|data| data["key"]["id"].to_string()).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(data.iter().filter(|data| data["secret"].is_string()).count(), 1, "{data:?}");
        assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count(), 15);
        assert_eq!(total(&owner).await, 2);
    }

    async fn another_request_under_the_same_key_is_refused(app) {
        let (owner, admin, body) = admin(app).await;
        let caller = with_key(&admin.caller, "once");
        caller.post_json("/v1/keys", &body).await.data();
        let mut other = body.clone();
        other["name"] = json!("Another");
        assert_eq!(caller.post_json("/v1/keys", &other).await.refusal(), refused(422, "idempotency_key_reused"));
        let role = json!({ "name": "x", "permissions": [] });
        assert_eq!(caller.post_json("/v1/roles", &role).await.refusal(), refused(422, "idempotency_key_reused"));
        assert_eq!(total(&owner).await, 2);
        // Another key's are its own.
        let second = owner.key(SystemRole::Admin).await;
        with_key(&second.caller, "once").post_json("/v1/keys", &other).await.data();
    }

    async fn a_refused_request_is_not_remembered(app) {
        let (owner, admin, mut body) = admin(app).await;
        let caller = with_key(&admin.caller, "again");
        let right = body["role_id"].clone();
        body["role_id"] = json!(shared::RoleId::from_bits(7));
        assert_eq!(caller.post_json("/v1/keys", &body).await.refusal(), refused(409, "conflict"));
        body["role_id"] = right;
        assert_eq!(caller.post_json("/v1/keys", &body).await.header("idempotency-replayed"), "");
        assert_eq!(total(&owner).await, 2);
    }

    async fn every_post_that_manages_something_is_done_once(app) {
        let (owner, admin, _) = admin(app).await;
        let role = owner.role(SystemRole::ApiClient).await;
        let key = owner.key(SystemRole::ApiClient).await.view.id;
        let invitation = owner.invite("ada@example.com", role).await.invitation.id;
        let empty = json!({});
        for (number, (path, body, hidden)) in [
            ("/v1/roles".to_owned(), json!({ "name": "New", "permissions": [] }), None),
            ("/v1/permissions".to_owned(), json!({ "name": "a.b", "description": "One." }), None),
            ("/v1/invitations".to_owned(), json!({ "email": "bob@example.com", "role_id": role }), Some("link")),
            (format!("/v1/invitations/{invitation}/resend"), empty.clone(), Some("link")),
            (format!("/v1/invitations/{invitation}/link"), empty.clone(), Some("link")),
            (format!("/v1/keys/{key}/pause"), empty.clone(), None),
            (format!("/v1/keys/{key}/resume"), empty.clone(), None),
            (format!("/v1/keys/{key}/rotate"), json!({ "overlap_seconds": 3_600 }), Some("secret")),
            (format!("/v1/keys/{key}/retire"), empty.clone(), None),
            (format!("/v1/keys/{key}/revoke"), empty, None),
        ].into_iter().enumerate() {
            let caller = with_key(&admin.caller, &format!("number-{number}"));
            let (first, again) = (caller.post_json(&path, &body).await, caller.post_json(&path, &body).await);
            assert_eq!(again.header("idempotency-replayed"), "true", "{path}: {again:?}");
            let (mut first, mut again) = (first.data(), again.data());
            if let Some(hidden) = hidden {
                assert!(first[hidden].is_string() && again[hidden].is_null(), "{path}");
                let shown = format!("{hidden}_shown");
                assert_eq!((first[&*shown].take(), again[&*shown].take()), (json!(false), json!(true)), "{path}");
                first[hidden].take();
            }
            assert_eq!(first, again, "{path}");
        }
    }

    async fn after_a_day_it_is_a_new_request(app) {
        let (_owner, admin, body) = admin(app).await;
        let caller = with_key(&admin.caller, "daily");
        caller.post_json("/v1/keys", &body).await.data();
        app.clock.set(NOW.plus_days(1).plus_seconds(-1));
        assert_eq!(caller.post_json("/v1/keys", &body).await.header("idempotency-replayed"), "true");
        app.clock.set(NOW.plus_days(1));
        assert_eq!(caller.post_json("/v1/keys", &body).await.header("idempotency-replayed"), "");
        // By now the Owner's session has ended.
        assert_eq!(admin.caller.get("/v1/keys").await.data()["items"].as_array().map(Vec::len), Some(3));
    }

    async fn what_is_a_day_old_is_swept(app) {
        let (_owner, admin, body) = admin(app).await;
        with_key(&admin.caller, "old").post_json("/v1/keys", &body).await.data();
        app.clock.set(NOW.plus_seconds(3_600));
        with_key(&admin.caller, "young").post_json("/v1/keys", &body).await.data();
        app.clock.set(NOW.plus_days(1));
        app.backend.sweep().await.expect("swept");
        let left = app.database.texts("SELECT idempotency_key AS text FROM answered_requests").await;
        assert_eq!(left, ["young"]);
    }

    async fn an_answer_that_was_lost_is_said_to_be(app) {
        let (owner, admin, body) = admin(app).await;
        let caller = with_key(&admin.caller, "crash");
        // Everything up to the commit, and nothing after it, as when the server dies in between.
        let holder = app.backend.verify(WellFormed::read(&admin.secret), &Question::default()).holder.expect("the key");
        let actor = app.backend.key_context(&holder, RequestInfo::default()).await.expect("it may act");
        let once = Once { key: "crash".to_owned(), fingerprint: fingerprint("POST", "/v1/keys", &body.to_string()) };
        let params = KeyCreateParams {
            name: "New".to_owned(),
            role: serde_json::from_value(body["role_id"].clone()).expect("a role"),
            environment: Environment::Staging,
            expires_at: None,
            form_token: None,
        };
        app.backend.key_create(&actor.once(once).authorize().expect("it may"), params).await.expect("a key");
        app.clock.set(NOW.plus_seconds(60));
        assert_eq!(caller.post_json("/v1/keys", &body).await.refusal(), refused(409, "answer_lost"));
        assert_eq!(total(&owner).await, 2, "it is not carried out a second time");
    }

    async fn a_key_that_can_be_none_is_refused(app) {
        let (owner, admin, body) = admin(app).await;
        for bad in ["", "with space", "ümlaut", &"x".repeat(256)] {
            let answer = with_key(&admin.caller, bad).post_json("/v1/keys", &body).await;
            assert_eq!(answer.refusal(), refused(400, "invalid_header"), "{bad:?}");
        }
        let twice = with_key(&with_key(&admin.caller, "a"), "b").post_json("/v1/keys", &body).await;
        assert_eq!(twice.refusal(), refused(400, "invalid_header"));
        assert_eq!(total(&owner).await, 1);
    }
}
