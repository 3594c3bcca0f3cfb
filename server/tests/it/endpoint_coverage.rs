//! Every endpoint there is, called by everybody who should not be let through.
//!
//! The lists come from the server itself. An endpoint that is added without a row here fails the first test, so
//! nobody can forget to say who may call it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::{
    key::{KeyListParams, KeyView},
    role::SystemRole,
};

use crate::harness::{Answer, Caller, both_databases};

/// Who may call a server function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Anybody may; it is about the caller's own session.
    Nothing,
    /// A session that sees keys.
    Viewing,
    /// A session that changes keys.
    Changing,
}

const FUNCTIONS: &[(&str, Needs)] = &[
    ("session", Needs::Nothing),
    ("sign_up_policy", Needs::Nothing),
    ("sign_up", Needs::Nothing),
    ("sign_in", Needs::Nothing),
    ("sign_out", Needs::Nothing),
    ("key_list", Needs::Viewing),
    ("key_get", Needs::Viewing),
    ("key_create", Needs::Changing),
    ("key_update", Needs::Changing),
    ("key_pause", Needs::Changing),
    ("key_resume", Needs::Changing),
    ("key_revoke", Needs::Changing),
];

/// Method, path, and which system role a key needs at least; `None`: anybody may.
const ROUTES: &[(&str, &str, Option<SystemRole>)] = &[
    ("GET", "/v1/health", None),
    ("GET", "/v1/me", Some(SystemRole::Member)),
    ("GET", "/v1/verify", Some(SystemRole::Member)),
    ("HEAD", "/v1/verify", Some(SystemRole::Member)),
    ("POST", "/v1/verify", Some(SystemRole::Admin)),
    ("GET", "/v1/ip/{address}", Some(SystemRole::ApiClient)),
];

/// Arguments that would do something, had the caller the right to it.
fn arguments(function: &str, key: &KeyView) -> Value {
    let form = json!({ "id": key.id, "version": key.version, "name": "Changed", "role": key.role.id, "environment": "staging" });
    match function {
        "key_list" => json!({ "params": KeyListParams::default() }),
        "key_create" => json!({ "params": { "name": "New", "role": key.role.id, "environment": "staging" } }),
        "key_update" => json!({ "params": form }),
        "key_revoke" => json!({ "id": key.id, "reason": "" }),
        _ => json!({ "id": key.id }),
    }
}

async fn call_route(caller: &Caller, method: &str, path: &str) -> Answer {
    let path = path.replace("{address}", "8.8.8.8");
    let body = if method == "POST" { json!({ "secret": "x" }).to_string() } else { String::new() };
    caller.request(method, &path, Some("application/json"), body).await
}

#[test]
fn every_server_function_and_every_route_has_a_row_here() {
    // Naming the application keeps its functions in this executable.
    let _application = app::App;
    let there: BTreeSet<String> =
        leptos::server_fn::axum::server_fn_paths().map(|(path, method)| format!("{method} {path}")).collect();
    let listed: BTreeSet<String> = FUNCTIONS.iter().map(|(name, _)| format!("POST /api/{name}")).collect();
    assert_eq!(there, listed);
    let there: BTreeSet<_> = server::v1::ROUTES.iter().copied().collect();
    let listed: BTreeSet<_> = ROUTES.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(there, listed);
}

both_databases! {
    async fn without_a_session_every_function_that_needs_one_is_refused(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        // A key is no session.
        for caller in [app.visitor(), key.caller.clone(), app.visitor().with("cookie", "ipaware_session=x")] {
            for (function, _) in FUNCTIONS.iter().filter(|(_, needs)| *needs != Needs::Nothing) {
                let error = caller.call(function, arguments(function, &key.view)).await.error();
                assert_eq!(error, shared::AppError::SignedOut, "{function}");
            }
        }
    }

    async fn a_member_may_look_and_a_member_without_permissions_may_nothing(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let nobody = app.member_of(&owner, SystemRole::ApiClient).await;
        for (function, needs) in FUNCTIONS.iter().filter(|(_, needs)| *needs != Needs::Nothing) {
            let status = member.caller.call(function, arguments(function, &key)).await.status;
            assert_eq!(status, if *needs == Needs::Viewing { 200 } else { 403 }, "{function}");
            assert_eq!(nobody.caller.call(function, arguments(function, &key)).await.status, 403, "{function}");
        }
        assert_eq!(owner.key_get(key.id).await, key, "nothing was changed");
    }

    async fn the_owner_of_another_organization_reaches_nothing_here(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.key(SystemRole::ApiClient).await.view;
        for (function, _) in FUNCTIONS.iter().filter(|(name, needs)| *needs != Needs::Nothing && *name != "key_list") {
            let answer = stranger.caller.call(function, arguments(function, &key)).await;
            // Creating with a role of this organization is a wrong field; everything else names a key that is not there.
            assert!(matches!(answer.status, 404 | 422), "{function}: {answer:?}");
        }
        let list = stranger.caller.call("key_list", arguments("key_list", &key)).await;
        assert!(!list.text.contains(&key.id.to_string()));
        assert_eq!(owner.key_get(key.id).await, key, "nothing was changed");
    }

    async fn without_a_key_every_route_but_health_is_refused(app) {
        let session = app.owner().await.caller;
        for caller in [app.visitor(), session, app.visitor().bearer("nonsense")] {
            for (method, path, needs) in ROUTES {
                let status = call_route(&caller, method, path).await.status;
                assert_eq!(status, if needs.is_some() { 401 } else { 200 }, "{method} {path}");
            }
        }
    }

    async fn a_key_reaches_what_its_role_allows_and_nothing_else(app) {
        let owner = app.owner().await;
        for role in [SystemRole::Admin, SystemRole::Member, SystemRole::ApiClient] {
            let key = owner.key(role).await;
            for (method, path, needs) in ROUTES {
                let allowed = match needs {
                    None => true,
                    // What a member may takes no permission at all.
                    Some(SystemRole::Member) => true,
                    Some(needed) => role.permissions().contains_all(needed.permissions()),
                };
                let status = call_route(&key.caller, method, path).await.status;
                assert_eq!(status, if allowed { 200 } else { 403 }, "{role:?}: {method} {path}");
            }
        }
    }
}
