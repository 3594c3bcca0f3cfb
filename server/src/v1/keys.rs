//! `/v1/keys`: the organization's API keys. Whoever gives a key a role needs every permission that the role holds.

use axum::response::Response;
use backend::{
    authz,
    expected::Target,
    ops::{KeyChange, KeyRotation},
    slice::Slice,
};
use serde::{Deserialize, Serialize};
use shared::{
    KeyId, RoleId,
    key::{self, Attention, Environment, KeyCreateParams, KeyListParams, KeySort, KeyStatus, KeyView, StatusFilter},
    role::RoleRef,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, Rules, check_not_empty, given},
    moment::Moment,
    openapi::{cursor, key_deployed_to, key_name, key_notes, limit, reason},
    whole::Whole,
};
use crate::{state::AppState, v1::query::Limit};

/// `/v1/keys`
pub(super) const PATH: &str = "/v1/keys";
pub(super) const ONE: &str = "/v1/keys/{id}";
pub(super) const PAUSE: &str = "/v1/keys/{id}/pause";
pub(super) const RESUME: &str = "/v1/keys/{id}/resume";
pub(super) const ROTATE: &str = "/v1/keys/{id}/rotate";
pub(super) const RETIRE: &str = "/v1/keys/{id}/retire";
pub(super) const REVOKE: &str = "/v1/keys/{id}/revoke";

const WHAT: &str = "API key";

/// Which keys, in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before. It belongs to the filters and the order that it was given with.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
    /// Part of a name, a key ID, or the last four characters of a secret.
    #[serde(default)]
    #[param(max_length = 100, required = false)]
    q: String,
    /// Only keys with this role.
    role: Option<RoleId>,
    /// Only keys of this environment.
    environment: Option<Environment>,
    /// Only keys in this state; `current` are all that are not revoked.
    #[param(inline)]
    status: Option<StatusFilter>,
    /// Only keys that made no request for 90 days, or never did.
    #[serde(default)]
    #[param(required = false)]
    unused: bool,
    /// Only active keys that need attention for this: `unused`, no request for 90 days; `due`, a secret older than 90 days
    /// in production and 180 elsewhere; `expiring`, within 14 days; `rising`, refused at least 10 times in the last 24
    /// hours, and more than twice as often as in 24 hours of the seven days before.
    #[param(inline)]
    attention: Option<Attention>,
    /// By which column.
    #[param(inline)]
    sort: Option<KeySort>,
    /// In which direction. Names read from A, dates from the newest, unless this says otherwise.
    #[param(inline)]
    order: Option<Order>,
}

/// In which direction a list is sorted.
#[derive(Deserialize, ToSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    Desc,
}

impl ListIn {
    fn check(self) -> Result<(KeyListParams, Slice), Problem> {
        let sort = self.sort.unwrap_or(KeySort::Created);
        let params = KeyListParams {
            search: super::query::search(self.q, key::SEARCH_MAX)?,
            role: self.role,
            environment: self.environment,
            status: self.status.unwrap_or(StatusFilter::Current),
            unused: self.unused,
            attention: self.attention,
            sort,
            ascending: self.order.map_or(sort == KeySort::Name, |order| order == Order::Asc),
            page: 1,
        };
        Ok((params, Slice { limit: self.limit.0, cursor: self.cursor }))
    }
}

/// What a new key should be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyCreate, example = json!({
    "name": "Billing Backend", "role_id": "role_0352dJTh6XzOZjnc1o0iQu", "environment": "production"
}))]
struct In {
    /// A label for people. Keys may have the same.
    #[schema(schema_with = key_name)]
    name: String,
    /// Its role; `GET /v1/roles` lists them. The calling key has to hold all that the role holds.
    role_id: RoleId,
    /// Where it will be used. It is part of the secret.
    environment: Environment,
    /// From when on it is refused, in the future and within 100 years; `null` for never.
    #[serde(default)]
    expires_at: Option<Moment>,
}

/// What a key should become. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyUpdate, example = json!({ "name": "Billing Backend, old", "expires_at": "2027-01-31T12:00:00Z" }))]
struct UpdateIn {
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = key_name, required = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    role_id: Option<RoleId>,
    /// The secret keeps the word that it was made with.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    environment: Option<Environment>,
    /// `null` for never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    expires_at: Option<Option<Moment>>,
    /// What to know about it, in any number of lines. It is shown with the key, and no secret belongs here.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = key_notes, required = false)]
    notes: Option<String>,
    /// Where it is deployed.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = key_deployed_to, required = false)]
    deployed_to: Option<String>,
}

