//! Every endpoint there is, called by everybody who should not be let through.
//!
//! The lists come from the server itself. An endpoint that is added without a row here fails the first test, so
//! nobody can forget to say who may call it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::{
    AlertId, AppError, DeliveryId, InvitationId, MemberId, Permission, WebhookId,
    account::SessionList,
    alert::{AlertListParams, AlertSettings},
    audit::AuditParams,
    explain::ExplainParams,
    key::{KeyListParams, KeyView},
    permission::ApplicationPermission,
    role::{RoleView, SystemRole},
    team::TeamListParams,
    usage::Window,
    whitelist::{WhitelistEntry, WhitelistListParams, WhitelistMode},
};

use crate::harness::{Answer, Caller, NOW, PASSWORD, Person, TestApp, both_databases, refused};

/// Who may call a server function or a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Anybody may; it is about the caller's own session, or proves itself by what it brings.
    Nothing,
    /// Anybody with a session may: it is about their own account.
    Session,
    /// Any genuine key may.
    AnyKey,
    /// A session whose roles hold this; for a route, a key whose role does.
    Holding(Permission),
}

/// What a server function or a route is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// A thing that is named by its id, and must not be found from another organization.
    AThing,
    /// The caller's own organization or account, whatever the arguments.
    TheirOwn,
}

use About::{AThing, TheirOwn};
use Needs::{AnyKey, Holding, Nothing, Session};

const FUNCTIONS: &[(&str, Needs, About)] = &[
    ("session", Nothing, TheirOwn),
    ("sign_up_policy", Nothing, TheirOwn),
    ("sign_up", Nothing, TheirOwn),
    ("sign_in", Nothing, TheirOwn),
    ("sign_out", Nothing, TheirOwn),
    ("invitation_offer", Nothing, TheirOwn),
    ("invitation_accept", Nothing, TheirOwn),
    ("organization_switch", Session, AThing),
    ("session_list", Session, TheirOwn),
    ("session_delete", Session, AThing),
    ("password_change", Session, TheirOwn),
    ("member_leave", Session, TheirOwn),
    ("ownership_transfer", Session, AThing),
    ("key_list", Holding(Permission::KeyView), TheirOwn),
    ("key_get", Holding(Permission::KeyView), AThing),
    ("key_page", Holding(Permission::KeyView), AThing),
    ("key_attention", Holding(Permission::KeyView), TheirOwn),
    ("key_explain", Holding(Permission::UsageView), AThing),
    ("key_notes_update", Holding(Permission::KeyUpdate), AThing),
    ("usage_overview", Holding(Permission::UsageView), TheirOwn),
    ("usage_series", Holding(Permission::UsageView), AThing),
    ("key_create", Holding(Permission::KeyCreate), AThing),
    ("key_update", Holding(Permission::KeyUpdate), AThing),
    ("key_pause", Holding(Permission::KeyUpdate), AThing),
    ("key_resume", Holding(Permission::KeyUpdate), AThing),
    ("key_rotate", Holding(Permission::KeyUpdate), AThing),
    ("key_retire", Holding(Permission::KeyUpdate), AThing),
    ("key_revoke", Holding(Permission::KeyDelete), AThing),
    ("key_contain", Holding(Permission::KeyDelete), AThing),
    ("key_activity", Holding(Permission::UsageView), AThing),
    ("rate_limits_update", Holding(Permission::KeyUpdate), AThing),
    ("role_list", Holding(Permission::RoleView), TheirOwn),
    ("role_get", Holding(Permission::RoleView), AThing),
    ("role_create", Holding(Permission::RoleCreate), TheirOwn),
    ("role_update", Holding(Permission::RoleUpdate), AThing),
    ("role_delete", Holding(Permission::RoleDelete), AThing),
    ("permission_create", Holding(Permission::RoleCreate), TheirOwn),
    ("permission_update", Holding(Permission::RoleUpdate), AThing),
    ("permission_delete", Holding(Permission::RoleDelete), AThing),
    ("team_list", Holding(Permission::MemberView), TheirOwn),
    ("member_get", Holding(Permission::MemberView), AThing),
    ("member_update", Holding(Permission::MemberUpdate), AThing),
    ("member_remove", Holding(Permission::MemberRemove), AThing),
    ("invitation_create", Holding(Permission::Invite), AThing),
    ("invitation_resend", Holding(Permission::Invite), AThing),
    ("invitation_update", Holding(Permission::Invite), AThing),
    ("invitation_withdraw", Holding(Permission::Invite), AThing),
    ("invitation_link", Holding(Permission::Invite), AThing),
    ("whitelist_list", Holding(Permission::WhitelistView), TheirOwn),
    ("whitelist_preview", Holding(Permission::WhitelistView), TheirOwn),
    ("whitelist_create", Holding(Permission::WhitelistCreate), TheirOwn),
    ("whitelist_add", Holding(Permission::WhitelistCreate), TheirOwn),
    ("whitelist_update", Holding(Permission::WhitelistUpdate), AThing),
    ("whitelist_mode_update", Holding(Permission::WhitelistUpdate), TheirOwn),
    ("whitelist_remove", Holding(Permission::WhitelistDelete), AThing),
    ("key_networks_update", Holding(Permission::KeyUpdate), AThing),
    ("alert_list", Holding(Permission::UsageView), TheirOwn),
    ("alert_count", Holding(Permission::UsageView), TheirOwn),
    ("alert_acknowledge", Holding(Permission::OrganizationUpdate), AThing),
    ("alert_mute", Holding(Permission::KeyUpdate), AThing),
    ("alert_unmute", Holding(Permission::KeyUpdate), AThing),
    ("alert_settings_page", Holding(Permission::UsageView), TheirOwn),
    ("alert_settings_update", Holding(Permission::OrganizationUpdate), TheirOwn),
    ("webhook_save", Holding(Permission::OrganizationUpdate), AThing),
    ("webhook_delete", Holding(Permission::OrganizationUpdate), AThing),
    ("webhook_rotate", Holding(Permission::OrganizationUpdate), AThing),
    ("webhook_test", Holding(Permission::OrganizationUpdate), AThing),
    ("delivery_list", Holding(Permission::OrganizationUpdate), AThing),
    ("delivery_replay", Holding(Permission::OrganizationUpdate), AThing),
    ("organization_get", Holding(Permission::OrganizationView), TheirOwn),
    ("audit_list", Holding(Permission::AuditView), TheirOwn),
    ("organization_update", Holding(Permission::OrganizationUpdate), TheirOwn),
];

