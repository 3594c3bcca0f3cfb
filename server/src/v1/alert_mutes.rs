//! `/v1/alert-mutes`: keys about which no alerts of a kind are raised.

use std::{fmt, str::FromStr};

use axum::response::Response;
use backend::{authz, expected::Target, slice::Slice};
use serde::{Deserialize, Serialize, Serializer};
use shared::{
    KeyId,
    alert::{AlertKind, KeyRef, MuteView},
};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Deleted, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::Call,
    moment::Moment,
    openapi::{cursor, kind_to_mute, limit},
    query::Limit,
    whole::Whole,
};
use crate::state::AppState;

/// `/v1/alert-mutes`
pub(super) const PATH: &str = "/v1/alert-mutes";
pub(super) const ONE: &str = "/v1/alert-mutes/{id}";

/// A key and a kind: `key_….unused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MuteId(KeyId, AlertKind);

impl fmt::Display for MuteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1.code())
    }
}

impl FromStr for MuteId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (key, kind) = text.split_once('.').ok_or(())?;
        Ok(Self(key.parse().map_err(drop)?, AlertKind::from_code(kind).ok_or(())?))
    }
}

impl Serialize for MuteId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for MuteId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^key_[0-6][0-9A-Za-z]{21}\.[a-z_]+$"))
            .examples([serde_json::Value::from("key_01KZQW9T3M5X8R2B7C4D6F.unused")])
            .into()
    }
}

impl ToSchema for MuteId {}

/// Which part.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
}

/// What not to raise.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertMuteCreate, example = json!({ "key_id": "key_0352dK7XqzWJ2VYb1m8RsT", "kind": "unused", "days": 30 }))]
struct In {
    key_id: KeyId,
    /// One that is about a key.
    #[schema(schema_with = kind_to_mute)]
    kind: AlertKind,
    /// For how many days; `null` for good.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 365)]
    days: Option<Whole<i64>>,
}

/// A key about which no alerts of a kind are raised.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertMute, example = json!({
    "id": "key_0352dK7XqzWJ2VYb1m8RsT.unused",
    "key": { "id": "key_0352dK7XqzWJ2VYb1m8RsT", "name": "Billing Backend" },
    "kind": "unused",
    "until": null,
    "muted_by": "ada@example.com"
}))]
pub(super) struct Mute {
    /// The key's ID and the kind.
    id: MuteId,
    key: KeyRef,
    kind: AlertKind,
    /// Until when; `null` for good.
    #[schema(required = true)]
    until: Option<Moment>,
    /// A member's email, or a key's name and ID.
    muted_by: String,
}

impl From<MuteView> for Mute {
    fn from(view: MuteView) -> Self {
        let MuteView { key, kind, until, by } = view;
        Self { id: MuteId(key.id, kind), key, kind, until: until.map(Moment), muted_by: by }
    }
}

/// List the mutes
#[utoipa::path(
    get, path = PATH, operation_id = "list_alert_mutes", tag = "Alerts", params(ListIn),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Mute>>))
)]
async fn list(call: Call<authz::AlertRead>) -> Result<Response, Problem> {
    let ListIn { limit, cursor } = call.query()?;
    let cut = call.backend().alert_mute_slice(&call.permit, &Slice { limit: limit.0, cursor }).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Mute>::of(cut))))
}

/// Mute a key
///
/// What is raised already stays. A key that is muted for this kind already is muted for so long from now on.
#[utoipa::path(
    post, path = PATH, operation_id = "create_alert_mute", tag = "Alerts", request_body = In,
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 201, description = "What is muted.", body = Envelope<Mute>))
)]
async fn create(call: Call<authz::AlertMute>) -> Result<Response, Problem> {
    let In { key_id, kind, days } = call.read()?;
    let days = days.map(|Whole(days)| days);
    let change = async {
        let view = call.backend().alert_mute(&call.permit, key_id, kind, days).await?;
        let mute = Mute::from(view.clone());
        Ok(Answer::created(format!("{PATH}/{}", mute.id), &mute).tagged(conditional::tag(&view, &mute)))
    };
    call.once(change).await
}

/// Raise them again
#[utoipa::path(
    delete, path = ONE, operation_id = "delete_alert_mute", tag = "Alerts",
    params(("id" = MuteId, Path, description = "The key's ID and the kind.")),
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 200, description = "It is gone.", body = Envelope<Deleted<MuteId>>))
)]
async fn delete(call: Call<authz::AlertMute>) -> Result<Response, Problem> {
    let Target { id, expected } = call.to_delete::<MuteId>("mute")?;
    let target = Target { id: (id.0, id.1), expected };
    call.backend().alert_unmute(&call.permit, target).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Deleted::of(id))))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(delete))
}
