//! Who calls: nobody in particular, somebody who is signed in, or an application with a key.

use std::{
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicU32, Ordering},
};

use backend::keyring::{Question, secret::WellFormed};
use http::request;
use http_body_util::Full;
use hyper::{Request, body::Bytes};
use serde_json::{Value, json};
use shared::{
    AlertId, KeyId, RoleId,
    account::Viewer,
    alert::{AlertList, AlertListParams, AlertSettings},
    key::{KeyCreated, KeyList, KeyListParams, KeyPage, KeyView, RevealedSecret},
    role::{RoleDetail, RoleView, SystemRole},
    team::{InvitationSent, InvitationView, MemberView, Team, TeamListParams, TeamRow},
    usage::Window,
    webhook::WebhookView,
    whitelist::{WhitelistEntry, WhitelistList, WhitelistMode, WhitelistSaved},
};

use super::{Answer, Connection, TestApp};

/// Good enough for everybody here.
pub(crate) const PASSWORD: &str = "plain purple elephants march";

static COUNTER: AtomicU32 = AtomicU32::new(1);

/// What the plan Free allows in a month.
const FREE_REQUESTS: usize = 5_000;

/// Sends requests with the same cookie or key each time.
#[derive(Clone)]
pub(crate) struct Caller {
    address: SocketAddr,
    headers: Vec<(&'static str, String)>,
}

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) caller: Caller,
    pub(crate) email: String,
    pub(crate) viewer: Viewer,
}

/// An application with a key.
pub(crate) struct KeyCaller {
    pub(crate) caller: Caller,
    pub(crate) view: KeyView,
    pub(crate) secret: String,
}

impl TestApp {
    /// Nobody in particular.
    pub(crate) fn visitor(&self) -> Caller {
        Caller::visitor(self.address)
    }

    /// The Owner of a new organization.
    pub(crate) async fn owner(&self) -> Person {
        Person::sign_up(self.address).await
    }

    /// The Owner of an organization with the permission `orders.read`, and a key that holds it.
    pub(crate) async fn shop(&self) -> (Person, KeyCaller) {
        let owner = self.owner().await;
        let role = owner.role_with_own("Größe", &["orders.read"]).await;
        let key = owner.key_with(role.id).await;
        (owner, key)
    }

    /// Another member of the organization of `owner`, with one of its system roles, signed in.
    pub(crate) async fn member_of(&self, owner: &Person, role: SystemRole) -> Person {
        self.member_with(owner, owner.role(role).await).await
    }

    /// Another member, with any role that `inviter` may give.
    pub(crate) async fn member_with(&self, inviter: &Person, role: RoleId) -> Person {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let email = format!("member-{number}@example.com");
        let sent = inviter.invite(&email, role).await;
        Person::accept(self.address, email, &sent).await
    }
}

impl KeyCaller {
    /// Asks so many times for what the key may not do.
    pub(crate) async fn is_refused(&self, times: u32) {
        for _ in 0..times {
            self.caller.get("/v1/verify?permission=api.key.create").await.refusal();
        }
    }

    /// Uses up what the plan Free allows in a month.
    pub(crate) fn use_up(&self, app: &TestApp) {
        (0..FREE_REQUESTS).for_each(|_| self.is_allowed(app, &Question::default()));
    }

    /// Uses it once from this address.
    pub(crate) fn use_from(&self, app: &TestApp, address: impl Into<IpAddr>) {
        self.is_allowed(app, &Question { address: Some(address.into()), ..Question::default() });
    }

    fn is_allowed(&self, app: &TestApp, question: &Question<'_>) {
        assert_eq!(app.backend.verify(WellFormed::read(&self.secret), question).outcome, Ok(()));
    }
}

/// The token in an invitation's link.
pub(crate) fn token(sent: &InvitationSent) -> &str {
    sent.link.split_once("/join?token=").expect("a link").1
}

/// The cookie that an answer sets, as a browser sends it back.
pub(crate) fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().expect("a cookie").to_owned()
}