/// Method and path, what a key has to hold, and what the route is about.
const ROUTES: &[(&str, &str, Needs, About)] = &[
    ("GET", "/v1/health", Nothing, TheirOwn),
    ("GET", "/v1/openapi.json", Nothing, TheirOwn),
    ("GET", "/v1/me", AnyKey, TheirOwn),
    ("GET", "/v1/verify", AnyKey, TheirOwn),
    ("HEAD", "/v1/verify", AnyKey, TheirOwn),
    ("POST", "/v1/verify", Holding(Permission::KeyVerify), TheirOwn),
    ("GET", "/v1/verify/{question}/{*request}", Holding(Permission::IpLookup), TheirOwn),
    ("GET", "/v1/ip/{address}", Holding(Permission::IpLookup), TheirOwn),
    ("GET", "/v1/keys", Holding(Permission::KeyView), TheirOwn),
    ("POST", "/v1/keys", Holding(Permission::KeyCreate), AThing),
    ("GET", "/v1/keys/{id}", Holding(Permission::KeyView), AThing),
    ("PATCH", "/v1/keys/{id}", Holding(Permission::KeyUpdate), AThing),
    ("POST", "/v1/keys/{id}/pause", Holding(Permission::KeyUpdate), AThing),
    ("POST", "/v1/keys/{id}/resume", Holding(Permission::KeyUpdate), AThing),
    ("POST", "/v1/keys/{id}/rotate", Holding(Permission::KeyUpdate), AThing),
    ("POST", "/v1/keys/{id}/retire", Holding(Permission::KeyUpdate), AThing),
    ("POST", "/v1/keys/{id}/revoke", Holding(Permission::KeyDelete), AThing),
    ("GET", "/v1/keys/{id}/rate-limits", Holding(Permission::KeyView), AThing),
    ("PUT", "/v1/keys/{id}/rate-limits", Holding(Permission::KeyUpdate), AThing),
    ("GET", "/v1/usage", Holding(Permission::UsageView), TheirOwn),
    ("GET", "/v1/usage/summary", Holding(Permission::UsageView), TheirOwn),
    ("GET", "/v1/keys/{id}/usage", Holding(Permission::UsageView), AThing),
    ("GET", "/v1/keys/{id}/refusals", Holding(Permission::UsageView), AThing),
    ("GET", "/v1/keys/{id}/activity", Holding(Permission::UsageView), AThing),
    ("POST", "/v1/keys/{id}/contain", Holding(Permission::KeyDelete), AThing),
    ("GET", "/v1/keys/{id}/explain", Holding(Permission::UsageView), AThing),
    ("GET", "/v1/keys/{id}/networks", Holding(Permission::KeyView), AThing),
    ("PUT", "/v1/keys/{id}/networks", Holding(Permission::KeyUpdate), AThing),
    ("GET", "/v1/roles", Holding(Permission::RoleView), TheirOwn),
    ("POST", "/v1/roles", Holding(Permission::RoleCreate), TheirOwn),
    ("GET", "/v1/roles/{id}", Holding(Permission::RoleView), AThing),
    ("PATCH", "/v1/roles/{id}", Holding(Permission::RoleUpdate), AThing),
    ("DELETE", "/v1/roles/{id}", Holding(Permission::RoleDelete), AThing),
    ("GET", "/v1/permissions", Holding(Permission::RoleView), TheirOwn),
    ("POST", "/v1/permissions", Holding(Permission::RoleCreate), TheirOwn),
    ("GET", "/v1/permissions/{name}", Holding(Permission::RoleView), AThing),
    ("PATCH", "/v1/permissions/{name}", Holding(Permission::RoleUpdate), AThing),
    ("DELETE", "/v1/permissions/{name}", Holding(Permission::RoleDelete), AThing),
    ("GET", "/v1/members", Holding(Permission::MemberView), TheirOwn),
    ("GET", "/v1/members/{id}", Holding(Permission::MemberView), AThing),
    ("PATCH", "/v1/members/{id}", Holding(Permission::MemberUpdate), AThing),
    ("DELETE", "/v1/members/{id}", Holding(Permission::MemberRemove), AThing),
    ("GET", "/v1/invitations", Holding(Permission::MemberView), TheirOwn),
    ("POST", "/v1/invitations", Holding(Permission::Invite), AThing),
    ("GET", "/v1/invitations/{id}", Holding(Permission::MemberView), AThing),
    ("PATCH", "/v1/invitations/{id}", Holding(Permission::Invite), AThing),
    ("DELETE", "/v1/invitations/{id}", Holding(Permission::Invite), AThing),
    ("POST", "/v1/invitations/{id}/resend", Holding(Permission::Invite), AThing),
    ("POST", "/v1/invitations/{id}/link", Holding(Permission::Invite), AThing),
    ("GET", "/v1/whitelist", Holding(Permission::WhitelistView), TheirOwn),
    ("POST", "/v1/whitelist", Holding(Permission::WhitelistCreate), TheirOwn),
    ("GET", "/v1/whitelist/{id}", Holding(Permission::WhitelistView), AThing),
    ("PATCH", "/v1/whitelist/{id}", Holding(Permission::WhitelistUpdate), AThing),
    ("DELETE", "/v1/whitelist/{id}", Holding(Permission::WhitelistDelete), AThing),
    ("GET", "/v1/whitelist/mode", Holding(Permission::WhitelistView), TheirOwn),
    ("PATCH", "/v1/whitelist/mode", Holding(Permission::WhitelistUpdate), TheirOwn),
    ("GET", "/v1/whitelist/preview", Holding(Permission::WhitelistView), TheirOwn),
    ("GET", "/v1/whitelist/report", Holding(Permission::WhitelistView), TheirOwn),
    ("GET", "/v1/alerts", Holding(Permission::UsageView), TheirOwn),
    ("GET", "/v1/alerts/{id}", Holding(Permission::UsageView), AThing),
    ("POST", "/v1/alerts/{id}/acknowledge", Holding(Permission::OrganizationUpdate), AThing),
    ("GET", "/v1/alert-mutes", Holding(Permission::UsageView), TheirOwn),
    ("POST", "/v1/alert-mutes", Holding(Permission::KeyUpdate), AThing),
    ("DELETE", "/v1/alert-mutes/{id}", Holding(Permission::KeyUpdate), AThing),
    ("GET", "/v1/alert-settings", Holding(Permission::UsageView), TheirOwn),
    ("PATCH", "/v1/alert-settings", Holding(Permission::OrganizationUpdate), TheirOwn),
    ("GET", "/v1/webhooks", Holding(Permission::OrganizationUpdate), TheirOwn),
    ("POST", "/v1/webhooks", Holding(Permission::OrganizationUpdate), TheirOwn),
    ("GET", "/v1/webhooks/{id}", Holding(Permission::OrganizationUpdate), AThing),
    ("PATCH", "/v1/webhooks/{id}", Holding(Permission::OrganizationUpdate), AThing),
    ("DELETE", "/v1/webhooks/{id}", Holding(Permission::OrganizationUpdate), AThing),
    ("POST", "/v1/webhooks/{id}/rotate", Holding(Permission::OrganizationUpdate), AThing),
    ("POST", "/v1/webhooks/{id}/test", Holding(Permission::OrganizationUpdate), AThing),
    ("GET", "/v1/webhooks/{id}/deliveries", Holding(Permission::OrganizationUpdate), AThing),
    ("GET", "/v1/webhook-deliveries/{id}", Holding(Permission::OrganizationUpdate), AThing),
    ("POST", "/v1/webhook-deliveries/{id}/replay", Holding(Permission::OrganizationUpdate), AThing),
    ("GET", "/v1/organization", Holding(Permission::OrganizationView), TheirOwn),
    ("PATCH", "/v1/organization", Holding(Permission::OrganizationUpdate), TheirOwn),
    ("GET", "/v1/audit", Holding(Permission::AuditView), TheirOwn),
    ("GET", "/v1/audit/{seq}", Holding(Permission::AuditView), TheirOwn),
];

