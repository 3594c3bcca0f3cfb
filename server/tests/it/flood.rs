//! One secret after another that nobody issued: throttled where it comes from, and nobody else is.

use backend::keyring::secret::SecretKey;
use server::state::HttpPolicy;
use shared::{key::Environment, role::SystemRole};

use crate::harness::{Caller, Setup, TestApp, both_databases};

fn behind_a_proxy() -> Setup {
    let trusted_proxies = "127.0.0.1".parse().expect("networks");
    Setup { policy: HttpPolicy { trusted_proxies, ..HttpPolicy::default() }, ..Setup::default() }
}

/// Sends well-formed secrets that nobody issued, until it is told to stop; says how many were looked up before.
async fn flood(app: &TestApp, from: &Caller) -> usize {
    for sent in 0..1_000 {
        let guess = SecretKey::mint(Environment::Production);
        let answer = from.clone().bearer(guess.expose()).get("/v1/verify").await;
        if answer.status == 429 {
            assert_eq!(answer.refusal(), (429, "too_many_attempts".to_owned()));
            assert_eq!(answer.header("retry-after"), "1");
            assert_eq!(answer.header("www-authenticate"), "", "another secret would not help");
            return sent;
        }
        assert_eq!(answer.refusal(), (401, "unknown".to_owned()));
    }
    panic!("nobody stopped it at {:?}", app.address)
}

both_databases! {
    async fn a_flood_is_throttled_and_genuine_keys_from_the_same_address_are_not(app) {
        let owner = app.owner().await;
        let (busy, paused) = (owner.key(SystemRole::ApiClient).await, owner.key(SystemRole::ApiClient).await);
        for caller in [&busy.caller, &paused.caller] {
            caller.get("/v1/verify").await.data();
        }
        assert_eq!(flood(app, &app.visitor()).await, 201);
        for _ in 0..50 {
            busy.caller.get("/v1/verify?permission=ip.lookup").await.data();
            paused.caller.get("/v1/ip/8.8.8.8").await.data();
        }
    }

    async fn behind_a_proxy_only_the_client_that_floods_is_throttled(app = behind_a_proxy()) {
        let owner = app.owner().await;
        flood(app, &app.visitor().with("x-forwarded-for", "198.51.100.7")).await;
        // A key that was never seen before, from another client.
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.clone().with("x-forwarded-for", "203.0.113.9").get("/v1/verify").await.data();
        let guess = SecretKey::mint(Environment::Production);
        let other = app.visitor().with("x-forwarded-for", "203.0.113.9").bearer(guess.expose());
        assert_eq!(other.get("/v1/verify").await.refusal(), (401, "unknown".to_owned()));
    }

    async fn whoever_asks_about_other_peoples_secrets_is_told_the_truth_about_each(app) {
        let asking = app.owner().await.key(SystemRole::Admin).await;
        for _ in 0..300 {
            let guess = SecretKey::mint(Environment::Production);
            let answer = asking.caller.post_json("/v1/verify", &serde_json::json!({ "secret": guess.expose() })).await;
            assert_eq!(answer.data()["reason"], "unknown");
        }
    }

    async fn what_is_no_secret_at_all_is_never_throttled(app) {
        for _ in 0..500 {
            let answer = app.visitor().bearer("ipaware_prod_nonsense").get("/v1/verify").await;
            assert_eq!(answer.refusal(), (401, "unknown".to_owned()));
        }
    }
}