/// How a key is rotated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyRotate, example = json!({ "overlap_seconds": 86_400 }))]
struct RotateIn {
    /// For how long the secret of now goes on working: at most 30 days, and never past the key's own date. 0: it ends at
    /// once.
    #[schema(value_type = u32, maximum = 2_592_000)]
    overlap_seconds: Whole<u32>,
    /// Whether a rotation that is under way may be ended for this one.
    #[serde(default)]
    #[schema(required = false)]
    force: bool,
}

/// Why a key is revoked.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyRevoke, example = json!({ "reason": "It was in a public repository." }))]
struct RevokeIn {
    /// For whoever looks at the key or the audit trail later.
    #[serde(default)]
    #[schema(schema_with = reason, required = false)]
    reason: String,
}

/// An API key. It never holds a secret.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "key_0352dK7XqzWJ2VYb1m8RsT",
    "name": "Billing Backend",
    "role": { "id": "role_0352dJTh6XzOZjnc1o0iQu", "name": "API Client" },
    "environment": "production",
    "status": "active",
    "version": 1,
    "created_at": "2026-11-24T09:30:00Z",
    "created_by": "ada@example.com",
    "expires_at": null,
    "secret_last4": "9fQx",
    "secret_created_at": "2026-11-24T09:30:00Z",
    "rotation_due_at": "2027-02-22T09:30:00Z",
    "retiring": null,
    "last_used": { "at": "2026-11-24T10:12:41.518Z", "address": "203.0.113.9" },
    "revoked": null,
    "notes": "Ask the billing team before you revoke it.",
    "deployed_to": "billing-api on eu-1"
}))]
pub(super) struct Key {
    /// The public identifier; fixed for ever.
    id: KeyId,
    /// The label people gave it.
    name: String,
    /// Its role.
    role: RoleRef,
    /// Where it is used.
    environment: Environment,
    /// What it is at the moment of the answer. Only active keys verify.
    status: KeyStatus,
    /// Counts the edits.
    version: i64,
    /// When it was made.
    created_at: Moment,
    /// Whoever made it: a member's email, or a key's name and ID.
    created_by: String,
    /// From when on it is refused; `null` for never.
    #[schema(required = true)]
    expires_at: Option<Moment>,
    /// The last four characters of its current secret.
    #[schema(min_length = 4, max_length = 4)]
    secret_last4: String,
    /// When that was made.
    secret_created_at: Moment,
    /// When it is time to rotate the key; `null` for one that is revoked.
    #[schema(required = true)]
    rotation_due_at: Option<Moment>,
    /// The secret before it, while that works, too.
    #[schema(required = true)]
    retiring: Option<Retiring>,
    /// `null`: never used.
    #[schema(required = true)]
    last_used: Option<LastUsed>,
    /// Set when revoked.
    #[schema(required = true)]
    revoked: Option<Revocation>,
    /// What people have written down about it; may be empty.
    notes: String,
    /// Where it is deployed; may be empty.
    deployed_to: String,
}

/// The old secret of a rotation.
#[derive(Serialize, ToSchema)]
struct Retiring {
    /// Its last four characters.
    #[schema(min_length = 4, max_length = 4)]
    last4: String,
    /// Until when it works.
    retires_at: Moment,
    /// `null`: never used.
    #[schema(required = true)]
    last_used: Option<LastUsed>,
}

/// When and from where a key was last used.
#[derive(Serialize, ToSchema)]
struct LastUsed {
    at: Moment,
    /// The client's address.
    address: String,
}

/// Who ended a key, when and why.
#[derive(Serialize, ToSchema)]
struct Revocation {
    at: Moment,
    /// A member's email, or a key's name and ID.
    by: String,
    /// The reason given, if any.
    #[schema(required = true)]
    reason: Option<String>,
}