/// One of everything, in one organization.
struct Things {
    owner: Person,
    key: KeyView,
    role: RoleView,
    member: MemberId,
    invitation: InvitationId,
    entry: WhitelistEntry,
    session: shared::SessionId,
    alert: AlertId,
    webhook: WebhookId,
    message: DeliveryId,
    other_organization: shared::OrganizationId,
}

impl Things {
    async fn make(app: &TestApp) -> Self {
        let owner = app.owner().await;
        let permission = json!({ "name": "orders.read", "description": "See orders." });
        owner.caller.call("permission_create", permission).await.ok::<ApplicationPermission>();
        let role = owner.role_with("Reader", &["orders.read"]).await;
        let invited = owner.invite("ada@example.com", role.id).await;
        let alert = owner.alert(app).await;
        let webhook = owner.webhook("https://hooks.example.com/ipaware").await.0.id;
        let message: DeliveryId = owner.caller.call("webhook_test", json!({ "id": webhook })).await.ok();
        let sessions: SessionList = owner.caller.call("session_list", json!({})).await.ok();
        Self {
            key: owner.key_with(role.id).await.view,
            member: app.member_with(&owner, role.id).await.viewer.member,
            invitation: invited.invitation.id,
            entry: owner.whitelist("203.0.113.0/24", "Office").await,
            session: sessions.sessions[0].id,
            other_organization: owner.viewer.organization,
            alert,
            webhook,
            message,
            role,
            owner,
        }
    }

