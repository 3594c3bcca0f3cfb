//! `GET /v1/health`.

use serde_json::json;

use crate::harness::both_databases;

both_databases! {
    async fn anybody_may_ask_whether_the_server_works(app) {
        let expected = json!({ "status": "ok", "database": "ok", "version": env!("CARGO_PKG_VERSION") });
        assert_eq!(app.visitor().get("/v1/health").await.data(), expected);
    }
}