impl Caller {
    /// Nobody in particular, at the server that listens there.
    pub(crate) fn visitor(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new() }
    }

    /// The same, but it calls the server that listens there.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self { address, headers: self.headers.clone() }
    }

    /// The same, with a header in every request.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same, with a key.
    pub(crate) fn bearer(self, secret: &str) -> Self {
        self.with("authorization", format!("Bearer {secret}"))
    }

    /// The value it sends each time under this name.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None, "").await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, Some("application/json"), body.to_string()).await
    }

    /// Changes what is there, whatever state it is in unless the caller sends an `If-Match` of its own.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.change("PATCH", path, body).await
    }

    /// The same with all of it.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.change("PUT", path, body).await
    }

    async fn change(&self, method: &str, path: &str, body: &Value) -> Answer {
        let any = self.clone().with("if-match", "*");
        let caller = if self.header("if-match").is_empty() { &any } else { self };
        caller.request(method, path, Some("application/json"), body.to_string()).await
    }

    /// A POST without a body.
    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.request("POST", path, None, "").await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, None, "").await
    }

    /// A server function that takes JSON.
    pub(crate) async fn call(&self, function: &str, arguments: Value) -> Answer {
        self.post_json(&format!("/api/{function}"), &arguments).await
    }

    /// A server function that takes a form.
    pub(crate) async fn form(&self, function: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = Some("application/x-www-form-urlencoded");
        self.request("POST", &format!("/api/{function}"), kind, body).await
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = self.request_to(method, path);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let mut connection = Connection::open(self.address).await;
        connection.send(request.body(Full::new(body.into())).expect("a request")).await
    }

    /// The same over a connection that is open already, wherever that leads.
    pub(crate) async fn get_over(&self, connection: &mut Connection, path: &str) -> Answer {
        connection.send(self.request_to("GET", path).body(Full::default()).expect("a request")).await
    }

    fn request_to(&self, method: &str, path: &str) -> request::Builder {
        let request = Request::builder().method(method).uri(path);
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }
}

