//! `ipaware keys`.

use std::process::Stdio;

use backend::keyring::secret::is_hinted_at;
use serde_json::{Value, json};
use shared::role::SystemRole;

use super::Shell;
use crate::harness::{KeyCaller, NOW, Person, TestApp, both_databases, process::command};

async fn admin(app: &TestApp) -> (Person, KeyCaller, Shell) {
    let owner = app.owner().await;
    let key = owner.key(SystemRole::Admin).await;
    let shell = Shell::of(app, &key);
    (owner, key, shell)
}

fn create(name: &str) -> [&str; 8] {
    ["keys", "create", "--name", name, "--environment", "staging", "--role", "API Client"]
}

/// A new key's ID.
async fn created(shell: &Shell, name: &str) -> String {
    let data = shell.run(&[&create(name)[..], &["--json"]].concat()).await.json();
    data["key"]["id"].as_str().expect("an id").to_owned()
}

/// The lines of a table, without its header.
fn rows(table: &str) -> Vec<&str> {
    table.lines().skip(1).collect()
}

both_databases! {
    async fn the_secret_of_a_new_key_is_all_of_standard_output_and_can_be_piped(app) {
        let (_, _, shell) = admin(app).await;
        let said = shell.run(&create("Billing")).await;
        assert!(said.err.contains("key_") && said.err.contains("this once"), "{}", said.err);
        let piped = said.good();
        assert_eq!(piped.lines().count(), 1);
        assert_eq!(shell.run_with(&["check-secret"], &piped).await.good(), "well-formed, for staging\n");
        let verified = shell.run_with(&["verify", "--permission", "ip.lookup"], &piped).await.good();
        assert!(verified.starts_with("allowed\n"), "{verified}");
        app.visitor().bearer(piped.trim_end()).get("/v1/ip/8.8.8.8").await.data();
    }

    async fn a_secret_that_cannot_be_written_down_is_told_with_the_key_to_revoke(app) {
        let (_, _, shell) = admin(app).await;
        let mut command = command(&create("Billing"), &shell.variables());
        let (reader, closed) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = command.stdout(closed).stderr(Stdio::piped()).spawn().expect("the executable").wait_with_output().await;
        let output = output.expect("its end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        let id = shell.run(&["keys", "list", "--search", "Billing", "--json"]).await.json()[0]["id"].clone();
        assert!(said.contains(&format!("revoke {}", id.as_str().expect("an id"))), "{said}");
        assert!(!is_hinted_at(&said), "a secret on standard error");
    }

    async fn a_new_key_as_json_is_all_that_the_server_says(app) {
        let (owner, _, shell) = admin(app).await;
        let until = ["--json", "--expires", "2027-01-31"];
        let data = shell.run(&[&create("Billing")[..], &until].concat()).await.json();
        assert_eq!(data["key"]["expires_at"], "2027-02-01T00:00:00Z");
        assert_eq!(data["key"]["role"]["id"], owner.role(SystemRole::ApiClient).await.to_string());
        app.visitor().bearer(data["secret"].as_str().expect("a secret")).get("/v1/ip/8.8.8.8").await.data();
    }

    async fn the_list_is_a_table_or_json_with_the_filters_of_the_api(app) {
        let (_, own, shell) = admin(app).await;
        let alpha = created(&shell, "Alpha").await;
        app.clock.set(NOW.plus_seconds(1));
        created(&shell, "Beta 大").await;
        shell.run(&["keys", "pause", &alpha]).await.good();

        let table = shell.run(&["keys", "list", "--sort", "name"]).await.good();
        let header: Vec<_> = table.lines().next().expect("a header").split("  ").map(str::trim).collect();
        let header: Vec<_> = header.into_iter().filter(|word| !word.is_empty()).collect();
        assert_eq!(header, ["Name", "Id", "Environment", "Role", "Status", "Last used", "Created"]);
        let rows = rows(&table);
        assert!(rows[0].contains(&alpha) && rows[0].contains("paused") && rows[0].contains("never"), "{table}");
        assert!(rows[0].contains("2026-11-23 15:04:05 UTC") && rows[2].contains("Production Server"), "{table}");

        for (filter, names) in [
            (vec!["--status", "paused"], vec!["Alpha"]),
            (vec!["--environment", "staging", "--order", "asc"], vec!["Alpha", "Beta 大"]),
            (vec!["--role", "Organization Admin"], vec!["Production Server"]),
            (vec!["--search", "alph"], vec!["Alpha"]),
            (vec!["--limit", "1"], vec!["Beta 大"]),
            (vec!["--limit", "0"], vec![]),
            (vec!["--status", "revoked"], vec![]),
        ] {
            let json = shell.run(&[&["keys", "list", "--json"][..], &filter].concat()).await.json();
            let found: Vec<_> = json.as_array().expect("a list").iter().map(|key| key["name"].clone()).collect();
            assert_eq!(found, names, "{filter:?}");
        }
        let by_id = own.view.role.id.to_string();
        assert_eq!(shell.run(&["keys", "list", "--json", "--role", &by_id]).await.json()[0]["name"], "Production Server");
        let said = shell.run(&["keys", "list", "--role", "Nobody"]).await.failed(1);
        assert!(said.contains("Nobody") && said.contains("ipaware roles list"), "{said}");
    }

    async fn a_list_goes_on_to_its_end(app) {
        let (_, own, shell) = admin(app).await;
        let role = own.view.role.id;
        for number in 0..104 {
            let body = json!({ "name": format!("Key {number}"), "role_id": role, "environment": "staging" });
            own.caller.post_json("/v1/keys", &body).await.data();
        }
        let count = async |more: &[&str]| rows(&shell.run(&[&["keys", "list"][..], more].concat()).await.good()).len();
        assert_eq!(count(&[]).await, 105);
        assert_eq!(count(&["--limit", "101"]).await, 101);
    }

    async fn a_key_is_shown_edited_paused_resumed_and_revoked(app) {
        let (_, _, shell) = admin(app).await;
        let id = created(&shell, "Billing").await;
        let table = shell.run(&["keys", "show", &id]).await.good();
        assert!(table.lines().next().is_some_and(|line| line == "Name         Billing"), "{table}");
        assert!(table.contains(&id) && table.contains("API Client (role_"), "{table}");
        let before = shell.run(&["keys", "show", &id, "--json"]).await.json();

        let edit = ["keys", "edit", &id, "--json"];
        let edited = async |change: &[&str]| shell.run(&[&edit[..], change].concat()).await.json();
        let named = edited(&["--name", "Billing, old", "--expires", "2027-01-31T12:00:00Z"]).await;
        let mut expected = before.clone();
        expected["name"] = "Billing, old".into();
        expected["expires_at"] = "2027-01-31T12:00:00Z".into();
        expected["version"] = named["version"].clone();
        assert_eq!(named, expected, "the rest stays as it is");
        let moved = edited(&["--expires", "never", "--role", "Organization Member", "--environment", "development"]).await;
        assert_eq!((&moved["expires_at"], &moved["role"]["name"], &moved["environment"], &moved["name"]),
            (&Value::Null, &json!("Organization Member"), &json!("development"), &json!("Billing, old")));

        let status = async |arguments: &[&str]| {
            let table = shell.run(&[&["keys"][..], arguments].concat()).await.good();
            let line = table.lines().find(|line| line.starts_with("Status")).expect("a status");
            line.split_whitespace().nth(1).expect("a status").to_owned()
        };
        assert_eq!(status(&["pause", &id]).await, "paused");
        let twice = shell.run(&["keys", "pause", &id]).await.failed(1);
        assert!(twice.contains("request req_"), "{twice}");
        assert_eq!(status(&["resume", &id]).await, "active");

        let unasked = shell.run(&["keys", "revoke", &id]).await.failed(2);
        assert!(unasked.contains("--yes"), "{unasked}");
        assert_eq!(status(&["show", &id]).await, "active", "nothing was changed");
        let revoked = shell.run(&["keys", "revoke", &id, "--reason", "Leaked", "--yes", "--json"]).await.json();
        assert_eq!((&revoked["status"], &revoked["revoked"]["reason"]), (&json!("revoked"), &json!("Leaked")));
        let table = shell.run(&["keys", "show", &id]).await.good();
        assert!(table.lines().any(|line| line.starts_with("Revoked") && line.ends_with(": Leaked")), "{table}");
    }

    async fn rate_limits_are_set_shown_and_taken_away(app) {
        let (_, _, shell) = admin(app).await;
        let id = created(&shell, "Billing").await;
        let limits = async |arguments: &[&str]| {
            let table = shell.run(&[&["keys"][..], arguments].concat()).await.good();
            let (_, limits) = table.split_once("Rate limits").expect("its limits");
            limits.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(limits(&["show", &id]).await, ["none"]);
        let set = limits(&["edit", &id, "--rate-limit", "1000/h", "--rate-limit", "10/s", "--name", "Other"]).await;
        assert_eq!(set, ["10 per second (0 used)", "1000 per hour (0 used)"]);
        assert_eq!(limits(&["edit", &id, "--rate-limit", "5/day"]).await, ["5 per day (0 used)"], "in place of the others");
        assert_eq!(limits(&["edit", &id, "--no-rate-limit"]).await, ["none"]);
        let said = shell.run(&["keys", "edit", &id, "--rate-limit", "10/week"]).await.failed(2);
        assert!(said.contains("10/s"), "{said}");
        shell.run(&["keys", "edit", &id, "--rate-limit", "1/s", "--no-rate-limit"]).await.failed(2);
        let twice = shell.run(&["keys", "edit", &id, "--rate-limit", "1/s", "--rate-limit", "2/s"]).await.failed(1);
        assert!(twice.contains("one limit per second"), "{twice}");
        assert_eq!(shell.run(&["keys", "show", &id, "--json"]).await.json()["name"], "Other");
    }

    async fn a_refusal_names_the_missing_permission_and_the_request(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Looker", &["api.key.view", "organization.role.view"]).await.id;
        let shell = Shell::of(app, &owner.key_with(role).await);
        let said = shell.run(&create("Billing")).await.failed(1);
        assert!(said.contains("api.key.create") && said.contains("request req_"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let said = shell.run(&["keys", "revoke", "key_0000000000000000000007", "--yes"]).await.failed(1);
        assert!(said.contains("api.key.delete"), "{said}");
        shell.run(&["keys", "list"]).await.good();
    }

    async fn fields_that_are_wrong_are_told_one_a_line(app) {
        let (_, _, shell) = admin(app).await;
        let expired = [&create("")[..], &["--expires", "2020-01-01"]].concat();
        let said = shell.run(&create("")).await.failed(1);
        assert!(said.lines().any(|line| line.starts_with("  name: ")), "{said}");
        assert!(said.lines().next().is_some_and(|line| line.contains("request req_")), "{said}");
        shell.run(&expired).await.failed(1);
        assert_eq!(shell.run(&["keys", "list", "--json"]).await.json().as_array().map(Vec::len), Some(1), "nothing new");
    }

    async fn a_secret_that_nobody_issued_is_refused(app) {
        let secret = backend::keyring::secret::SecretKey::mint(shared::key::Environment::Production);
        let shell = Shell { url: format!("http://{}", app.address), secret: secret.expose().to_owned() };
        let said = shell.run(&["keys", "list"]).await.failed(1);
        assert!(said.contains("not valid"), "{said}");
    }

    async fn a_name_that_would_steer_a_terminal_is_printed_without_that(app) {
        let (owner, _, shell) = admin(app).await;
        owner.create("Billing", SystemRole::ApiClient).await;
        // No operation lets such a name in; a broken or hostile server could still send one.
        app.database.execute("UPDATE api_keys SET name = 'a\u{1b}[2Jb' WHERE name = 'Billing'").await;
        for more in [&["--json"][..], &[]] {
            let said = shell.run(&[&["keys", "list"], more].concat()).await.good();
            assert!(!said.contains('\u{1b}') && said.contains("[2Jb"), "{said:?}");
        }
    }
}
