//! Roles: making, changing and deleting them, and what that does to whoever holds them.

use serde_json::{Value, json};
use shared::{
    AppError, Permission,
    key::{KeyListParams, KeyView, StatusFilter},
    role::{RoleHolders, RoleList, RoleView, SystemRole},
};

use crate::harness::{Person, both_databases, refused};

fn created(name: &str, permissions: &[&str]) -> Value {
    json!({ "params": { "name": name, "description": "For tests", "permissions": permissions } })
}

fn updated(role: &RoleView, permissions: &[&str]) -> Value {
    json!({ "params": { "id": role.id, "version": role.version, "name": role.name,
        "description": role.description, "permissions": permissions } })
}

fn deleted(role: &RoleView, replacement: Option<shared::RoleId>) -> Value {
    json!({ "params": { "id": role.id, "version": role.version, "replacement": replacement } })
}

async fn list(person: &Person) -> RoleList {
    person.caller.call("role_list", json!({})).await.ok()
}

both_databases! {
    async fn the_list_has_the_system_roles_first_and_counts_who_holds_each(app) {
        let owner = app.owner().await;
        app.member_of(&owner, SystemRole::Admin).await;
        owner.key(SystemRole::ApiClient).await;
        let revoked = owner.key(SystemRole::ApiClient).await;
        owner.caller.call("key_revoke", json!({ "id": revoked.view.id, "reason": "" })).await.ok::<Value>();
        owner.role_with("zebra", &[]).await;
        owner.role_with("Ant", &["ip.lookup"]).await;
        let roles = list(&owner).await.roles;
        let names: Vec<_> = roles.iter().map(|role| role.name.as_str()).collect();
        let expected = ["Organization Owner", "Organization Admin", "Organization Member", "API Client", "Ant", "zebra"];
        assert_eq!(names, expected);
        let holders = |name: &str| roles.iter().find(|role| role.name == name).expect("a role").holders;
        assert_eq!(holders("API Client"), RoleHolders { keys: 1, ..RoleHolders::default() });
        assert_eq!(holders("Organization Admin"), RoleHolders { members: 1, ..RoleHolders::default() });
    }

    async fn a_role_can_be_created_and_given_to_a_key(app) {
        let owner = app.owner().await;
        let role: RoleView = owner.caller.call("role_create", created("  Reader  ", &["ip.lookup", "usage.view"])).await.ok();
        assert_eq!((role.name.as_str(), role.version, role.system), ("Reader", 1, None));
        assert_eq!(role.permissions.names().collect::<Vec<_>>(), ["usage.view", "ip.lookup"]);
        let key = owner.key_with(role.id).await;
        key.caller.get("/v1/ip/8.8.8.8").await.data();
        assert_eq!(key.caller.get("/v1/verify?permission=api.key.view").await.refusal(), refused(403, "permission_missing"));
    }

    async fn a_name_that_is_empty_too_long_or_taken_and_an_unknown_permission_are_refused(app) {
        let owner = app.owner().await;
        owner.role_with("Reader", &[]).await;
        for (name, permissions, field) in [
            ("", vec![], "name"), (&"x".repeat(61), vec![], "name"), ("reader", vec![], "name"),
            ("organization owner", vec![], "name"), ("a\u{202e}b", vec![], "name"),
            ("New", vec!["orders.read"], "permissions"), ("New", vec!["*"], "permissions"),
        ] {
            let error = owner.caller.call("role_create", created(name, &permissions)).await.error();
            assert!(error.on_field(field).is_some(), "{name}: {error:?}");
        }
        assert_eq!(list(&owner).await.roles.len(), 5);
    }

    async fn a_change_is_in_force_for_the_next_request_of_every_key_and_member(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Operator", &["ip.lookup", "api.key.view"]).await;
        let (key, member) = (owner.key_with(role.id).await, app.member_with(&owner, role.id).await);
        key.caller.get("/v1/ip/8.8.8.8").await.data();
        member.keys(KeyListParams::default()).await;

        let role: RoleView = owner.caller.call("role_update", updated(&role, &["organization.role.view"])).await.ok();
        assert_eq!((role.version, role.holders), (2, RoleHolders { keys: 1, members: 1, invitations: 0 }));
        assert_eq!(key.caller.get("/v1/ip/8.8.8.8").await.refusal(), refused(403, "permission_missing"));
        let error = member.caller.call("key_list", json!({ "params": KeyListParams::default() })).await.error();
        assert_eq!(error, AppError::Forbidden { permission: Permission::KeyView });
        list(&member).await;

        owner.caller.call("role_update", updated(&role, &["ip.lookup"])).await.ok::<RoleView>();
        key.caller.get("/v1/ip/8.8.8.8").await.data();
    }

    async fn an_edit_from_an_old_version_is_refused(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Reader", &[]).await;
        owner.caller.call("role_update", updated(&role, &["ip.lookup"])).await.ok::<RoleView>();
        for (function, arguments) in [("role_update", updated(&role, &[])), ("role_delete", deleted(&role, None))] {
            assert_eq!(owner.caller.call(function, arguments).await.error(), AppError::stale("role"), "{function}");
        }
        assert_eq!(owner.role_get(role.id).await.role.permissions.names().collect::<Vec<_>>(), ["ip.lookup"]);
    }

    async fn system_roles_are_locked(app) {
        let owner = app.owner().await;
        for role in list(&owner).await.roles {
            for (function, arguments) in [("role_update", updated(&role, &[])), ("role_delete", deleted(&role, None))] {
                assert_eq!(owner.caller.call(function, arguments).await.error(), AppError::SystemRoleLocked, "{}", role.name);
            }
        }
    }

    async fn a_role_that_nobody_holds_is_deleted_and_its_name_is_free_again(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Reader", &["ip.lookup"]).await;
        owner.caller.call("role_delete", deleted(&role, None)).await.ok::<()>();
        let error = owner.caller.call("role_get", json!({ "id": role.id })).await.error();
        assert_eq!(error, AppError::not_found("role"));
        owner.role_with("Reader", &[]).await;
    }

    async fn a_role_in_use_is_deleted_with_a_replacement_in_the_same_step(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Reader", &["ip.lookup"]).await;
        let (key, member) = (owner.key_with(role.id).await, app.member_with(&owner, role.id).await);
        owner.invite("late@example.com", role.id).await;

        let error = owner.caller.call("role_delete", deleted(&role, None)).await.error();
        let holders = RoleHolders { keys: 1, members: 1, invitations: 1 };
        assert_eq!(error, AppError::RoleInUse { holders });
        for wrong in [role.id, shared::RoleId::from_bits(1), list(&owner).await.roles[0].id] {
            let error = owner.caller.call("role_delete", deleted(&role, Some(wrong))).await.error();
            assert!(error.on_field("replacement").is_some(), "{error:?}");
        }

        let replacement = owner.role_with("Viewer", &["usage.view"]).await;
        owner.caller.call("role_delete", deleted(&role, Some(replacement.id))).await.ok::<()>();
        assert_eq!(owner.role_get(replacement.id).await.role.holders, holders);
        assert_eq!(key.caller.get("/v1/ip/8.8.8.8").await.refusal(), refused(403, "permission_missing"));
        assert_eq!(key.caller.get("/v1/me").await.data()["role"]["name"], "Viewer");
        assert_eq!(member.viewer().await.roles, ["Viewer"]);
    }

    async fn a_revoked_key_keeps_the_name_of_its_deleted_role(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Reader", &["ip.lookup"]).await;
        let key = owner.key_with(role.id).await;
        owner.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "" })).await.ok::<Value>();
        owner.caller.call("role_delete", deleted(&role, None)).await.ok::<()>();
        let all = KeyListParams { status: StatusFilter::All, ..KeyListParams::default() };
        let rows: Vec<KeyView> = owner.keys(all).await.page.rows;
        assert!(rows[0].role.name.starts_with("Reader (deleted"), "{}", rows[0].role.name);
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
    }

    async fn holders_are_shown_to_whoever_may_see_them(app) {
        let owner = app.owner().await;
        let auditor = owner.role_with("Auditor", &["organization.role.view"]).await;
        let auditor = app.member_with(&owner, auditor.id).await;
        let role = owner.role_with("Reader", &["ip.lookup"]).await;
        let key = owner.key_with(role.id).await;
        let (seen, hidden) = (owner.role_get(role.id).await, auditor.role_get(role.id).await);
        assert_eq!(seen.keys.expect("keys")[0].id, key.view.id);
        assert_eq!(seen.members.expect("members").len(), 0);
        assert_eq!((hidden.keys, hidden.members), (None, None));
        assert!(hidden.role.locked.expect("a reason").contains("ip.lookup"));
    }

    async fn the_role_of_another_organization_does_not_exist(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let role = owner.role_with("Reader", &[]).await;
        for (function, arguments) in [
            ("role_get", json!({ "id": role.id })), ("role_update", updated(&role, &[])), ("role_delete", deleted(&role, None)),
        ] {
            assert_eq!(stranger.caller.call(function, arguments).await.error(), AppError::not_found("role"), "{function}");
        }
        assert_eq!(owner.role_get(role.id).await.role, role);
    }

    async fn of_two_edits_at_the_same_moment_one_is_stale(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Reader", &[]).await;
        let edits = [updated(&role, &["ip.lookup"]), updated(&role, &["usage.view"])];
        let answers = crate::harness::together(2, async |n| owner.caller.call("role_update", edits[n].clone()).await).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        assert_eq!(owner.role_get(role.id).await.role.version, 2);
    }
}