    /// Arguments that would do something, had the caller the right to it.
    fn arguments(&self, function: &str) -> Value {
        let Self { key, role, member, invitation, entry, alert, webhook, message, .. } = self;
        let line = |address: &str| json!({ "address": address, "label": "" });
        match function {
            "key_list" => json!({ "params": KeyListParams::default() }),
            "key_create" => json!({ "params": { "name": "New", "role": role.id, "environment": "staging" } }),
            "key_update" => json!({ "params": { "id": key.id, "version": key.version, "name": "Changed",
                "role": role.id, "environment": "staging" } }),
            "key_notes_update" => json!({ "params": { "id": key.id, "version": key.version, "notes": "Changed.",
                "deployed_to": "" } }),
            "key_explain" => json!({ "id": key.id, "params": ExplainParams::default() }),
            "usage_series" => json!({ "key": key.id, "window": Window::Month }),
            "key_contain" => json!({ "params": { "id": key.id, "version": key.version, "containment": "revoke",
                "reason": "It was in a log." } }),
            "key_activity" => json!({ "id": key.id, "since": NOW }),
            "key_revoke" => json!({ "id": key.id, "reason": "" }),
            "key_rotate" => json!({ "params": { "id": key.id, "version": key.version, "overlap_seconds": 3_600 } }),
            "rate_limits_update" => json!({ "params": { "key": key.id, "before": [],
                "limits": [{ "window": "hour", "requests": 1 }] } }),
            "key_page" => json!({ "id": key.id, "window": Window::Month }),
            "key_get" | "key_pause" | "key_resume" | "key_retire" => json!({ "id": key.id }),
            "role_get" => json!({ "id": role.id }),
            "role_create" => json!({ "params": { "name": "New", "description": "", "permissions": [] } }),
            "role_update" => json!({ "params": { "id": role.id, "version": role.version, "name": "Changed",
                "description": "", "permissions": [] } }),
            "role_delete" => json!({ "params": { "id": role.id, "version": role.version } }),
            "permission_create" => json!({ "name": "orders.write", "description": "Write." }),
            "permission_update" | "permission_delete" => json!({ "name": "orders.read", "description": "Changed." }),
            "audit_list" => json!({ "params": AuditParams::default(), "cursor": null }),
            "team_list" => json!({ "params": TeamListParams::default() }),
            "member_get" | "member_remove" => json!({ "id": member }),
            "member_update" => json!({ "params": { "id": member, "before": [role.id], "roles": [role.id] } }),
            "ownership_transfer" => json!({ "to": member, "password": PASSWORD }),
            "invitation_create" => json!({ "params": { "email": "bob@example.com", "role": role.id } }),
            "invitation_update" => json!({ "id": invitation, "role": role.id }),
            "invitation_resend" | "invitation_withdraw" | "invitation_link" => json!({ "id": invitation }),
            "whitelist_list" => json!({ "params": WhitelistListParams::default() }),
            "whitelist_create" => json!({ "params": { "line": line("10.0.0.1"), "accept": false } }),
            "whitelist_add" => json!({ "params": { "lines": [line("10.0.0.2")], "accept": false } }),
            "whitelist_update" => json!({ "params": { "id": entry.id, "version": entry.version,
                "line": line("10.0.0.3"), "accept": false } }),
            "whitelist_remove" => json!({ "id": entry.id, "version": entry.version }),
            "whitelist_mode_update" => json!({ "params": { "version": 2, "mode": "report", "accept_empty": false } }),
            "key_networks_update" => json!({ "params": { "before": { "key": key.id, "networks": [] },
                "networks": ["10.0.0.4"] } }),
            "organization_update" => {
                let due = json!({ "production": 90, "others": 180 });
                json!({ "params": { "before": { "name": self.owner.viewer.organization_name, "due": due },
                    "after": { "name": "New", "due": due } } })
            }
            "alert_list" => json!({ "params": AlertListParams::default() }),
            "alert_acknowledge" => json!({ "ids": [alert] }),
            "alert_mute" | "alert_unmute" => json!({ "key": key.id, "kind": "unused", "days": 1 }),
            "alert_settings_update" => json!({ "settings": AlertSettings::default() }),
            "webhook_save" => json!({ "params": { "of": [webhook, 1], "url": "https://hooks.example.com/other",
                "description": "", "kinds": [], "status": "enabled" } }),
            "webhook_delete" | "webhook_rotate" | "webhook_test" => json!({ "id": webhook }),
            "delivery_list" => json!({ "webhook": webhook, "page": 1 }),
            "delivery_replay" => json!({ "id": message }),
            "session_delete" => json!({ "id": self.session }),
            "password_change" => json!({ "current": "wrong", "new": "another purple elephant marches" }),
            _ => json!({}),
        }
    }

