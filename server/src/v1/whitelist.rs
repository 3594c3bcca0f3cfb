//! `/v1/whitelist`: the addresses that the organization's keys may be used from, and what is done about all others.

use axum::response::Response;
use backend::{
    authz,
    expected::Target,
    ops::{Elsewhere, WhitelistChange, WhitelistModeChange},
    slice::Slice,
};
use serde::{Deserialize, Serialize};
use shared::{
    KeyId, NetworkId,
    network::Network,
    role::KeyHolder,
    whitelist::{
        self, SEARCH_MAX, WhitelistCaller, WhitelistCreateParams, WhitelistEntry, WhitelistLine, WhitelistMode,
        WhitelistSaved, WhitelistStanding,
    },
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Deleted, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, Rules, check_not_empty, given},
    moment::Moment,
    openapi::{address_or_null, cursor, limit, network, whitelist_label},
    organization::Allowance,
    query::Limit,
};
use crate::state::AppState;

/// `/v1/whitelist`
pub(super) const PATH: &str = "/v1/whitelist";
pub(super) const ONE: &str = "/v1/whitelist/{id}";
/// Ids start with `net_`, so none of these is one.
pub(super) const MODE: &str = "/v1/whitelist/mode";

pub(super) const PREVIEW: &str = "/v1/whitelist/preview";
pub(super) const REPORT: &str = "/v1/whitelist/report";

const WHAT: &str = "whitelist entry";

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before. It belongs to the filters that it was given with.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
    /// Part of an address or of a label; or an address, which finds the ranges that contain it.
    #[serde(default)]
    #[param(max_length = 100, required = false)]
    q: String,
}

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PartIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
}

/// A new entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhitelistEntryCreate, example = json!({ "address": "203.0.113.0/24", "label": "Office" }))]
struct In {
    /// One address, or a range in CIDR notation; IPv4 or IPv6. Host bits are cleared.
    #[schema(schema_with = network)]
    address: String,
    /// What people call it; may be empty.
    #[serde(default)]
    #[schema(schema_with = whitelist_label, required = false)]
    label: String,
}

/// What an entry should become. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhitelistEntryUpdate, example = json!({ "label": "Office, second floor" }))]
struct UpdateIn {
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = network, required = false)]
    address: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = whitelist_label, required = false)]
    label: Option<String>,
}

/// What the whitelist should do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhitelistUpdate, example = json!({ "mode": "report" }))]
struct ModeIn {
    mode: WhitelistMode,
    /// Whether it may be switched on while it is empty: then it refuses every request, this key's own included.
    #[serde(default)]
    #[schema(required = false)]
    accept_empty: bool,
}

/// Addresses that keys may be used from.
#[derive(Serialize, ToSchema)]
#[schema(as = WhitelistEntry, example = json!({
    "id": "net_0352dK7XqzWJ2VYb1m8RsT",
    "address": "203.0.113.0/24",
    "label": "Office",
    "version": 1,
    "created_at": "2026-11-25T09:30:00Z",
    "created_by": "ada@example.com",
    "warnings": []
}))]
pub(super) struct Entry {
    id: NetworkId,
    /// In canonical form: `203.0.113.9` for one address, `203.0.113.0/24` for a range.
    #[schema(value_type = String)]
    address: Network,
    /// What people call it; may be empty.
    label: String,
    /// Counts the edits.
    version: i64,
    created_at: Moment,
    /// Whoever added it: a member's email, or a key's name and ID.
    created_by: String,
    /// What there was to say about a change: that the range is very broad, or overlaps other entries.
    warnings: Vec<String>,
}

/// What the whitelist does, and how full it is.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "mode": "report", "version": 7, "entries": { "used": 3, "limit": 50 } }))]
pub(super) struct Whitelist {
    mode: WhitelistMode,
    /// Counts the changes of the mode and of the entries.
    version: i64,
    entries: Allowance,
}

/// A key in use from an address that is not on the whitelist.
#[derive(Serialize, ToSchema)]
#[schema(as = WhitelistCaller, example = json!({
    "key": { "id": "key_0352dK7XqzWJ2VYb1m8RsT", "name": "Billing Backend" },
    "address": "192.0.2.77",
    "requests": 12,
    "last_at": "2026-11-25T10:12:41.518Z"
}))]
struct Caller {
    /// `null` for whoever lacks `api.key.view`.
    #[schema(required = true)]
    key: Option<CallerKey>,
    /// `null` when it was not known, which no list allows.
    #[schema(schema_with = address_or_null, required = true)]
    address: Option<Network>,
    /// How many requests there were.
    requests: u64,
    /// When the last one was.
    last_at: Moment,
}

