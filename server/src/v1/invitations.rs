//! `/v1/invitations`: people who were invited and have not accepted yet. Whoever manages an invitation needs every
//! permission of its role; seeing its link counts as handing the role on.

use axum::response::Response;
use backend::{authz, expected::Target};
use serde::{Deserialize, Serialize};
use shared::{
    InvitationId, RoleId, account,
    role::RoleRef,
    team::{Delivery, InvitationCreateParams, InvitationSent, InvitationView},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Deleted, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, Rules},
    members::ListIn,
    moment::Moment,
    openapi::email,
};
use crate::state::AppState;

/// `/v1/invitations`
pub(super) const PATH: &str = "/v1/invitations";
pub(super) const ONE: &str = "/v1/invitations/{id}";
pub(super) const RESEND: &str = "/v1/invitations/{id}/resend";
pub(super) const LINK: &str = "/v1/invitations/{id}/link";

const WHAT: &str = "invitation";

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationCreate, example = json!({
    "email": "ada@example.com", "role_id": "role_0352dJTh6XzOZjnc1o0iQu"
}))]
struct In {
    /// The account will have this email and no other.
    #[schema(schema_with = email)]
    email: String,
    /// What they will be.
    role_id: RoleId,
}

/// What somebody will be who has not accepted yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationUpdate, example = json!({ "role_id": "role_0352dJTh6XzOZjnc1o0iQu" }))]
struct UpdateIn {
    role_id: RoleId,
}

/// An invitation that was not accepted yet.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "inv_0352dJYbU3hVw0Zr6mEsKd",
    "email": "grace@example.com",
    "role": { "id": "role_0352dJTh6XzOZjnc1o0iQu", "name": "Key Auditor" },
    "invited_by": "ada@example.com",
    "sent_at": "2026-11-24T09:30:00Z",
    "expires_at": "2026-12-01T09:30:00Z",
    "expired": false,
    "delivery": { "state": "sent", "at": "2026-11-24T09:30:01Z", "problem": null, "next_at": null }
}))]
pub(super) struct Invitation {
    id: InvitationId,
    /// Who was invited.
    email: String,
    /// What they will be.
    role: RoleRef,
    /// Who invited them: a member's email, or a key's name and ID.
    invited_by: String,
    /// When, or when it was last sent again.
    sent_at: Moment,
    /// Until when it can be accepted: seven days after it was sent.
    expires_at: Moment,
    /// Whether that has passed.
    expired: bool,
    /// What became of the mail.
    delivery: MailState,
}

/// What became of an invitation's mail.
#[derive(Serialize, ToSchema)]
struct MailState {
    state: MailStateWord,
    /// When it was sent or written.
    #[schema(required = true)]
    at: Option<Moment>,
    /// What the mail server said last.
    #[schema(required = true)]
    problem: Option<String>,
    /// When the next try is.
    #[schema(required = true)]
    next_at: Option<Moment>,
}

/// `written`: there is no mail server, so the link has to be handed on by hand.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MailStateWord {
    Queued,
    Sent,
    Written,
    Retrying,
    Failed,
}

/// An invitation that was just sent, with its link.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationSent)]
struct SentOut<'a> {
    invitation: &'a Invitation,
    /// Whoever has it can accept. Whoever sends the same request again finds `null`.
    #[schema(required = true, example = "https://keys.example.com/join?token=…")]
    link: Option<&'a str>,
    /// Whether the link was shown in an earlier answer to the same `Idempotency-Key`.
    link_shown: bool,
    /// Whether a mail server is set up, so that they get the link by mail.
    by_mail: bool,
}

/// An invitation's link.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationLink)]
struct LinkOut<'a> {
    /// Whoever has it can accept. Whoever sends the same request again finds `null`.
    #[schema(required = true, example = "https://keys.example.com/join?token=…")]
    link: Option<&'a str>,
    /// Whether the link was shown in an earlier answer to the same `Idempotency-Key`.
    link_shown: bool,
}

impl From<InvitationView> for Invitation {
    fn from(view: InvitationView) -> Self {
        Self {
            id: view.id,
            email: view.email,
            role: view.role,
            invited_by: view.invited_by,
            sent_at: Moment(view.sent_at),
            expires_at: Moment(view.expires_at),
            expired: view.expired,
            delivery: view.delivery.into(),
        }
    }
}

impl From<Delivery> for MailState {
    fn from(delivery: Delivery) -> Self {
        let of = |state| Self { state, at: None, problem: None, next_at: None };
        match delivery {
            Delivery::Queued => of(MailStateWord::Queued),
            Delivery::Sent { at } => Self { at: Some(Moment(at)), ..of(MailStateWord::Sent) },
            Delivery::Written { at } => Self { at: Some(Moment(at)), ..of(MailStateWord::Written) },
            Delivery::Retrying { problem, next_at } => {
                Self { problem: Some(problem), next_at: Some(Moment(next_at)), ..of(MailStateWord::Retrying) }
            }
            Delivery::Failed { problem } => Self { problem: Some(problem), ..of(MailStateWord::Failed) },
        }
    }
}

fn answer(view: InvitationView) -> Answer {
    let invitation = Invitation::from(view.clone());
    Answer::ok(&invitation).tagged(conditional::tag(&view, &invitation))
}