    async fn call(&self, caller: &Caller, function: &str) -> Answer {
        match function {
            "organization_switch" => {
                let organization = self.other_organization.to_string();
                caller.form(function, &[("organization", &organization)]).await
            }
            _ => caller.call(function, self.arguments(function)).await,
        }
    }

    /// Calls a route so that it would do something, had the caller the right to it.
    async fn call_route(&self, caller: &Caller, method: &str, path: &str) -> Answer {
        let Self { key, role, member, invitation, entry, alert, webhook, message, .. } = self;
        let body = match (method, path) {
            ("POST", "/v1/verify") => json!({ "secret": "x" }),
            ("POST", "/v1/keys/{id}/contain") => json!({ "containment": "revoke", "reason": "It was in a log." }),
            ("POST", "/v1/keys/{id}/rotate") => json!({ "overlap_seconds": 3_600 }),
            ("POST", "/v1/keys") => json!({ "name": "New", "role_id": role.id, "environment": "staging" }),
            ("POST", "/v1/roles") => json!({ "name": "New", "permissions": [] }),
            ("POST", "/v1/permissions") => json!({ "name": "orders.write", "description": "Write." }),
            ("POST", "/v1/invitations") => json!({ "email": "bob@example.com", "role_id": role.id }),
            ("PATCH", "/v1/permissions/{name}") => json!({ "description": "Changed." }),
            ("PATCH", "/v1/members/{id}") => json!({ "role_ids": [role.id] }),
            ("PATCH", "/v1/invitations/{id}") => json!({ "role_id": role.id }),
            ("POST", "/v1/whitelist") => json!({ "address": "10.0.0.5" }),
            ("PATCH", "/v1/whitelist/{id}") => json!({ "label": "Changed" }),
            ("PATCH", "/v1/whitelist/mode") => json!({ "mode": "report" }),
            ("PUT", "/v1/keys/{id}/networks") => json!({ "networks": ["10.0.0.6"] }),
            ("POST", "/v1/alert-mutes") => json!({ "key_id": key.id, "kind": "unused", "days": 1 }),
            ("PATCH", "/v1/alert-settings") => json!({ "key_refusals": 30 }),
            ("POST", "/v1/webhooks") => json!({ "url": "https://hooks.example.com/another" }),
            ("PATCH", "/v1/webhooks/{id}") => json!({ "description": "Changed." }),
            ("PATCH", _) => json!({ "name": "Changed" }),
            ("PUT", "/v1/keys/{id}/rate-limits") => json!({ "limits": [{ "window": "hour", "requests": 1 }] }),
            _ => Value::Null,
        };
        let id = match path.split('/').nth(2) {
            Some("keys") => key.id.to_string(),
            Some("roles") => role.id.to_string(),
            Some("members") => member.to_string(),
            Some("whitelist") => entry.id.to_string(),
            Some("alerts") => alert.to_string(),
            Some("alert-mutes") => format!("{}.unused", key.id),
            Some("webhooks") => webhook.to_string(),
            Some("webhook-deliveries") => message.to_string(),
            _ => invitation.to_string(),
        };
        let path = path.replace("{question}/{*request}", "permission=ip.lookup/orders");
        let path = path
            .replace("{address}", "8.8.8.8")
            .replace("{name}", "orders.read")
            .replace("{seq}", "1")
            .replace("/activity", "/activity?since=2026-11-01T00:00:00Z")
            .replace("{id}", &id);
        match (method, body) {
            ("PATCH", body) => caller.patch(&path, &body).await,
            ("PUT", body) => caller.put(&path, &body).await,
            (_, Value::Null) => caller.request(method, &path, None, "").await,
            (_, body) => caller.request(method, &path, Some("application/json"), body.to_string()).await,
        }
    }