/// A key by its name.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyRef)]
struct CallerKey {
    id: KeyId,
    name: String,
}

impl From<WhitelistCaller> for Caller {
    fn from(caller: WhitelistCaller) -> Self {
        let WhitelistCaller { key, address, requests, last_at } = caller;
        let key = key.map(|KeyHolder { id, name }| CallerKey { id, name });
        Self { key, address, requests, last_at: Moment(last_at) }
    }
}

impl From<WhitelistEntry> for Entry {
    fn from(entry: WhitelistEntry) -> Self {
        WhitelistSaved { entry, warnings: Vec::new() }.into()
    }
}

impl From<WhitelistSaved> for Entry {
    fn from(WhitelistSaved { entry, warnings }: WhitelistSaved) -> Self {
        let WhitelistEntry { id, network, label, version, created_at, created_by } = entry;
        Self { id, address: network, label, version, created_at: Moment(created_at), created_by, warnings }
    }
}

impl From<WhitelistStanding> for Whitelist {
    fn from(standing: WhitelistStanding) -> Self {
        let WhitelistStanding { mode, version, allowance } = standing;
        Self { mode, version, entries: Allowance { used: allowance.used, limit: allowance.limit } }
    }
}

/// The tag is that of the entry as it is read later, without what there was to say about the change.
fn tag(entry: &WhitelistEntry) -> String {
    conditional::tag(entry, &Entry::from(entry.clone()))
}

fn shown(standing: WhitelistStanding) -> Answer {
    let whitelist = Whitelist::from(standing.clone());
    Answer::ok(&whitelist).tagged(conditional::tag(&standing, &whitelist))
}

/// List the whitelist
///
/// Newest first.
#[utoipa::path(
    get, path = PATH, operation_id = "list_whitelist", tag = "Whitelist", params(ListIn),
    extensions(("x-permission" = json!("organization.whitelist.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Entry>>))
)]
async fn list(call: Call<authz::WhitelistRead>) -> Result<Response, Problem> {
    let ListIn { limit, cursor, q } = call.query()?;
    let search = super::query::search(q, SEARCH_MAX)?;
    let slice = Slice { limit: limit.0, cursor };
    let cut = call.backend().whitelist_slice(&call.permit, &search, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Entry>::of(cut))))
}

/// Add addresses to the whitelist
///
/// An address that is there already is refused. Very broad ranges, and those that overlap others, are added, and
/// `warnings` says so.
#[utoipa::path(
    post, path = PATH, operation_id = "create_whitelist_entry", tag = "Whitelist", request_body = In,
    extensions(("x-permission" = json!("organization.whitelist.create"))),
    responses((status = 201, description = "The new entry.", body = Envelope<Entry>))
)]
async fn create(call: Call<authz::WhitelistCreate>) -> Result<Response, Problem> {
    let In { address, label } = call.read()?;
    let mut rules = Rules::default();
    rules.text("address", &address, Network::read);
    rules.text("label", &label, whitelist::label);
    rules.check()?;
    let params = WhitelistCreateParams { line: WhitelistLine { address, label }, accept: true };
    let change = async {
        let saved = call.backend().whitelist_create(&call.permit, params).await?;
        let tag = tag(&saved.entry);
        let entry = Entry::from(saved);
        Ok(Answer::created(format!("{PATH}/{}", entry.id), &entry).tagged(tag))
    };
    call.once(change).await
}

/// Read an entry of the whitelist
#[utoipa::path(
    get, path = ONE, operation_id = "get_whitelist_entry", tag = "Whitelist",
    params(("id" = NetworkId, Path, description = "Which entry.")),
    extensions(("x-permission" = json!("organization.whitelist.view"))),
    responses((status = 200, description = "The entry.", body = Envelope<Entry>))
)]
async fn get(call: Call<authz::WhitelistRead>) -> Result<Response, Problem> {
    let entry = call.backend().whitelist_get(&call.permit, call.id(WHAT)?).await;
    let entry = entry.map_err(|failure| call.refused(failure))?;
    let tag = tag(&entry);
    Ok(call.show(Answer::ok(&Entry::from(entry)).tagged(tag)))
}

