//! A key that is used from a network that it was never used from before.

use serde_json::Value;
use shared::{
    alert::{AlertFilter, AlertKind, AlertListParams},
    role::SystemRole,
};

use crate::harness::{KeyCaller, NOW, Person, Setup, TestApp, both_databases};

async fn messages(owner: &Person) -> Vec<String> {
    let params =
        AlertListParams { state: AlertFilter::All, kind: Some(AlertKind::NewNetwork), ..AlertListParams::default() };
    owner.alerts(params).await.page.rows.into_iter().map(|alert| alert.message).collect()
}

/// Uses the key from there, and looks twice.
async fn use_from(app: &TestApp, key: &KeyCaller, address: &str) {
    key.caller.clone().with("x-forwarded-for", address).get("/v1/verify").await.data();
    app.watch_requests().await;
    app.watch_requests().await;
}

both_databases! {
    async fn the_first_network_is_no_news_and_every_other_is_once(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        use_from(app, &key, "203.0.113.9").await;
        use_from(app, &key, "203.0.113.200").await;
        assert_eq!(messages(&owner).await, [""; 0]);
        use_from(app, &key, "198.51.100.7").await;
        let said = "Production Server is used from 198.51.100.7, and was never used from 198.51.100.0/24 before.";
        assert_eq!(messages(&owner).await, [said]);
        use_from(app, &key, "198.51.100.8").await;
        // Neither on the next day, nor by a server that has just started.
        app.clock.set(NOW.plus_seconds(20 * 3_600));
        use_from(app, &key, "198.51.100.7").await;
        app.second(Default::default()).await.watch_requests().await.expect("looked at");
        assert_eq!(messages(&owner).await, [said]);
        use_from(app, &key, "2001:db8:7::1").await;
        use_from(app, &key, "2001:db8:7:8::1").await;
        assert_eq!(messages(&owner).await.len(), 2);
        // Another key is not the first one's business.
        use_from(app, &owner.key(SystemRole::ApiClient).await, "192.0.2.1").await;
        assert_eq!(messages(&owner).await.len(), 2);
    }

    async fn a_secret_that_is_tried_from_elsewhere_is_told_also_when_it_is_refused(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        use_from(app, &key, "203.0.113.9").await;
        owner.caller.call("key_pause", serde_json::json!({ "id": key.view.id })).await.ok::<Value>();
        key.caller.clone().with("x-forwarded-for", "198.51.100.7").get("/v1/verify").await.refusal();
        app.watch_requests().await;
        assert_eq!(messages(&owner).await.len(), 1);
    }
}