    /// That nothing of it was changed.
    async fn assert_untouched(&self) {
        assert_eq!(self.owner.key_get(self.key.id).await, self.key);
        let role = self.owner.role_get(self.role.id).await.role;
        assert_eq!((role.version, role.permissions), (self.role.version, self.role.permissions.clone()));
        let team = self.owner.team().await;
        assert_eq!(team.page.total, 3, "{team:?}");
        assert_eq!(self.owner.viewer().await.organization_name, self.owner.viewer.organization_name);
        let whitelist = self.owner.whitelist_list("").await;
        assert_eq!((whitelist.page.rows, whitelist.standing.mode), (vec![self.entry.clone()], WhitelistMode::Off));
    }
}

#[test]
fn every_server_function_and_every_route_has_a_row_here() {
    // Naming the application keeps its functions in this executable.
    let _application = app::App;
    let there: BTreeSet<String> =
        leptos::server_fn::axum::server_fn_paths().map(|(path, method)| format!("{method} {path}")).collect();
    let listed: BTreeSet<String> = FUNCTIONS.iter().map(|(name, ..)| format!("POST /api/{name}")).collect();
    assert_eq!(there, listed);
    let there: BTreeSet<_> = server::v1::ROUTES.iter().copied().collect();
    let listed: BTreeSet<_> = ROUTES.iter().map(|(method, path, ..)| (*method, *path)).collect();
    assert_eq!(there, listed);
}