/// Edit an entry of the whitelist
///
/// In force for the very next request.
#[utoipa::path(
    patch, path = ONE, operation_id = "update_whitelist_entry", tag = "Whitelist", request_body = UpdateIn,
    params(("id" = NetworkId, Path, description = "Which entry.")),
    extensions(("x-permission" = json!("organization.whitelist.update"))),
    responses((status = 200, description = "The entry as it is now.", body = Envelope<Entry>))
)]
async fn update(call: Call<authz::WhitelistUpdate>) -> Result<Response, Problem> {
    let target: Target<NetworkId> = call.to_change(WHAT)?;
    let UpdateIn { address, label } = call.read()?;
    check_not_empty(address.is_none() && label.is_none(), "address and label")?;
    let mut rules = Rules::default();
    rules.if_given("address", address.as_ref(), Network::read);
    rules.if_given("label", label.as_ref(), whitelist::label);
    rules.check()?;
    let change = WhitelistChange { target, address, label, accept: true };
    let saved = call.backend().whitelist_update(&call.permit, change).await;
    let saved = saved.map_err(|failure| call.refused(failure))?;
    let tag = tag(&saved.entry);
    Ok(call.show(Answer::ok(&Entry::from(saved)).tagged(tag)))
}

/// Remove an entry from the whitelist
///
/// If the whitelist is on, requests from there are refused from the moment of the answer on, unless another entry allows
/// them.
#[utoipa::path(
    delete, path = ONE, operation_id = "delete_whitelist_entry", tag = "Whitelist",
    params(("id" = NetworkId, Path, description = "Which entry.")),
    extensions(("x-permission" = json!("organization.whitelist.delete"))),
    responses((status = 200, description = "It is gone.", body = Envelope<Deleted<NetworkId>>))
)]
async fn delete(call: Call<authz::WhitelistDelete>) -> Result<Response, Problem> {
    let target: Target<NetworkId> = call.to_delete(WHAT)?;
    let gone = Deleted::of(target.id);
    call.backend().whitelist_remove(&call.permit, target).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&gone)))
}

/// Read what the whitelist does
#[utoipa::path(
    get, path = MODE, operation_id = "get_whitelist_mode", tag = "Whitelist",
    extensions(("x-permission" = json!("organization.whitelist.view"))),
    responses((status = 200, description = "The whitelist as a whole.", body = Envelope<Whitelist>))
)]
async fn get_mode(call: Call<authz::WhitelistRead>) -> Result<Response, Problem> {
    let standing = call.backend().whitelist_standing(&call.permit).await;
    Ok(call.show(shown(standing.map_err(|failure| call.refused(failure))?)))
}

/// Switch the whitelist
///
/// `off` allows every address, `report` allows and counts what `on` would refuse. Its `ETag` is another one whenever an
/// entry was changed, too: what is switched on is what was looked at.
#[utoipa::path(
    patch, path = MODE, operation_id = "update_whitelist_mode", tag = "Whitelist", request_body = ModeIn,
    extensions(("x-permission" = json!("organization.whitelist.update"))),
    responses((status = 200, description = "The whitelist as it is now.", body = Envelope<Whitelist>))
)]
async fn update_mode(call: Call<authz::WhitelistUpdate>) -> Result<Response, Problem> {
    let expected = call.expected()?;
    let ModeIn { mode, accept_empty } = call.read()?;
    let change = WhitelistModeChange { expected, mode, accept_empty };
    let standing = call.backend().whitelist_mode_update(&call.permit, change).await;
    Ok(call.show(shown(standing.map_err(|failure| call.refused(failure))?)))
}

/// Whom switching the whitelist on would shut out
///
/// Keys and addresses that were allowed in the last 30 days and are not on the list as it stands, the latest first.
#[utoipa::path(
    get, path = PREVIEW, operation_id = "preview_whitelist", tag = "Whitelist", params(PartIn),
    extensions(("x-permission" = json!("organization.whitelist.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Caller>>))
)]
async fn preview(call: Call<authz::WhitelistRead>) -> Result<Response, Problem> {
    callers(&call, Elsewhere::Allowed).await
}

/// Who would have been refused while the whitelist only reported
///
/// In the last 7 days, by the list as it stands, the latest first.
#[utoipa::path(
    get, path = REPORT, operation_id = "report_whitelist", tag = "Whitelist", params(PartIn),
    extensions(("x-permission" = json!("organization.whitelist.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Caller>>))
)]
async fn report(call: Call<authz::WhitelistRead>) -> Result<Response, Problem> {
    callers(&call, Elsewhere::Reported).await
}

async fn callers(call: &Call<authz::WhitelistRead>, which: Elsewhere) -> Result<Response, Problem> {
    let PartIn { limit, cursor } = call.query()?;
    let slice = Slice { limit: limit.0, cursor };
    let cut = call.backend().whitelist_caller_slice(&call.permit, which, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Caller>::of(cut))))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get_mode, update_mode))
        .routes(routes!(preview))
        .routes(routes!(report))
        .routes(routes!(get, update, delete))
}