/// A new key with its secret.
#[derive(Serialize, ToSchema)]
struct KeyCreated<'a> {
    key: &'a Key,
    /// In the first answer and in no other. Whoever sends the same request again finds `null`.
    #[schema(required = true, example = "ipaware_prod_…", pattern = "^ipaware_(prod|stage|dev)_[0-9A-Za-z]{49}$")]
    secret: Option<&'a str>,
    /// Whether the secret was shown in an earlier answer to the same `Idempotency-Key`. If nobody has it, revoke the key.
    secret_shown: bool,
}

impl From<key::LastUsed> for LastUsed {
    fn from(used: key::LastUsed) -> Self {
        Self { at: Moment(used.at), address: used.address }
    }
}

impl From<KeyView> for Key {
    fn from(view: KeyView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            role: view.role,
            environment: view.environment,
            status: view.status,
            version: view.version,
            created_at: Moment(view.created_at),
            created_by: view.created_by,
            expires_at: view.expires_at.map(Moment),
            secret_last4: view.secret_last4,
            secret_created_at: Moment(view.secret_created_at),
            rotation_due_at: view.rotation_due_at.map(Moment),
            retiring: view.retiring.map(|retiring| Retiring {
                last4: retiring.last4,
                retires_at: Moment(retiring.retires_at),
                last_used: retiring.last_used.map(LastUsed::from),
            }),
            last_used: view.last_used.map(LastUsed::from),
            revoked: view.revoked.map(|revoked| Revocation {
                at: Moment(revoked.at),
                by: revoked.by,
                reason: revoked.reason,
            }),
            notes: view.notes,
            deployed_to: view.deployed_to,
        }
    }
}

fn answer(view: KeyView) -> Answer {
    let key = Key::from(view.clone());
    Answer::ok(&key).tagged(conditional::tag(&view, &key))
}

/// The one answer with the secret, and what remains of it for whoever asks again.
fn revealed(created: &key::KeyCreated, answer: impl FnOnce(&KeyCreated<'_>) -> Answer) -> Answer {
    let key = Key::from(created.key.clone());
    let first = KeyCreated { key: &key, secret: Some(created.secret.expose()), secret_shown: false };
    let again = KeyCreated { key: &key, secret: None, secret_shown: true };
    answer(&first).kept_as(&again).tagged(conditional::tag(&created.key, &key))
}

/// List the keys
///
/// Newest first, without the revoked ones, unless the parameters say otherwise.
#[utoipa::path(
    get, path = PATH, operation_id = "list_keys", tag = "Keys", params(ListIn),
    extensions(("x-permission" = json!("api.key.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Key>>))
)]
async fn list(call: Call<authz::KeyRead>) -> Result<Response, Problem> {
    let (params, slice) = call.query::<ListIn>()?.check()?;
    let cut = call.backend().key_slice(&call.permit, &params, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Key>::of(cut))))
}

/// Create a key
///
/// The answer is the only one that ever holds the secret. The key that calls cannot give more than it holds itself.
#[utoipa::path(
    post, path = PATH, operation_id = "create_key", tag = "Keys", request_body = In,
    extensions(("x-permission" = json!("api.key.create"))),
    responses((status = 201, description = "The new key and its secret.", body = Envelope<KeyCreated>))
)]
async fn create(call: Call<authz::KeyCreate>) -> Result<Response, Problem> {
    let In { name, role_id, environment, expires_at } = call.read()?;
    let mut rules = Rules::default();
    rules.text("name", &name, key::name);
    rules.check()?;
    let expires_at = expires_at.map(|moment| moment.0);
    let params = KeyCreateParams { name, role: role_id, environment, expires_at, form_token: None };
    let change = async {
        let created = call.backend().key_create(&call.permit, params).await?;
        let location = format!("{PATH}/{}", created.key.id);
        Ok(revealed(&created, |shown| Answer::created(location, shown)))
    };
    call.once(change).await
}

/// Read a key
#[utoipa::path(
    get, path = ONE, operation_id = "get_key", tag = "Keys", params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.view"))),
    responses((status = 200, description = "The key.", body = Envelope<Key>))
)]
async fn get(call: Call<authz::KeyRead>) -> Result<Response, Problem> {
    let view = call.backend().key_get(&call.permit, call.id(WHAT)?).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(answer(view)))
}

