//! The server functions of the team page and of the page where an invitation is accepted.
//!
//! Each makes a type of its own name, so types of that name are written with their path.

use leptos::prelude::*;
use shared::{
    InvitationId, MemberId, RoleId,
    team::{
        InvitationCreateParams, InvitationSent, InvitationView, MemberDetail, MemberUpdateParams, MemberView, Team,
        TeamListParams,
    },
};

use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use crate::{
    features::account::cookie,
    server_context::{respond, respond_anonymous},
};
#[cfg(feature = "ssr")]
use backend::authz;

/// One page of the team, and what the page around it needs.
#[server(endpoint = "team_list", input = Json, output = Json)]
pub async fn team_list(params: TeamListParams) -> ApiResult<Team> {
    respond(async |cx| cx.backend().team_list(&cx.authorize::<authz::MemberRead>()?, &params).await).await
}

/// One member, with the keys they created.
#[server(endpoint = "member_get", input = Json, output = Json)]
pub async fn member_get(id: MemberId) -> ApiResult<MemberDetail> {
    respond(async |cx| cx.backend().member_get(&cx.authorize::<authz::MemberRead>()?, id).await).await
}

/// Gives a member other roles.
#[server(endpoint = "member_update", input = Json, output = Json)]
pub async fn member_update(params: MemberUpdateParams) -> ApiResult<MemberView> {
    respond(async |cx| cx.backend().member_update(&cx.authorize::<authz::MemberUpdate>()?, params).await).await
}

/// Removes a member. Their sessions have ended by the time it answers; the keys they created go on.
#[server(endpoint = "member_remove", input = Json, output = Json)]
pub async fn member_remove(id: MemberId) -> ApiResult<()> {
    respond(async |cx| cx.backend().member_remove(&cx.authorize::<authz::MemberRemove>()?, id).await).await
}

/// Leaves the organization. The browser has to sign in anew afterwards.
#[server(endpoint = "member_leave", input = Json, output = Json)]
pub async fn member_leave() -> ApiResult<()> {
    respond(async |cx| {
        cx.backend().member_leave(&cx.authorize::<authz::OwnAccount>()?).await?;
        cookie::clear(cx.backend().cookie_policy());
        Ok(())
    })
    .await
}

/// Makes another member the Owner; whoever was it becomes an Admin. The password is asked again.
#[server(endpoint = "ownership_transfer", input = Json, output = Json)]
pub async fn ownership_transfer(to: MemberId, password: String) -> ApiResult<()> {
    respond(async |cx| cx.backend().ownership_transfer(&cx.authorize::<authz::OwnAccount>()?, to, password).await).await
}

/// Invites somebody. The answer holds the link.
#[server(endpoint = "invitation_create", input = Json, output = Json)]
pub async fn invitation_create(params: InvitationCreateParams) -> ApiResult<InvitationSent> {
    respond(async |cx| cx.backend().invitation_create(&cx.authorize::<authz::Invite>()?, params).await).await
}

/// Sends an invitation again, with a new link and seven new days. The old link works no longer.
#[server(endpoint = "invitation_resend", input = Json, output = Json)]
pub async fn invitation_resend(id: InvitationId) -> ApiResult<InvitationSent> {
    respond(async |cx| cx.backend().invitation_resend(&cx.authorize::<authz::Invite>()?, id).await).await
}

/// Changes what somebody will be who has not accepted yet.
#[server(endpoint = "invitation_update", input = Json, output = Json)]
pub async fn invitation_update(id: InvitationId, role: RoleId) -> ApiResult<InvitationView> {
    respond(async |cx| cx.backend().invitation_update(&cx.authorize::<authz::Invite>()?, id, role).await).await
}

/// Takes an invitation back. Its link works no longer.
#[server(endpoint = "invitation_withdraw", input = Json, output = Json)]
pub async fn invitation_withdraw(id: InvitationId) -> ApiResult<()> {
    respond(async |cx| cx.backend().invitation_withdraw(&cx.authorize::<authz::Invite>()?, id).await).await
}

/// An invitation's link. Whoever has it can accept, so it is only given on demand.
#[server(endpoint = "invitation_link", input = Json, output = Json)]
pub async fn invitation_link(id: InvitationId) -> ApiResult<String> {
    respond(async |cx| cx.backend().invitation_link(&cx.authorize::<authz::Invite>()?, id).await).await
}

/// What the holder of an invitation's link is offered.
#[server(endpoint = "invitation_offer", input = Json, output = Json)]
pub async fn invitation_offer(token: String) -> ApiResult<shared::team::InvitationOffer> {
    respond_anonymous(async |visitor| visitor.invitation_offer(&token).await).await
}

/// Accepts an invitation and signs in. Somebody without an account chooses a password by it; somebody with one proves
/// by it who they are, unless they are signed in with that account.
#[server(endpoint = "invitation_accept", output = Json)]
pub async fn invitation_accept(token: String, #[server(default)] password: String) -> ApiResult<()> {
    respond_anonymous(async |visitor| {
        let session = visitor.invitation_accept(&token, password).await?;
        cookie::set(&session);
        cookie::go_to(shared::path::HOME);
        Ok(())
    })
    .await
}