impl Person {
    /// A new account with a new organization.
    pub(crate) async fn sign_up(server: SocketAddr) -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let email = format!("owner-{number}@example.com");
        let organization = format!("Organization {number}");
        let form = [("email", email.as_str()), ("password", PASSWORD), ("organization_name", &organization)];
        let answer = Caller::visitor(server).form("sign_up", &form).await;
        Self::of_answer(server, email, &answer).await
    }

    /// Signs in with everybody's password.
    pub(crate) async fn sign_in(server: SocketAddr, email: &str) -> Self {
        let form = [("email", email), ("password", PASSWORD)];
        let answer = Caller::visitor(server).form("sign_in", &form).await;
        Self::of_answer(server, email.to_owned(), &answer).await
    }

    /// Makes an account by accepting an invitation.
    pub(crate) async fn accept(server: SocketAddr, email: String, sent: &InvitationSent) -> Self {
        let form = [("token", token(sent)), ("password", PASSWORD)];
        let answer = Caller::visitor(server).form("invitation_accept", &form).await;
        Self::of_answer(server, email, &answer).await
    }

    /// What this person is and may do now.
    pub(crate) async fn viewer(&self) -> Viewer {
        let viewer: Option<Viewer> = self.caller.form("session", &[]).await.ok();
        viewer.expect("a session")
    }

    pub(crate) async fn invite(&self, email: &str, role: RoleId) -> InvitationSent {
        let params = json!({ "params": { "email": email, "role": role } });
        self.caller.call("invitation_create", params).await.ok()
    }

    pub(crate) async fn team(&self) -> Team {
        self.caller.call("team_list", json!({ "params": TeamListParams::default() })).await.ok()
    }

    /// The row of the member with this email.
    pub(crate) async fn member(&self, email: &str) -> MemberView {
        let rows = self.team().await.page.rows;
        let found = rows.into_iter().find_map(|row| match row {
            TeamRow::Member(member) if member.email == email => Some(member),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{email} is no member"))
    }

    /// The row of the invitation to this email.
    pub(crate) async fn invitation(&self, email: &str) -> Option<InvitationView> {
        self.team().await.page.rows.into_iter().find_map(|row| match row {
            TeamRow::Invitation(invitation) if invitation.email == email => Some(invitation),
            _ => None,
        })
    }

    /// Registers permissions of the organization's own, and makes a role that holds them.
    pub(crate) async fn role_with_own(&self, name: &str, permissions: &[&str]) -> RoleView {
        for permission in permissions {
            let arguments = json!({ "name": permission, "description": "For tests." });
            self.caller.call("permission_create", arguments).await.ok::<Value>();
        }
        self.role_with(name, permissions).await
    }

    /// Adds to the whitelist, whatever there is to warn about.
    pub(crate) async fn whitelist(&self, address: &str, label: &str) -> WhitelistEntry {
        let params = json!({ "line": { "address": address, "label": label }, "accept": true });
        let saved: WhitelistSaved = self.caller.call("whitelist_create", json!({ "params": params })).await.ok();
        saved.entry
    }

    /// What the page shows for a search.
    pub(crate) async fn whitelist_list(&self, search: &str) -> WhitelistList {
        self.caller.call("whitelist_list", json!({ "params": { "search": search, "page": 1 } })).await.ok()
    }

    /// Switches the whitelist, as it is now.
    pub(crate) async fn whitelist_mode(&self, mode: WhitelistMode) -> Answer {
        let version = self.whitelist_list("").await.standing.version;
        let params = json!({ "version": version, "mode": mode, "accept_empty": false });
        self.caller.call("whitelist_mode_update", json!({ "params": params })).await
    }

    /// Lets the key be used from this network alone.
    pub(crate) async fn bind_to(&self, id: KeyId, network: &str) {
        let params = json!({ "before": { "key": id, "networks": [] }, "networks": [network] });
        self.caller.call("key_networks_update", json!({ "params": params })).await.ok::<Value>();
    }

    /// The address that the key was last used from.
    pub(crate) async fn last_address(&self, app: &TestApp, key: &KeyCaller) -> String {
        app.backend.flush_usage().await.expect("written");
        self.key_get(key.view.id).await.last_used.expect("it was used").address
    }

    /// Lets secrets be due for rotation after so many days, in production and elsewhere.
    pub(crate) async fn due_after(&self, production: i64, others: i64) {
        let form = |production: i64, others: i64| json!({ "name": self.viewer.organization_name, "due": { "production": production, "others": others } });
        let params = json!({ "before": form(90, 180), "after": form(production, others) });
        self.caller.call("organization_update", json!({ "params": params })).await.ok::<Value>();
    }

    pub(crate) async fn revoke(&self, id: KeyId) {
        self.caller.call("key_revoke", json!({ "id": id, "reason": "" })).await.ok::<Value>();
    }

    /// An alert, by so many refusals of a key of its own as it takes.
    pub(crate) async fn alert(&self, app: &TestApp) -> AlertId {
        let key = self.key(SystemRole::ApiClient).await;
        key.is_refused(AlertSettings::default().key_refusals).await;
        app.watch_requests().await;
        let list = self.alerts(AlertListParams { key: Some(key.view.id), ..AlertListParams::default() }).await;
        list.page.rows.first().expect("an alert").id
    }

    pub(crate) async fn alerts(&self, params: AlertListParams) -> AlertList {
        self.caller.call("alert_list", json!({ "params": params })).await.ok()
    }

    /// A new webhook for every kind, and its secret.
    pub(crate) async fn webhook(&self, url: &str) -> (WebhookView, String) {
        let params =
            json!({ "params": { "of": null, "url": url, "description": "", "kinds": [], "status": "enabled" } });
        let (webhook, secret): (WebhookView, Option<RevealedSecret>) =
            self.caller.call("webhook_save", params).await.ok();
        (webhook, secret.expect("a secret").expose().to_owned())
    }

    /// A new role with these permissions.
    pub(crate) async fn role_with(&self, name: &str, permissions: &[&str]) -> RoleView {
        let params = json!({ "params": { "name": name, "description": "", "permissions": permissions } });
        self.caller.call("role_create", params).await.ok()
    }

    pub(crate) async fn role_get(&self, id: RoleId) -> RoleDetail {
        self.caller.call("role_get", json!({ "id": id })).await.ok()
    }

    async fn of_answer(server: SocketAddr, email: String, answer: &Answer) -> Self {
        answer.ok::<()>();
        let caller = Caller::visitor(server).with("cookie", cookie(answer));
        let viewer: Option<Viewer> = caller.form("session", &[]).await.ok();
        Self { caller, email, viewer: viewer.expect("a session") }
    }

    pub(crate) async fn keys(&self, params: KeyListParams) -> KeyList {
        self.caller.call("key_list", json!({ "params": params })).await.ok()
    }

    /// What a key's own page shows, with a chart of thirty days.
    pub(crate) async fn key_page(&self, id: KeyId) -> KeyPage {
        self.caller.call("key_page", json!({ "id": id, "window": Window::Month })).await.ok()
    }

    pub(crate) async fn key_get(&self, id: KeyId) -> KeyView {
        self.caller.call("key_get", json!({ "id": id })).await.ok()
    }

    pub(crate) async fn role(&self, role: SystemRole) -> RoleId {
        let list = self.keys(KeyListParams::default()).await;
        list.roles.iter().find(|choice| choice.name == role.name()).expect("a system role").id
    }

    /// What the create dialog sends for an ordinary key.
    pub(crate) async fn create_params(&self, name: &str, role: SystemRole) -> Value {
        json!({ "params": { "name": name, "role": self.role(role).await, "environment": "production" } })
    }

    pub(crate) async fn create(&self, name: &str, role: SystemRole) -> KeyCreated {
        self.caller.call("key_create", self.create_params(name, role).await).await.ok()
    }

    /// A new key with this role, and the application that holds it.
    pub(crate) async fn key(&self, role: SystemRole) -> KeyCaller {
        self.key_with(self.role(role).await).await
    }

    /// The same with any role.
    pub(crate) async fn key_with(&self, role: RoleId) -> KeyCaller {
        let params = json!({ "params": { "name": "Production Server", "role": role, "environment": "production" } });
        let created: KeyCreated = self.caller.call("key_create", params).await.ok();
        let secret = created.secret.expose().to_owned();
        KeyCaller { caller: Caller::visitor(self.caller.address).bearer(&secret), view: created.key, secret }
    }
}
