//! `ipaware roles`.

use serde_json::{Value, json};
use shared::role::SystemRole;

use super::Shell;
use crate::harness::both_databases;

both_databases! {
    async fn a_role_is_created_shown_edited_and_deleted_by_its_name(app) {
        let shell = Shell::of(app, &app.owner().await.key(SystemRole::Admin).await);
        let create = ["roles", "create", "--name", "Key Auditor", "--description", "Looks.", "--permission", "api.key.view",
            "--permission", "audit.view", "--json"];
        let role = shell.run(&create).await.json();
        assert_eq!(role["permissions"], json!(["api.key.view", "audit.view"]));
        let id = role["id"].as_str().expect("an id");

        let edit = ["roles", "edit", "Key Auditor", "--json"];
        let edited = async |change: &[&str]| shell.run(&[&edit[..], change].concat()).await.json();
        let more = edited(&["--add", "usage.view", "--add", "api.key.view", "--remove", "audit.view"]).await;
        assert_eq!((&more["permissions"], &more["description"]), (&json!(["api.key.view", "usage.view"]), &json!("Looks.")));
        let told = edited(&["--description", "Looks, and touches nothing."]).await;
        assert_eq!((&told["permissions"], &told["name"]), (&more["permissions"], &json!("Key Auditor")));
        let mistyped = shell.run(&["roles", "edit", id, "--remove", "audit.veiw"]).await.failed(1);
        assert!(mistyped.contains("audit.veiw"), "{mistyped}");

        let table = shell.run(&["roles", "show", id]).await.good();
        for text in [id, "Key Auditor", "custom", "Looks, and touches nothing.", "nobody"] {
            assert!(table.contains(text), "{text}: {table}");
        }
        assert!(table.trim_end().ends_with("api.key.view\n             usage.view"), "one a line: {table}");

        let unasked = shell.run(&["roles", "delete", "Key Auditor"]).await.failed(2);
        assert!(unasked.contains("--yes"), "{unasked}");
        assert_eq!(shell.run(&["roles", "delete", "Key Auditor", "--yes"]).await.good(), format!("{id} was deleted.\n"));
        let gone = shell.run(&["roles", "show", id]).await.failed(1);
        assert!(gone.contains("request req_"), "{gone}");
    }

    async fn a_role_that_is_held_is_deleted_with_a_replacement(app) {
        let owner = app.owner().await;
        let shell = Shell::of(app, &owner.key(SystemRole::Admin).await);
        let role = owner.role_with("Old", &["ip.lookup"]).await.id;
        let client = owner.key_with(role).await;
        let held = shell.run(&["roles", "delete", "Old", "--yes"]).await.failed(1);
        assert!(held.contains("1 key"), "{held}");
        let gone = shell.run(&["roles", "delete", "Old", "--replacement", "API Client", "--yes", "--json"]).await.json();
        assert_eq!(gone, json!({ "id": role.to_string(), "deleted": true }));
        assert_eq!(owner.key_get(client.view.id).await.role.name, "API Client");
    }

    async fn the_list_is_a_table_or_json(app) {
        let owner = app.owner().await;
        let shell = Shell::of(app, &owner.key(SystemRole::Admin).await);
        owner.role_with("Looker", &["api.key.view"]).await;
        let table = shell.run(&["roles", "list"]).await.good();
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[0].starts_with("Name") && lines[0].contains("Held by") && lines.len() == 6, "{table}");
        assert!(lines[1].contains("Organization Owner") && lines[1].contains("system"), "{table}");
        assert!(lines[5].contains("Looker") && lines[5].contains("custom") && lines[5].contains("nobody"), "{table}");
        let json = shell.run(&["roles", "list", "--json", "--search", "look"]).await.json();
        let names: Vec<&Value> = json.as_array().expect("a list").iter().map(|role| &role["name"]).collect();
        assert!(names.contains(&&json!("Looker")) && names.len() < 5, "{names:?}");
        assert_eq!(shell.run(&["roles", "list", "--json", "--limit", "2"]).await.json().as_array().map(Vec::len), Some(2));
    }

    async fn a_refusal_says_why(app) {
        let owner = app.owner().await;
        let shell = Shell::of(app, &owner.key(SystemRole::Admin).await);
        let locked = shell.run(&["roles", "edit", "API Client", "--name", "Mine"]).await.failed(1);
        assert!(locked.contains("System roles are locked"), "{locked}");
        let weak = Shell::of(app, &owner.key_with(owner.role_with("R", &["organization.role.view", "organization.role.create"]).await.id).await);
        let above = weak.run(&["roles", "create", "--name", "Strong", "--permission", "audit.view"]).await.failed(1);
        assert!(above.contains("audit.view"), "{above}");
        let none = weak.run(&["roles", "delete", "API Client", "--yes"]).await.failed(1);
        assert!(none.contains("organization.role.delete"), "{none}");
        let unknown = weak.run(&["roles", "show", "api client"]).await.failed(1);
        assert!(unknown.contains("There is no role"), "names are exact: {unknown}");
    }
}
