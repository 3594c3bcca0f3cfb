//! The organization's own permissions: registered, put in roles, asked for, and removed.

use serde_json::{Value, json};
use shared::{
    AppError,
    permission::ApplicationPermission,
    role::{RoleList, SystemRole},
};

use crate::harness::{Person, both_databases, refused};

async fn register(person: &Person, name: &str) -> crate::harness::Answer {
    person.caller.call("permission_create", json!({ "name": name, "description": "See orders." })).await
}

both_databases! {
    async fn verify_honours_it_for_the_roles_that_hold_it(app) {
        let owner = app.owner().await;
        register(&owner, "orders.read").await.ok::<ApplicationPermission>();
        let role = owner.role_with("Shop", &["orders.read"]).await;
        let (shop, client) = (owner.key_with(role.id).await, owner.key(SystemRole::ApiClient).await);
        let asked = "/v1/verify?permission=orders.read";
        assert_eq!(shop.caller.get(asked).await.status, 200);
        assert_eq!(client.caller.get(asked).await.refusal(), refused(403, "permission_missing"));
        assert_eq!(shop.caller.get("/v1/verify?permission=orders.write").await.refusal(), refused(403, "permission_missing"));
        assert_eq!(shop.caller.get("/v1/me").await.data()["permissions"], json!(["orders.read"]));
    }

    async fn owner_and_admin_hold_every_one_and_whoever_else_registers_it_does_not(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Registrar", &["organization.role.create", "organization.role.view"]).await;
        let registrar = app.member_with(&owner, role.id).await;
        register(&registrar, "orders.read").await.ok::<ApplicationPermission>();
        assert!(owner.viewer().await.permissions.holds_name("orders.read"));
        assert!(!registrar.viewer().await.permissions.holds_name("orders.read"));
        let params = json!({ "params": { "name": "Mine", "description": "", "permissions": ["orders.read"] } });
        let AppError::AboveCeiling { permission, .. } = registrar.caller.call("role_create", params).await.error() else {
            panic!("the ceiling")
        };
        assert_eq!(permission, "orders.read");
    }

    async fn a_name_that_is_malformed_taken_or_the_consoles_is_refused(app) {
        let owner = app.owner().await;
        register(&owner, "orders.read").await.ok::<ApplicationPermission>();
        for bad in ["", "orders", "Orders.Read", "orders.read", "api.key.view", "organization.x", "a\0.b"] {
            let error = register(&owner, bad).await.error();
            assert!(error.on_field("name").is_some(), "{bad:?}: {error:?}");
        }
    }

    async fn removing_it_takes_it_from_every_role_at_once_and_names_them(app) {
        let owner = app.owner().await;
        register(&owner, "orders.read").await.ok::<ApplicationPermission>();
        let role = owner.role_with("Shop", &["orders.read", "ip.lookup"]).await;
        let shop = owner.key_with(role.id).await;
        let losing: Vec<String> = owner.caller.call("permission_delete", json!({ "name": "orders.read" })).await.ok();
        assert_eq!(losing, ["Shop"]);
        assert_eq!(shop.caller.get("/v1/verify?permission=orders.read").await.refusal(), refused(403, "permission_missing"));
        shop.caller.get("/v1/ip/8.8.8.8").await.data();
        assert!(!owner.viewer().await.permissions.holds_name("orders.read"));
        // Registered again, nobody has it back.
        register(&owner, "orders.read").await.ok::<ApplicationPermission>();
        assert_eq!(shop.caller.get("/v1/verify?permission=orders.read").await.refusal(), refused(403, "permission_missing"));
    }

    async fn its_description_can_be_changed(app) {
        let owner = app.owner().await;
        register(&owner, "orders.read").await.ok::<ApplicationPermission>();
        let params = json!({ "name": "orders.read", "description": " Look at orders. " });
        owner.caller.call("permission_update", params).await.ok::<ApplicationPermission>();
        let list: RoleList = owner.caller.call("role_list", json!({})).await.ok();
        assert_eq!(list.application_permissions[0].description, "Look at orders.");
    }

    async fn another_organizations_is_unknown(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        register(&owner, "orders.read").await.ok::<ApplicationPermission>();
        let role = owner.role_with("Shop", &["orders.read"]).await;
        let key = owner.key_with(role.id).await;
        for function in ["permission_delete", "permission_update"] {
            let error = stranger.caller.call(function, json!({ "name": "orders.read", "description": "x" })).await.error();
            assert_eq!(error, AppError::not_found("application permission"), "{function}");
        }
        register(&stranger, "orders.read").await.ok::<ApplicationPermission>();
        stranger.caller.call("permission_delete", json!({ "name": "orders.read" })).await.ok::<Value>();
        assert_eq!(key.caller.get("/v1/verify?permission=orders.read").await.status, 200);
    }
}
