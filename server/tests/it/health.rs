//! `GET /v1/health`.

use serde_json::json;

use crate::harness::{Engine, Setup, TestApp, both_databases};

/// Until the keys are in memory, nothing that depends on them is answered, and nobody is kept waiting.
async fn while_starting_everything_is_put_off_and_health_says_why(engine: Engine) {
    let app = TestApp::spawn_without_keys(engine, Setup::default()).await;
    let health = app.visitor().get("/v1/health").await;
    assert_eq!((health.status, &health.json()["data"]["status"]), (503, &"starting".into()));
    for path in ["/v1/verify", "/v1/me", "/sign-in", "/keys"] {
        let answer = app.visitor().get(path).await;
        assert_eq!((answer.refusal(), answer.header("retry-after")), ((503, "starting".to_owned()), "1"), "{path}");
    }
    app.backend.load().await.expect("the keys");
    assert_eq!(app.visitor().get("/v1/health").await.data()["status"], "ok");
    assert_eq!(app.visitor().get("/v1/verify").await.refusal(), (401, "credentials_missing".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_on_sqlite() {
    while_starting_everything_is_put_off_and_health_says_why(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_on_postgres() {
    while_starting_everything_is_put_off_and_health_says_why(Engine::Postgres).await;
}

both_databases! {
    async fn anybody_may_ask_whether_the_server_works(app) {
        let expected = json!({ "status": "ok", "database": "ok", "version": env!("CARGO_PKG_VERSION") });
        assert_eq!(app.visitor().get("/v1/health").await.data(), expected);
    }
}
