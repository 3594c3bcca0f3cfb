//! Requests that another site makes a browser send.

use serde_json::json;
use shared::{
    AppError,
    key::{KeyListParams, KeyStatus},
    role::SystemRole,
};

use crate::harness::both_databases;

both_databases! {
    async fn a_change_started_by_another_site_is_refused(app) {
        let owner = app.owner().await;
        let id = owner.key(SystemRole::ApiClient).await.view.id;
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let error = owner.caller.clone().with(name, value).call("key_revoke", json!({ "id": id, "reason": "" })).await.error();
            assert_eq!(error, AppError::CrossSite, "{name}: {value}");
        }
        assert_eq!(owner.key_get(id).await.status, KeyStatus::Active);
    }

    async fn signing_in_and_out_from_another_site_is_refused(app) {
        let owner = app.owner().await;
        let evil = owner.caller.clone().with("sec-fetch-site", "cross-site");
        assert_eq!(evil.form("sign_out", &[]).await.error(), AppError::CrossSite);
        assert_eq!(evil.form("sign_in", &[("email", "a@example.com"), ("password", "x")]).await.error(), AppError::CrossSite);
        owner.keys(KeyListParams::default()).await;
    }

    async fn a_form_that_another_site_has_posted_does_not_lead_back_to_it(app) {
        let browser = app.visitor().with("accept", "text/html").with("referer", "https://evil.example/x");
        let answer = browser.with("sec-fetch-site", "cross-site").form("sign_in", &[("email", "a@b.c"), ("password", "x")]).await;
        assert_eq!(answer.error(), AppError::CrossSite);
    }

    async fn our_own_pages_are_let_through(app) {
        let owner = app.owner().await;
        let origin = format!("http://{}", app.address);
        for caller in [
            owner.caller.clone().with("sec-fetch-site", "same-origin").with("origin", &origin),
            owner.caller.clone().with("origin", &origin),
        ] {
            caller.call("key_list", json!({ "params": KeyListParams::default() })).await.ok::<serde_json::Value>();
        }
    }

    async fn reading_never_changes_anything(app) {
        let owner = app.owner().await;
        for (path, _) in leptos::server_fn::axum::server_fn_paths() {
            let answer = owner.caller.get(path).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{path}");
        }
    }
}