/// Edit a key
///
/// Name, role, environment, expiry, notes, and where it is deployed. What is left out stays as it is. A new role is in force
/// for the very next request of the key.
#[utoipa::path(
    patch, path = ONE, operation_id = "update_key", tag = "Keys", request_body = UpdateIn,
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 200, description = "The key as it is now.", body = Envelope<Key>))
)]
async fn update(call: Call<authz::KeyUpdate>) -> Result<Response, Problem> {
    let target: Target<KeyId> = call.to_change(WHAT)?;
    let UpdateIn { name, role_id, environment, expires_at, notes, deployed_to } = call.read()?;
    let is_empty = name.is_none() && role_id.is_none() && environment.is_none() && expires_at.is_none();
    let is_empty = is_empty && notes.is_none() && deployed_to.is_none();
    check_not_empty(is_empty, "name, role_id, environment, expires_at, notes and deployed_to")?;
    let mut rules = Rules::default();
    rules.if_given("name", name.as_ref(), key::name);
    rules.if_given("notes", notes.as_ref(), key::notes);
    rules.if_given("deployed_to", deployed_to.as_ref(), key::deployed_to);
    rules.check()?;
    let expires_at = expires_at.map(|at| at.map(|moment| moment.0));
    let change = KeyChange { target, name, role: role_id, environment, expires_at, notes, deployed_to };
    let view = call.backend().key_update(&call.permit, change).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(answer(view)))
}

/// Pause a key
///
/// It is refused from the moment of the answer on, until it is resumed.
#[utoipa::path(
    post, path = PAUSE, operation_id = "pause_key", tag = "Keys",
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 200, description = "The key as it is now.", body = Envelope<Key>))
)]
async fn pause(call: Call<authz::KeyUpdate>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    call.once(async { Ok(answer(call.backend().key_pause(&call.permit, id).await?.key)) }).await
}

/// Resume a paused key
#[utoipa::path(
    post, path = RESUME, operation_id = "resume_key", tag = "Keys",
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 200, description = "The key as it is now.", body = Envelope<Key>))
)]
async fn resume(call: Call<authz::KeyUpdate>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    call.once(async { Ok(answer(call.backend().key_resume(&call.permit, id).await?)) }).await
}

/// Rotate a key
///
/// It gets another secret, which is in this answer and in no other, and keeps everything else. The secret before goes on
/// working for a while. The key that calls has to hold all that the key's role holds.
#[utoipa::path(
    post, path = ROTATE, operation_id = "rotate_key", tag = "Keys", request_body = RotateIn,
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 200, description = "The key and its new secret.", body = Envelope<KeyCreated>))
)]
async fn rotate(call: Call<authz::KeyUpdate>) -> Result<Response, Problem> {
    let target: Target<KeyId> = call.to_delete(WHAT)?;
    let RotateIn { overlap_seconds: Whole(overlap_seconds), force } = call.read()?;
    let change = async {
        let rotation = KeyRotation { target, overlap_seconds, force };
        let rotated = call.backend().key_rotate(&call.permit, rotation).await?;
        Ok(revealed(&rotated, |shown| Answer::ok(shown)))
    };
    call.once(change).await
}

/// Finish a rotation
///
/// The old secret is refused everywhere from the moment of the answer on.
#[utoipa::path(
    post, path = RETIRE, operation_id = "retire_secret", tag = "Keys",
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 200, description = "The key as it is now.", body = Envelope<Key>))
)]
async fn retire(call: Call<authz::KeyUpdate>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    call.once(async { Ok(answer(call.backend().key_retire(&call.permit, id).await?)) }).await
}

/// Revoke a key
///
/// For good: it is refused everywhere from the moment of the answer on. A key may revoke itself.
#[utoipa::path(
    post, path = REVOKE, operation_id = "revoke_key", tag = "Keys", request_body = Option<RevokeIn>,
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.delete"))),
    responses((status = 200, description = "The key as it is now.", body = Envelope<Key>))
)]
async fn revoke(call: Call<authz::KeyDelete>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    let RevokeIn { reason } = call.read_or_default()?;
    let mut rules = Rules::default();
    rules.text("reason", &reason, key::reason);
    rules.check()?;
    call.once(async { Ok(answer(call.backend().key_revoke(&call.permit, id, &reason).await?.key)) }).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, update))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(rotate))
        .routes(routes!(retire))
        .routes(routes!(revoke))
}
