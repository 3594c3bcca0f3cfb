//! `/v1/members`: who belongs to the organization, with which roles. Whoever changes or removes a member needs every
//! permission that the member holds.
//!
//! What only a person may do is not here: leaving, handing the ownership on, their own account.

use axum::response::Response;
use backend::{authz, expected::Target, ops::MemberChange, slice::Slice};
use serde::{Deserialize, Serialize};
use shared::{
    MemberId, RoleId,
    role::RoleRef,
    team::{self, MemberView, TeamListParams},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Deleted, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::Call,
    moment::Moment,
    openapi::{cursor, limit, role_ids},
    query::Limit,
};
use crate::state::AppState;

/// `/v1/members`
pub(super) const PATH: &str = "/v1/members";
pub(super) const ONE: &str = "/v1/members/{id}";

const WHAT: &str = "member";

/// Which people.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before. It belongs to the filters that it was given with.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
    /// Part of an email.
    #[serde(default)]
    #[param(max_length = 100, required = false)]
    q: String,
    /// Only people with this role.
    role: Option<RoleId>,
}

impl ListIn {
    pub(super) fn check(self) -> Result<(TeamListParams, Slice), Problem> {
        let search = super::query::search(self.q, team::SEARCH_MAX)?;
        let params = TeamListParams { search, role: self.role, page: 1 };
        Ok((params, Slice { limit: self.limit.0, cursor: self.cursor }))
    }
}

/// What a member should be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MemberUpdate, example = json!({ "role_ids": ["role_0352dJTh6XzOZjnc1o0iQu"] }))]
struct UpdateIn {
    /// All of their roles from now on; at least one.
    #[schema(schema_with = role_ids)]
    role_ids: Vec<RoleId>,
}

/// Somebody who belongs to the organization.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "mem_0352dJW1Rk0nN5cTq8yLpA",
    "email": "ada@example.com",
    "roles": [{ "id": "role_0352dJTh6XzOZjnc1o0iQu", "name": "Key Auditor" }],
    "is_owner": false,
    "joined_at": "2026-11-24T09:30:00Z"
}))]
pub(super) struct Member {
    id: MemberId,
    /// How they sign in.
    email: String,
    /// Their roles; at least one.
    roles: Vec<RoleRef>,
    /// Whether they are the Owner. Exactly one member is.
    is_owner: bool,
    joined_at: Moment,
}

impl From<MemberView> for Member {
    fn from(view: MemberView) -> Self {
        let MemberView { id, email, roles, is_owner, joined_at, is_you: _, locked: _ } = view;
        Self { id, email, roles, is_owner, joined_at: Moment(joined_at) }
    }
}

fn answer(view: MemberView) -> Answer {
    let member = Member::from(view.clone());
    Answer::ok(&member).tagged(conditional::tag(&view, &member))
}

/// List the members
///
/// By email.
#[utoipa::path(
    get, path = PATH, operation_id = "list_members", tag = "Members", params(ListIn),
    extensions(("x-permission" = json!("organization.member.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Member>>))
)]
async fn list(call: Call<authz::MemberRead>) -> Result<Response, Problem> {
    let (params, slice) = call.query::<ListIn>()?.check()?;
    let cut = call.backend().member_slice(&call.permit, &params, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Member>::of(cut))))
}

/// Read a member
#[utoipa::path(
    get, path = ONE, operation_id = "get_member", tag = "Members",
    params(("id" = MemberId, Path, description = "Who.")),
    extensions(("x-permission" = json!("organization.member.view"))),
    responses((status = 200, description = "The member.", body = Envelope<Member>))
)]
async fn get(call: Call<authz::MemberRead>) -> Result<Response, Problem> {
    let detail = call.backend().member_get(&call.permit, call.id(WHAT)?).await;
    Ok(call.show(answer(detail.map_err(|failure| call.refused(failure))?.member)))
}

/// Give a member other roles
///
/// The Owner's stay as they are: the ownership is handed on by the Owner, in the console.
#[utoipa::path(
    patch, path = ONE, operation_id = "update_member", tag = "Members", request_body = UpdateIn,
    params(("id" = MemberId, Path, description = "Who.")),
    extensions(("x-permission" = json!("organization.member.update"))),
    responses((status = 200, description = "The member as they are now.", body = Envelope<Member>))
)]
async fn update(call: Call<authz::MemberUpdate>) -> Result<Response, Problem> {
    let target: Target<MemberId> = call.to_change(WHAT)?;
    let UpdateIn { role_ids } = call.read()?;
    if role_ids.is_empty() {
        let message = "Choose at least one role, or remove the member.";
        return Err(Problem::field(message).on(vec![shared::field::FieldError::new("role_ids", message)]));
    }
    let change = MemberChange { target, roles: Some(role_ids) };
    let view = call.backend().member_update(&call.permit, change).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(answer(view)))
}

/// Remove a member
///
/// Their sessions have ended by the time of the answer. The keys they created belong to the organization and go on.
#[utoipa::path(
    delete, path = ONE, operation_id = "delete_member", tag = "Members",
    params(("id" = MemberId, Path, description = "Who.")),
    extensions(("x-permission" = json!("organization.member.remove"))),
    responses((status = 200, description = "They are no member any more.", body = Envelope<Deleted<MemberId>>))
)]
async fn delete(call: Call<authz::MemberRemove>) -> Result<Response, Problem> {
    let target: Target<MemberId> = call.to_delete(WHAT)?;
    let gone = Deleted::of(target.id);
    call.backend().member_remove(&call.permit, target).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&gone)))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(get, update, delete))
}
