//! `/v1/audit`: who did what, and who tried what they may not. It can be read, and by nobody changed.

use std::str::FromStr;

use axum::response::Response;
use backend::{authz, ops::Recorded, slice::Slice};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::audit::{AuditParams, ID_MAX, Outcome, SEARCH_MAX};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::Call,
    moment::Moment,
    openapi::{cursor, limit},
    query::{Limit, bounded},
};
use crate::state::AppState;

/// `/v1/audit`
pub(super) const PATH: &str = "/v1/audit";
pub(super) const ONE: &str = "/v1/audit/{seq}";

const WHAT: &str = "audit entry";

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
    /// Part of who acted, of the target's id, or of what is told in `detail`.
    #[serde(default)]
    #[param(max_length = 100, required = false)]
    q: String,
    /// Only what this actor did: the id of a member or a key, `operator` or `stranger`.
    #[param(max_length = 100, required = false)]
    actor_id: Option<String>,
    /// Only this action, such as `key.revoke`, or all that begin with this word, such as `key`.
    #[param(max_length = 100, required = false)]
    action: Option<String>,
    /// Only what was done to the thing with this id.
    #[param(max_length = 100, required = false)]
    target_id: Option<String>,
    /// Only what this request did.
    #[param(max_length = 100, required = false)]
    request_id: Option<String>,
    /// Only what was done, or only what was refused.
    #[param(inline)]
    outcome: Option<Outcome>,
    /// Not before this moment.
    since: Option<Moment>,
    /// Before this moment.
    until: Option<Moment>,
}

impl ListIn {
    fn check(self) -> Result<(AuditParams, Slice), Problem> {
        let id = |name, text: Option<String>| text.map(|text| bounded(name, text, ID_MAX)).transpose();
        let params = AuditParams {
            search: bounded("q", self.q, SEARCH_MAX)?,
            actor: id("actor_id", self.actor_id)?,
            action: id("action", self.action)?,
            target: id("target_id", self.target_id)?,
            request: id("request_id", self.request_id)?,
            outcome: self.outcome,
            from: self.since.map(|moment| moment.0),
            to: self.until.map(|moment| moment.0),
        };
        Ok((params, Slice { limit: self.limit.0, cursor: self.cursor }))
    }
}

/// An entry's number, as we write it.
struct Number(i64);

impl FromStr for Number {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.parse().ok().filter(|number: &i64| number.to_string() == text);
        number.map(Self).ok_or(())
    }
}

/// Something that was done, or refused. Secrets and passwords are in none.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "seq": 42,
    "at": "2026-11-24T09:30:00Z",
    "outcome": "done",
    "action": "key.revoke",
    "sentence": "Revoked the key Billing Backend",
    "actor_id": "mem_0352dJW1Rk0nN5cTq8yLpA",
    "actor": "ada@example.com",
    "target_id": "key_0352dK7XqzWJ2VYb1m8RsT",
    "detail": {
        "before": { "name": "Billing Backend", "status": "active" },
        "after": { "status": "revoked", "reason": "It was in a public repository." }
    },
    "why": "It was in a public repository.",
    "address": "203.0.113.9",
    "user_agent": "curl/8.5.0",
    "request_id": "req_0352dJW1Rk0nN5cTq8yLpA",
    "previous_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "hash": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
}))]
pub(crate) struct AuditEntry {
    /// Its number in the organization's chain, from 1.
    #[schema(minimum = 1)]
    seq: i64,
    at: Moment,
    #[schema(inline)]
    outcome: Outcome,
    /// Noun and verb.
    action: String,
    /// The same in words.
    sentence: String,
    /// The id of a member or a key; `operator` or `stranger`.
    actor_id: String,
    /// A member's email, or a key's name and ID.
    actor: String,
    /// The id of what it was done to; may be empty.
    target_id: String,
    /// `before` and `after`, where there are such, and whatever else there is to tell. The fields depend on the action.
    #[schema(value_type = Object)]
    detail: Value,
    /// The reason that somebody gave, or why it was refused.
    #[schema(required = true)]
    why: Option<String>,
    /// The client's address.
    #[schema(required = true)]
    address: Option<String>,
    #[schema(required = true)]
    user_agent: Option<String>,
    /// The same as in the log, and in `X-Request-Id` of the answer.
    request_id: String,
    /// The hash of the entry before; zeros for the first.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    previous_hash: String,
    /// SHA-256 over all of the entry and `previous_hash`.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
}

impl From<Recorded> for AuditEntry {
    fn from(recorded: Recorded) -> Self {
        let Recorded { entry, detail, previous_hash } = recorded;
        Self {
            seq: entry.seq,
            at: Moment(entry.at),
            outcome: entry.outcome,
            action: entry.action,
            sentence: entry.sentence,
            actor_id: entry.actor,
            actor: entry.actor_label,
            target_id: entry.target,
            detail,
            why: entry.why,
            address: entry.address,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            previous_hash,
            hash: entry.hash,
        }
    }
}

/// List the audit trail
///
/// Newest first.
#[utoipa::path(
    get, path = PATH, operation_id = "list_audit_entries", tag = "Audit", params(ListIn),
    extensions(("x-permission" = json!("audit.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<AuditEntry>>))
)]
async fn list(call: Call<authz::AuditRead>) -> Result<Response, Problem> {
    let (params, slice) = call.query::<ListIn>()?.check()?;
    let cut = call.backend().audit_slice(&call.permit, &params, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<AuditEntry>::of(cut))))
}

/// Read an entry
#[utoipa::path(
    get, path = ONE, operation_id = "get_audit_entry", tag = "Audit",
    params(("seq" = i64, Path, minimum = 1, description = "Its number.")),
    extensions(("x-permission" = json!("audit.view"))),
    responses((status = 200, description = "The entry.", body = Envelope<AuditEntry>))
)]
async fn get(call: Call<authz::AuditRead>) -> Result<Response, Problem> {
    let Number(seq) = call.id(WHAT)?;
    let recorded = call.backend().audit_get(&call.permit, seq).await.map_err(|failure| call.refused(failure))?;
    let entry = AuditEntry::from(recorded.clone());
    Ok(call.show(Answer::ok(&entry).tagged(conditional::tag(&recorded, &entry))))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(get))
}
