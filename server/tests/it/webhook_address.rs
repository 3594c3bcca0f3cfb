//! A webhook reaches the public internet and nothing else, whatever names lead to.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use backend::webhook::{Network, WebhookSettings};
use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::json;
use shared::{
    AppError,
    role::SystemRole,
    webhook::{DeliveryList, WebhookView},
};
use tokio::net::TcpStream;

use crate::harness::{Engine, NOW, Person, Setup, TestApp, both_databases, refused};

/// Whoever owns a name can let it lead anywhere, and elsewhere the next time. Connects nowhere, and notes what it was
/// asked.
#[derive(Debug, Default)]
struct Names {
    answers: Mutex<Vec<Vec<SocketAddr>>>,
    connected: Mutex<Vec<SocketAddr>>,
}

impl Names {
    fn leading_to(answers: &[&[&str]]) -> Arc<Self> {
        let read = |address: &&str| format!("{address}:443").parse().expect("an address");
        let answers = answers.iter().rev().map(|answer| answer.iter().map(read).collect()).collect();
        Arc::new(Self { answers: Mutex::new(answers), connected: Mutex::default() })
    }

    fn connected(&self) -> Vec<String> {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.iter().map(|address| address.ip().to_string()).collect()
    }
}

impl Network for Names {
    fn resolve<'n>(&'n self, _host: &'n str, _port: u16) -> BoxFuture<'n, io::Result<Vec<SocketAddr>>> {
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        async move { Ok(answer.expect("it is asked no more often than that")) }.boxed()
    }

    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).push(to);
        async { Err(io::Error::other("there is nobody")) }.boxed()
    }
}

async fn app_with(names: &Arc<Names>) -> (TestApp, Person, WebhookView) {
    let webhooks = WebhookSettings { allow_private: false, network: Arc::clone(names) as Arc<dyn Network> };
    let app = TestApp::spawn(Engine::Sqlite, Setup { webhooks, ..Setup::default() }).await;
    let owner = app.owner().await;
    let (webhook, _) = owner.webhook("https://hooks.example.com/x").await;
    (app, owner, webhook)
}

/// Sends one test, and gives what the log says about it.
async fn problem(app: &TestApp, owner: &Person, webhook: &WebhookView) -> String {
    owner.caller.call("webhook_test", json!({ "id": webhook.id })).await.ok::<serde_json::Value>();
    app.backend.deliver_webhooks().await.expect("the queue");
    let log: DeliveryList = owner.caller.call("delivery_list", json!({ "webhook": webhook.id, "page": 1 })).await.ok();
    log.page.rows[0].attempts[0].problem.clone().expect("a problem")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_inside_is_not_connected_to() {
    for inside in
        ["127.0.0.1", "10.0.0.5", "169.254.169.254", "[::1]", "[::ffff:192.168.0.1]", "[64:ff9b::7f00:1]", "[fd00::1]"]
    {
        let names = Names::leading_to(&[&[inside]]);
        let (app, owner, webhook) = app_with(&names).await;
        let said = problem(&app, &owner, &webhook).await;
        assert!(said.contains("not on the public internet"), "{inside}: {said}");
        assert_eq!(names.connected(), [""; 0], "{inside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_goes_to_the_very_address_that_was_looked_at() {
    // The second answer is what a name says that is rebound between the look and the connection.
    let names = Names::leading_to(&[&["8.8.8.8", "127.0.0.1", "1.1.1.1"], &["127.0.0.1"]]);
    let (app, owner, webhook) = app_with(&names).await;
    let said = problem(&app, &owner, &webhook).await;
    assert!(said.contains("there is nobody"), "{said}");
    assert_eq!(names.connected(), ["8.8.8.8", "1.1.1.1"], "the one inside is left out, and the name asked once");
    // Rebound by the next message, which is the later one, it is refused.
    app.clock.set(NOW.plus_seconds(1));
    let said = problem(&app, &owner, &webhook).await;
    assert!(said.contains("127.0.0.1") && said.contains("not on the public internet"), "{said}");
    assert_eq!(names.connected().len(), 2);
}

both_databases! {
    async fn an_address_inside_and_one_without_tls_are_refused_when_they_are_added(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        for url in ["http://hooks.example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3:8443/x",
            "https://u:p@example.com/", "ftp://example.com", "https://"] {
            let params = json!({ "params": { "of": null, "url": url, "description": "", "kinds": [], "status": "enabled" } });
            let AppError::Invalid { fields } = owner.caller.call("webhook_save", params).await.error() else { panic!("{url}") };
            assert_eq!(fields[0].field, "url", "{url}");
            let answer = admin.caller.post_json("/v1/webhooks", &json!({ "url": url })).await;
            assert_eq!(answer.refusal(), refused(422, "invalid_field"), "{url}");
        }
    }
}
