//! What happens between the command and the server: others are quicker, answers get lost, and somebody sends elsewhere.

use serde_json::json;
use shared::{key::KeyListParams, role::SystemRole};
use tokio::task::JoinHandle;

use super::{Said, Shell, relay::Relay};
use crate::harness::{KeyCaller, TestApp, both_databases};

/// Begins a command that calls `relay` in place of the server.
fn begin(relay: &Relay, below: &str, key: &KeyCaller, arguments: &[&str]) -> JoinHandle<Said> {
    let shell = Shell { url: format!("{}{below}", relay.url()), secret: key.secret.clone() };
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    tokio::spawn(async move {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        shell.run(&arguments).await
    })
}

async fn ended(command: JoinHandle<Said>) -> Said {
    command.await.expect("it ends")
}

async fn relayed(app: &TestApp) -> (crate::harness::Person, KeyCaller, Relay) {
    let owner = app.owner().await;
    let admin = owner.key(SystemRole::Admin).await;
    (owner, admin, Relay::before(app.address).await)
}

both_databases! {
    async fn an_edit_that_somebody_else_was_quicker_with_is_told_and_changes_nothing(app) {
        let (owner, admin, relay) = relayed(app).await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let path = format!("/v1/keys/{}", key.id);
        let command = begin(&relay, "", &admin, &["keys", "edit", &key.id.to_string(), "--name", "Mine"]);
        let read = relay.next().await;
        assert_eq!(read.asked(), format!("GET {path}"));
        read.pass_on().await;
        let change = relay.next().await;
        assert_eq!(change.asked(), format!("PATCH {path}"));
        assert!(change.header("if-match").is_some_and(|tag| tag.starts_with('"')), "{:?}", change.asked());
        admin.caller.patch(&path, &json!({ "name": "Theirs" })).await.data();
        change.pass_on().await;
        let said = ended(command).await.failed(1);
        assert!(said.contains("Somebody else changed it") && said.contains("request req_"), "{said}");
        assert_eq!(owner.key_get(key.id).await.name, "Theirs");
    }

    async fn a_role_that_was_changed_since_it_was_looked_at_is_not_deleted(app) {
        let (owner, admin, relay) = relayed(app).await;
        let role = owner.role_with("Old", &["ip.lookup"]).await.id;
        let command = begin(&relay, "", &admin, &["roles", "delete", &role.to_string(), "--yes"]);
        relay.next().await.pass_on().await;
        let delete = relay.next().await;
        assert_eq!(delete.asked(), format!("DELETE /v1/roles/{role}"));
        admin.caller.patch(&format!("/v1/roles/{role}"), &json!({ "description": "In use soon." })).await.data();
        delete.pass_on().await;
        let said = ended(command).await.failed(1);
        assert!(said.contains("Somebody else changed it"), "{said}");
        owner.role_get(role).await;
    }

    async fn a_creation_whose_answer_gets_lost_is_sent_again_and_creates_one_key(app) {
        let (owner, admin, relay) = relayed(app).await;
        let role = owner.role(SystemRole::ApiClient).await.to_string();
        let create = ["keys", "create", "--name", "Billing", "--environment", "staging", "--role", &role];
        let command = begin(&relay, "", &admin, &create);
        let first = relay.next().await;
        let key = first.header("idempotency-key").expect("one").to_owned();
        first.lose().await;
        let second = relay.next().await;
        assert_eq!((second.asked(), second.header("idempotency-key")), ("POST /v1/keys", Some(&*key)));
        second.pass_on().await;
        let said = ended(command).await.failed(3);
        let keys = owner.keys(KeyListParams { search: "Billing".to_owned(), ..KeyListParams::default() }).await.page.rows;
        assert_eq!(keys.len(), 1);
        assert!(said.contains(&keys[0].id.to_string()) && said.contains("Revoke it"), "{said}");

        let other = begin(&relay, "", &admin, &create);
        let request = relay.next().await;
        assert_ne!(request.header("idempotency-key"), Some(&*key), "another command is another request");
        request.pass_on().await;
        ended(other).await.good();
    }

    async fn an_edit_whose_answer_gets_lost_is_not_sent_again(app) {
        let (owner, admin, relay) = relayed(app).await;
        let key = owner.key(SystemRole::ApiClient).await.view.id;
        let command = begin(&relay, "", &admin, &["keys", "edit", &key.to_string(), "--name", "Mine"]);
        relay.next().await.pass_on().await;
        relay.next().await.lose().await;
        let said = ended(command).await.failed(3);
        assert!(said.contains("Whether anything was changed is not known"), "{said}");
        assert!(!relay.was_called(), "it was sent again");
        assert_eq!(owner.key_get(key).await.name, "Mine");
    }

    async fn a_server_may_be_below_a_path(app) {
        let (_, admin, relay) = relayed(app).await;
        let command = begin(&relay, "/tools/keys/", &admin, &["keys", "list", "--json"]);
        let mut request = relay.next().await;
        assert_eq!(request.asked(), "GET /tools/keys/v1/keys?limit=100");
        request.head[0] = request.head[0].replace("/tools/keys", "");
        request.pass_on().await;
        assert_eq!(ended(command).await.json().as_array().map(Vec::len), Some(1));
    }

    async fn the_secret_goes_nowhere_but_to_the_server_that_was_named(app) {
        let (_, admin, relay) = relayed(app).await;
        let elsewhere = Relay::before(app.address).await;
        let command = begin(&relay, "", &admin, &["keys", "list"]);
        let answer = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {}/v1/keys\r\ncontent-length: 0\r\n\r\n", elsewhere.url());
        relay.next().await.answer(&answer).await;
        let said = ended(command).await.failed(3);
        assert!(said.contains(&elsewhere.url()) && said.contains("IPAWARE_URL"), "{said}");
        assert!(!elsewhere.was_called(), "it was called");
    }

    async fn a_server_without_tls_is_no_server_at_https(app) {
        let (_, admin, _) = relayed(app).await;
        let shell = Shell { url: format!("https://{}", app.address), secret: admin.secret };
        let said = shell.run(&["keys", "list"]).await.failed(3);
        assert!(said.contains("cannot be reached") && said.lines().count() == 1, "{said}");
    }

    async fn something_else_at_that_address_is_no_server(app) {
        let (_, admin, relay) = relayed(app).await;
        for (status, body) in [("200 OK", "<html>\u{1b}[2J"), ("404 Not Found", "{}"), ("502 Bad Gateway", "")] {
            let command = begin(&relay, "", &admin, &["keys", "list"]);
            let length = body.len();
            relay.next().await.answer(&format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")).await;
            let said = ended(command).await.failed(3);
            assert!(said.contains("no IPAware server") && !said.contains('\u{1b}'), "{said}");
        }
    }
}