/// `build` makes the answer of what it says.
fn sent(sent: InvitationSent, build: impl FnOnce(&Invitation, &SentOut<'_>) -> Answer) -> Answer {
    let InvitationSent { invitation: view, link, by_mail } = sent;
    let invitation = Invitation::from(view.clone());
    let out = |link| SentOut { invitation: &invitation, link, link_shown: link.is_none(), by_mail };
    let tag = conditional::tag(&view, &invitation);
    build(&invitation, &out(Some(&link))).kept_as(&out(None)).tagged(tag)
}

/// List the invitations
///
/// Newest first.
#[utoipa::path(
    get, path = PATH, operation_id = "list_invitations", tag = "Invitations", params(ListIn),
    extensions(("x-permission" = json!("organization.member.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Invitation>>))
)]
async fn list(call: Call<authz::MemberRead>) -> Result<Response, Problem> {
    let (params, slice) = call.query::<ListIn>()?.check()?;
    let cut = call.backend().invitation_slice(&call.permit, &params, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Invitation>::of(cut))))
}

/// Invite somebody
///
/// They get a mail, if there is a mail server. The answer holds the link, for handing it on by other ways.
#[utoipa::path(
    post, path = PATH, operation_id = "create_invitation", tag = "Invitations", request_body = In,
    extensions(("x-permission" = json!("organization.invite"))),
    responses((status = 201, description = "The invitation and its link.", body = Envelope<SentOut>))
)]
async fn create(call: Call<authz::Invite>) -> Result<Response, Problem> {
    let In { email, role_id } = call.read()?;
    let mut rules = Rules::default();
    rules.text("email", &email, account::email);
    rules.check()?;
    let change = async {
        let made =
            call.backend().invitation_create(&call.permit, InvitationCreateParams { email, role: role_id }).await?;
        Ok(sent(made, |invitation, out| Answer::created(format!("{PATH}/{}", invitation.id), out)))
    };
    call.once(change).await
}

/// Read an invitation
#[utoipa::path(
    get, path = ONE, operation_id = "get_invitation", tag = "Invitations",
    params(("id" = InvitationId, Path, description = "Which invitation.")),
    extensions(("x-permission" = json!("organization.member.view"))),
    responses((status = 200, description = "The invitation.", body = Envelope<Invitation>))
)]
async fn get(call: Call<authz::MemberRead>) -> Result<Response, Problem> {
    let view = call.backend().invitation_get(&call.permit, call.id(WHAT)?).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

/// Change an invitation's role
///
/// The link stays the same.
#[utoipa::path(
    patch, path = ONE, operation_id = "update_invitation", tag = "Invitations", request_body = UpdateIn,
    params(("id" = InvitationId, Path, description = "Which invitation.")),
    extensions(("x-permission" = json!("organization.invite"))),
    responses((status = 200, description = "The invitation as it is now.", body = Envelope<Invitation>))
)]
async fn update(call: Call<authz::Invite>) -> Result<Response, Problem> {
    let target: Target<InvitationId> = call.to_change(WHAT)?;
    let UpdateIn { role_id } = call.read()?;
    let view = call.backend().invitation_update(&call.permit, target, role_id).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

/// Withdraw an invitation
///
/// Its link works no longer.
#[utoipa::path(
    delete, path = ONE, operation_id = "delete_invitation", tag = "Invitations",
    params(("id" = InvitationId, Path, description = "Which invitation.")),
    extensions(("x-permission" = json!("organization.invite"))),
    responses((status = 200, description = "It is gone.", body = Envelope<Deleted<InvitationId>>))
)]
async fn delete(call: Call<authz::Invite>) -> Result<Response, Problem> {
    let target: Target<InvitationId> = call.to_delete(WHAT)?;
    let gone = Deleted::of(target.id);
    call.backend().invitation_withdraw(&call.permit, target).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&gone)))
}

/// Send an invitation again
///
/// With a new link and seven new days. The old link works no longer.
#[utoipa::path(
    post, path = RESEND, operation_id = "resend_invitation", tag = "Invitations",
    params(("id" = InvitationId, Path, description = "Which invitation.")),
    extensions(("x-permission" = json!("organization.invite"))),
    responses((status = 200, description = "The invitation and its new link.", body = Envelope<SentOut>))
)]
async fn resend(call: Call<authz::Invite>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    let change = async {
        let again = call.backend().invitation_resend(&call.permit, id).await?;
        Ok(sent(again, |_, out| Answer::ok(out)))
    };
    call.once(change).await
}

/// Show an invitation's link
///
/// A POST, because the audit trail notes who has seen it: whoever has the link can accept.
#[utoipa::path(
    post, path = LINK, operation_id = "show_invitation_link", tag = "Invitations",
    params(("id" = InvitationId, Path, description = "Which invitation.")),
    extensions(("x-permission" = json!("organization.invite"))),
    responses((status = 200, description = "The link.", body = Envelope<LinkOut>))
)]
async fn link(call: Call<authz::Invite>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    let change = async {
        let link = call.backend().invitation_link(&call.permit, id).await?;
        let again = LinkOut { link: None, link_shown: true };
        Ok(Answer::ok(&LinkOut { link: Some(&link), link_shown: false }).kept_as(&again))
    };
    call.once(change).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(resend))
        .routes(routes!(link))
}