both_databases! {
    async fn without_a_session_every_function_that_needs_one_is_refused(app) {
        let things = Things::make(app).await;
        let key = things.owner.key(SystemRole::Admin).await;
        // A key is no session.
        for caller in [app.visitor(), key.caller.clone(), app.visitor().with("cookie", "ipaware_session=x")] {
            for (function, ..) in FUNCTIONS.iter().filter(|(_, needs, _)| *needs != Nothing) {
                assert_eq!(things.call(&caller, function).await.error(), AppError::SignedOut, "{function}");
            }
        }
    }

    async fn whoever_holds_everything_but_the_one_permission_is_refused_and_told_which(app) {
        let things = Things::make(app).await;
        let all: Vec<String> = things.owner.viewer().await.permissions.into();
        for missing in Permission::ALL {
            let functions: Vec<_> = FUNCTIONS.iter().filter(|(_, needs, _)| *needs == Holding(*missing)).collect();
            if functions.is_empty() {
                continue;
            }
            let held: Vec<&str> = all.iter().map(String::as_str).filter(|name| *name != missing.name()).collect();
            let role = things.owner.role_with(missing.name(), &held).await;
            let member = app.member_with(&things.owner, role.id).await;
            for (function, ..) in functions {
                let error = things.call(&member.caller, function).await.error();
                assert_eq!(error, AppError::Forbidden { permission: *missing }, "{function}");
            }
            member.caller.call("member_leave", json!({})).await.ok::<()>();
        }
        things.assert_untouched().await;
    }

    async fn whoever_holds_just_the_one_permission_is_not_refused_for_want_of_another(app) {
        let things = Things::make(app).await;
        for permission in Permission::ALL {
            let functions: Vec<_> = FUNCTIONS.iter().filter(|(_, needs, _)| *needs == Holding(*permission)).collect();
            if functions.is_empty() {
                continue;
            }
            let role = things.owner.role_with(permission.name(), &[permission.name()]).await;
            let member = app.member_with(&things.owner, role.id).await;
            for (function, ..) in functions {
                let answer = things.call(&member.caller, function).await;
                // The ceiling may stand in the way, or what another function has changed; a missing permission does not.
                let refused = answer.status != 200 && matches!(answer.error(), AppError::Forbidden { .. });
                assert!(!refused && answer.status < 500, "{function}: {answer:?}");
            }
        }
    }

    async fn the_owner_of_another_organization_reaches_nothing_here(app) {
        let (things, stranger) = (Things::make(app).await, app.owner().await);
        for (function, ..) in FUNCTIONS.iter().filter(|(_, _, about)| *about == AThing) {
            let answer = things.call(&stranger.caller, function).await;
            // Creating with a role of this organization is a wrong field; everything else names what is not there.
            assert!(matches!(answer.status, 404 | 422), "{function}: {answer:?}");
        }
        for function in ["key_list", "role_list", "team_list", "whitelist_list", "organization_get", "session_list"] {
            let list = things.call(&stranger.caller, function).await;
            assert_eq!(list.status, 200, "{function}");
            let ids = [things.key.id.to_string(), things.role.id.to_string(), things.member.to_string(),
                things.invitation.to_string(), things.entry.id.to_string(), things.session.to_string(), things.owner.viewer.organization.to_string()];
            assert!(ids.iter().all(|id| !list.text.contains(id)), "{function}");
        }
        things.assert_untouched().await;
    }

    async fn without_a_key_every_route_that_needs_one_is_refused(app) {
        let things = Things::make(app).await;
        for caller in [app.visitor(), things.owner.caller.clone(), app.visitor().bearer("nonsense")] {
            for (method, path, needs, _) in ROUTES {
                let status = things.call_route(&caller, method, path).await.status;
                assert_eq!(status, if *needs == Nothing { 200 } else { 401 }, "{method} {path}");
            }
        }
        things.assert_untouched().await;
    }

    async fn a_key_that_holds_everything_but_the_one_permission_is_refused_and_told_which(app) {
        let things = Things::make(app).await;
        let all: Vec<String> = things.owner.viewer().await.permissions.into();
        for missing in Permission::ALL {
            let routes: Vec<_> = ROUTES.iter().filter(|(_, _, needs, _)| *needs == Holding(*missing)).collect();
            if routes.is_empty() {
                continue;
            }
            let held: Vec<&str> = all.iter().map(String::as_str).filter(|name| *name != missing.name()).collect();
            let role = things.owner.role_with(missing.name(), &held).await;
            let key = things.owner.key_with(role.id).await;
            for (method, path, ..) in routes {
                let answer = things.call_route(&key.caller, method, path).await;
                assert_eq!(answer.refusal(), refused(403, "permission_missing"), "{method} {path}");
                let said = format!("{} {}", answer.text, answer.header("www-authenticate"));
                assert!(said.contains(missing.name()), "{method} {path}: {said}");
            }
        }
        things.assert_untouched().await;
    }

    async fn a_key_that_holds_just_the_one_permission_is_not_refused_for_want_of_another(app) {
        let things = Things::make(app).await;
        let mut keys = Vec::new();
        for permission in Permission::ALL {
            // With what the things themselves hold, and what webhooks tell: the ceiling is another matter.
            let role = things.owner.role_with(permission.name(), &[permission.name(), "orders.read", "usage.view"]).await;
            keys.push((permission, things.owner.key_with(role.id).await));
        }
        for (permission, key) in keys {
            for (method, path, ..) in ROUTES.iter().filter(|(_, _, needs, _)| *needs == Holding(*permission)) {
                let answer = things.call_route(&key.caller, method, path).await;
                // What another route has changed may stand in the way; a missing permission does not.
                assert!(matches!(answer.status, 200 | 201 | 404 | 409), "{method} {path}: {answer:?}");
            }
        }
    }

    async fn the_admin_key_of_another_organization_reaches_nothing_here(app) {
        let (things, stranger) = (Things::make(app).await, app.owner().await);
        let key = stranger.key(SystemRole::Admin).await;
        for (method, path, ..) in ROUTES.iter().filter(|(_, _, _, about)| *about == AThing) {
            let answer = things.call_route(&key.caller, method, path).await;
            // What is made with a role of this organization does not fit; everything else names what is not there.
            let right = if *method == "POST" && !path.contains('{') { 409 } else { 404 };
            assert_eq!(answer.status, right, "{method} {path}: {answer:?}");
        }
        for (method, path, ..) in ROUTES.iter().filter(|(method, _, _, about)| *method == "GET" && *about == TheirOwn) {
            let list = things.call_route(&key.caller, method, path).await;
            assert_eq!(list.status, 200, "{method} {path}");
            let ids = [things.key.id.to_string(), things.role.id.to_string(), things.member.to_string(),
                things.invitation.to_string(), things.entry.id.to_string(), things.owner.viewer.organization.to_string()];
            assert!(path.ends_with(".json") || ids.iter().all(|id| !list.text.contains(id)), "{path}");
        }
        things.assert_untouched().await;
    }
}
