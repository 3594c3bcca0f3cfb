//! `/v1/roles` and `/v1/permissions`: what a key does with roles.

use serde_json::{Value, json};
use shared::{Permission, role::SystemRole};

use crate::harness::{both_databases, refused};

both_databases! {
    async fn a_role_is_made_changed_and_replaced(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let body = json!({ "name": "Auditor", "permissions": ["api.key.view"] });
        let answer = admin.caller.post_json("/v1/roles", &body).await;
        let path = answer.header("location").to_owned();
        assert_eq!((answer.status, &answer.data()["description"]), (201, &json!("")));
        assert_eq!(admin.caller.post_json("/v1/roles", &body).await.refusal(), refused(409, "conflict"));

        let changed = admin.caller.patch(&path, &json!({ "permissions": ["audit.view"] })).await.data();
        assert_eq!((&changed["name"], &changed["permissions"], &changed["version"]), (&json!("Auditor"), &json!(["audit.view"]), &json!(2)));

        let role = changed["id"].as_str().expect("an id").parse().expect("an id");
        let holder = owner.key_with(role).await;
        assert_eq!(admin.caller.get(&path).await.data()["holders"]["keys"], 1);
        assert_eq!(admin.caller.delete(&path).await.refusal(), refused(409, "role_in_use"));
        let client = owner.role(SystemRole::ApiClient).await;
        assert_eq!(admin.caller.delete(&format!("{path}?replacment={client}")).await.refusal(), refused(400, "invalid_parameter"));
        let gone = admin.caller.delete(&format!("{path}?replacement={client}")).await.data();
        assert_eq!(gone, json!({ "id": role, "deleted": true }));
        assert_eq!(admin.caller.get(&path).await.refusal(), refused(404, "not_found"));
        holder.caller.get("/v1/ip/8.8.8.8").await.data();
    }

    async fn no_name_is_taken_by_what_a_deleted_role_is_called(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let made = async |name: String| {
            let answer = admin.caller.post_json("/v1/roles", &json!({ "name": name, "permissions": [] })).await;
            assert_eq!(answer.status, 201, "{answer:?}");
            answer.header("location").to_owned()
        };
        let first = made("First".to_owned()).await;
        let called = format!("First (deleted, {})", first.trim_start_matches("/v1/roles/"));
        admin.caller.delete(&first).await.data();
        made(called).await;
        // The other way round, too.
        let second = made("Second".to_owned()).await;
        made(format!("Second (deleted, {})", second.trim_start_matches("/v1/roles/"))).await;
        admin.caller.delete(&second).await.data();
    }

    async fn the_roles_of_the_system_are_locked(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let path = format!("/v1/roles/{}", owner.role(SystemRole::Member).await);
        let body = json!({ "name": "Mine" });
        assert_eq!(admin.caller.patch(&path, &body).await.refusal(), refused(403, "system_role_locked"));
        assert_eq!(admin.caller.delete(&path).await.refusal(), refused(403, "system_role_locked"));
    }

    async fn a_role_that_is_given_to_a_key_cannot_be_the_owners(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let roles = admin.caller.get("/v1/roles?q=owner").await.data()["items"].clone();
        let body = json!({ "name": "x", "role_id": roles[0]["id"], "environment": "staging" });
        assert_eq!(admin.caller.post_json("/v1/keys", &body).await.refusal(), refused(409, "conflict"));
    }

    async fn the_applications_own_permissions_stand_beside_the_catalogue(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let body = json!({ "name": "orders.read", "description": "See orders." });
        let answer = admin.caller.post_json("/v1/permissions", &body).await;
        assert_eq!((answer.status, answer.header("location")), (201, "/v1/permissions/orders.read"));
        assert_eq!(answer.data()["built_in"], false);
        assert_eq!(admin.caller.post_json("/v1/permissions", &body).await.refusal(), refused(409, "conflict"));
        let path = "/v1/permissions/orders.read";
        assert_eq!(admin.caller.patch(path, &json!({ "description": "Changed." })).await.data()["description"], "Changed.");

        let items = admin.caller.get("/v1/permissions?limit=100").await.data()["items"].clone();
        let items = items.as_array().expect("a list");
        assert_eq!(items.len(), Permission::ALL.len() + 1);
        assert_eq!((&items[0]["name"], &items[0]["built_in"], &items[0]["group"]), (&json!("api.key.view"), &json!(true), &json!("API keys")));
        assert_eq!(items.last().expect("one")["name"], "orders.read");

        owner.role_with("Reader", &["orders.read"]).await;
        let gone = admin.caller.delete(path).await.data();
        assert_eq!(gone, json!({ "name": "orders.read", "deleted": true, "taken_from_roles": ["Reader"] }));
        assert_eq!(admin.caller.get(path).await.refusal(), refused(404, "not_found"));
    }

    async fn the_catalogue_can_be_read_and_not_changed(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let path = "/v1/permissions/api.key.view";
        assert_eq!(admin.caller.get(path).await.data()["created_at"], Value::Null);
        assert_eq!(admin.caller.patch(path, &json!({ "description": "Mine." })).await.refusal(), refused(404, "not_found"));
        assert_eq!(admin.caller.delete(path).await.refusal(), refused(404, "not_found"));
        let taken = json!({ "name": "api.key.rotate", "description": "Mine." });
        assert_eq!(admin.caller.post_json("/v1/permissions", &taken).await.refusal(), refused(422, "invalid_field"));
    }
}
