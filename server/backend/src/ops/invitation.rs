//! Invitations: sent, sent again, changed, withdrawn, and accepted.
//!
//! A link is as good as the account it makes, so it is only shown to whoever could have given the role themselves. It
//! is never stored: it is worked out from the pepper when it is needed, and the table has its digest.

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _, OptionalExtension as _,
    QueryDsl as _, SelectableHelper as _,
};
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use shared::{
    AppError, Grants, InvitationId, MemberId, OrganizationId, RoleId, Timestamp, UserId, account,
    role::{RoleChoice, RoleRef},
    team::{
        Delivery, INVITATION_DAYS, INVITATIONS_MAX, InvitationCreateParams, InvitationOffer, InvitationSent,
        InvitationView,
    },
};

use super::role::{assignable_role, role_choice, role_choices};
use crate::{
    Backend,
    audit::AuditEvent,
    authn::{
        invitation::InvitationToken,
        session::{NewSession, SessionToken},
    },
    authz::{self, Authority, Invite, MemberRead, Operation, Permit},
    context::RequestInfo,
    db::{
        anydb::{AnyConnection, Moment},
        column::{Digest32, Id},
        row::{
            account::{InvitationRow, MemberRoleRow, MemberRow, UserRow},
            mail::MailRow,
        },
        schema::{invitations, mails, member_roles, members, organizations, users},
        tx::WriteTx,
    },
    expected::Target,
    failure::Failure,
    mail::{self, Letter},
    random::fresh_id,
};

impl Backend {
    /// Invites somebody.
    ///
    /// # Errors
    /// [`AppError::Invalid`], also when they are a member or invited already, [`AppError::AboveCeiling`] or
    /// [`AppError::TooMany`].
    pub async fn invitation_create(
        &self,
        permit: &Permit<Invite>,
        params: InvitationCreateParams,
    ) -> Result<InvitationSent, Failure> {
        let now = self.now();
        let email = account::email(&params.email).map_err(|message| AppError::field("email", message))?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let organization = tx.organization_id();
        let role = assignable_role(&mut tx, params.role).await?;
        let member: Option<Id<MemberId>> = members::table
            .inner_join(users::table)
            .filter(members::organization_id.eq(organization).and(users::email.eq(&email)))
            .select(members::id)
            .first(tx.connection()?)
            .await
            .optional()?;
        if member.is_some() {
            return Err(Failure::unfit("email", format!("{email} is a member already.")));
        }
        let of_organization = invitations::table.filter(invitations::organization_id.eq(organization));
        let pending: Vec<String> = of_organization.select(invitations::email).load(tx.connection()?).await?;
        if pending.contains(&email) {
            let said = format!("{email} is invited already. Resend that invitation, or withdraw it.");
            return Err(Failure::unfit("email", said));
        }
        if pending.len() >= INVITATIONS_MAX {
            let limit = INVITATIONS_MAX as u64;
            return Err(AppError::TooMany { what: "open invitations".to_owned(), limit }.into());
        }
        let id = fresh_id!(InvitationId, now);
        let token = InvitationToken::derive(self.inner.keyring.peppers.current(), id, 1, &email);
        let row = InvitationRow {
            id: Id(id),
            organization_id: organization,
            email,
            role_id: Id(role.id),
            serial: 1,
            token_digest: Digest32(token.digest()),
            invited_by: tx.actor_label(),
            sent_at: Moment(now),
            expires_at: Moment(now.plus_days(INVITATION_DAYS)),
        };
        diesel::insert_into(invitations::table).values(&row).execute(tx.connection()?).await?;
        let event = AuditEvent::created("invitation.create", id, audited(&row, &role.name));
        self.send(permit, tx, row, &role, event).await
    }

    /// One that was not accepted yet.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn invitation_get(
        &self,
        permit: &Permit<MemberRead>,
        id: InvitationId,
    ) -> Result<InvitationView, Failure> {
        let open = open_invitations(&mut *self.inner.store.read().await?, permit, self.now()).await?;
        Ok(open.into_iter().find(|open| open.id == id).ok_or_else(|| AppError::not_found("invitation"))?)
    }

    /// Sends it again: a new link, and seven new days.
    ///
    /// # Errors
    /// [`AppError::NotFound`] or [`AppError::AboveCeiling`].
    pub async fn invitation_resend(
        &self,
        permit: &Permit<Invite>,
        id: InvitationId,
    ) -> Result<InvitationSent, Failure> {
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let (before, role) = managed(&mut tx, "resend", id).await?;
        let serial = before.serial + 1;
        let token = InvitationToken::derive(self.inner.keyring.peppers.current(), id, serial, &before.email);
        let row: InvitationRow = diesel::update(invitations::table.find(Id(id)))
            .set((
                invitations::serial.eq(serial),
                invitations::token_digest.eq(Digest32(token.digest())),
                invitations::sent_at.eq(Moment(now)),
                invitations::expires_at.eq(Moment(now.plus_days(INVITATION_DAYS))),
            ))
            .returning(InvitationRow::as_returning())
            .get_result(tx.connection()?)
            .await?;
        let event =
            AuditEvent::changed("invitation.resend", id, audited(&before, &role.name), audited(&row, &role.name));
        self.send(permit, tx, row, &role, event).await
    }

    /// Changes what they will be. The link stays the same.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::AboveCeiling`] for the old role or the new, [`Failure::Outdated`], or
    /// [`AppError::Invalid`].
    pub async fn invitation_update(
        &self,
        permit: &Permit<Invite>,
        target: impl Into<Target<InvitationId>>,
        role: RoleId,
    ) -> Result<InvitationView, Failure> {
        let now = self.now();
        let Target { id, expected } = target.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let (before, role_before) = managed(&mut tx, "change", id).await?;
        expected.check(seen(&mut tx, permit, &before, &role_before).await?)?;
        let role = assignable_role(&mut tx, role).await?;
        let row: InvitationRow = diesel::update(invitations::table.find(Id(id)))
            .set(invitations::role_id.eq(Id(role.id)))
            .returning(InvitationRow::as_returning())
            .get_result(tx.connection()?)
            .await?;
        let event = AuditEvent::changed(
            "invitation.update",
            id,
            audited(&before, &role_before.name),
            audited(&row, &role.name),
        );
        self.commit(tx, event).await?;
        let delivery = delivery(&mut *self.inner.store.read().await?, &row).await?;
        Ok(view(row, &role, permit.grants(), delivery, now))
    }

    /// Takes it back.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`Failure::Outdated`] or [`AppError::AboveCeiling`].
    pub async fn invitation_withdraw(
        &self,
        permit: &Permit<Invite>,
        target: impl Into<Target<InvitationId>>,
    ) -> Result<(), Failure> {
        let Target { id, expected } = target.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let (before, role) = managed(&mut tx, "withdraw", id).await?;
        expected.check(seen(&mut tx, permit, &before, &role).await?)?;
        diesel::delete(invitations::table.find(Id(id))).execute(tx.connection()?).await?;
        let detail = json!({ "before": audited(&before, &role.name) });
        let event = AuditEvent { action: "invitation.withdraw", target: id.to_string(), detail };
        self.commit(tx, event).await
    }

    /// Its link, for handing it on by other ways than mail.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::AboveCeiling`], or [`AppError::InvitationGone`] when it has to be sent again
    /// first.
    pub async fn invitation_link(&self, permit: &Permit<Invite>, id: InvitationId) -> Result<String, Failure> {
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let (row, role) = managed(&mut tx, "see the link of", id).await?;
        if now >= row.expires_at.0 {
            return Err(Failure::unfit("id", "Its seven days are over. Resend it."));
        }
        let token = self.token_of(&row)?;
        // Whoever has seen the link could have used it: the trail has to know who did.
        let event = AuditEvent::created("invitation.link", id, audited(&row, &role.name));
        self.commit(tx, event).await?;
        Ok(self.join_link(&token))
    }

    /// What the holder of a link is offered.
    pub(crate) async fn invitation_offer(
        &self,
        request: &RequestInfo,
        session: Option<&SessionToken>,
        token: &str,
    ) -> Result<InvitationOffer, Failure> {
        let signed_in_as = self.signed_in_email(request, session).await?;
        let now = self.now();
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let row = acceptable(connection, token, now).await?;
        let organization_name =
            organizations::table.find(row.organization_id).select(organizations::name).first(connection).await?;
        let role = role_choice(connection, row.organization_id.0, row.role_id.0).await?;
        let has_account = user_of(connection, &row.email).await?.is_some();
        Ok(InvitationOffer {
            organization_name,
            invited_by: row.invited_by,
            email: row.email,
            role,
            expires_at: row.expires_at.0,
            has_account,
            signed_in_as,
        })
    }

    /// Accepts an invitation and signs in to its organization.
    pub(crate) async fn invitation_accept(
        &self,
        request: &RequestInfo,
        session: Option<&SessionToken>,
        token: &str,
        password: String,
    ) -> Result<NewSession, Failure> {
        let signed_in = self.signed_in_email(request, session).await?;
        let now = self.now();
        let (invitation, user) = {
            let mut connection = self.inner.store.read().await?;
            let row = acceptable(&mut connection, token, now).await?;
            let user = user_of(&mut connection, &row.email).await?;
            (row, user)
        };
        let email = invitation.email.clone();
        if let Some(signed_in) = signed_in.clone().filter(|signed_in| *signed_in != email) {
            return Err(AppError::InvitationForAnother { invited: email, signed_in }.into());
        }
        let (user_id, new_user) = match user {
            Some((id, hash)) => {
                if signed_in.is_none() {
                    self.check_password_of(request, &email, hash, "password", password).await?;
                }
                (id, None)
            }
            None => {
                let known = vec![email.clone(), "ipaware".to_owned()];
                let strength = self.inner.passwords.check_strength(password.clone(), known).await?;
                strength.map_err(|message| AppError::field("password", message))?;
                let id = Id(fresh_id!(UserId, now));
                let password_hash = self.inner.passwords.hash(password).await?;
                let row = UserRow { id, email: email.clone(), password_hash, created_at: Moment(now) };
                (id, Some(row))
            }
        };
        let member = MemberRow {
            id: Id(fresh_id!(MemberId, now)),
            organization_id: invitation.organization_id,
            user_id,
            created_at: Moment(now),
        };
        let authority = Authority::of_member(invitation.organization_id.0, member.id.0, &email, request);
        let mut tx = WriteTx::begin_for(&self.inner.store, &authority, now).await?;
        // Asked again under the lock: of two who accept at the same moment, one comes too late.
        let invitation = acceptable(tx.connection()?, token, now).await?;
        let role = role_choice(tx.connection()?, invitation.organization_id.0, invitation.role_id.0).await?;
        if let Some(user) = &new_user {
            let inserted = diesel::insert_into(users::table).values(user).execute(tx.connection()?).await;
            inserted.map_err(Failure::from).map_err(|failure| {
                if failure.is_duplicate("users_email_key") {
                    AppError::field("password", "There is an account with this email now. Load the page again.").into()
                } else {
                    failure
                }
            })?;
        }
        diesel::insert_into(members::table).values(&member).execute(tx.connection()?).await?;
        let held = MemberRoleRow { member_id: member.id, role_id: invitation.role_id };
        diesel::insert_into(member_roles::table).values(held).execute(tx.connection()?).await?;
        diesel::delete(invitations::table.find(invitation.id)).execute(tx.connection()?).await?;
        let (_, session) = self.open_session(&mut tx, member.id, request, session).await?;
        let mut detail = audited(&invitation, &role.name);
        if let Some(detail) = detail.as_object_mut() {
            detail.insert("invitation".to_owned(), json!(invitation.id.0));
        }
        let event = AuditEvent::created("invitation.accept", member.id.0, detail);
        self.commit(tx, event).await?;
        Ok(session)
    }

    /// Queues the mail, commits, and shows what was sent.
    async fn send(
        &self,
        permit: &Permit<Invite>,
        mut tx: WriteTx,
        row: InvitationRow,
        role: &RoleChoice,
        event: AuditEvent,
    ) -> Result<InvitationSent, Failure> {
        let now = tx.now;
        let token = self.token_of(&row)?;
        mail::queue(&mut tx, Letter::Invitation, &row.email, json!({}), Some(&row)).await?;
        self.commit(tx, event).await?;
        self.inner.mailer.wake();
        Ok(InvitationSent {
            invitation: view(row, role, permit.grants(), Delivery::Queued, now),
            link: self.join_link(&token),
            by_mail: self.inner.mailer.has_server(),
        })
    }

    /// The token that an invitation's row has the digest of.
    pub(crate) fn token_of(&self, row: &InvitationRow) -> Result<InvitationToken, Failure> {
        self.inner
            .keyring
            .peppers
            .all()
            .map(|pepper| InvitationToken::derive(pepper, row.id.0, row.serial, &row.email))
            .find(|token| token.digest() == row.token_digest.0)
            .ok_or_else(|| Failure::unfit("id", "Its link was made with a pepper that is gone. Resend it."))
    }

    pub(crate) fn join_link(&self, token: &InvitationToken) -> String {
        format!("{}{}?token={}", self.inner.mailer.public_url(), shared::path::JOIN, token.expose())
    }
}

/// The invitations of the organization, newest first.
pub(super) async fn open_invitations<O: Operation>(
    connection: &mut AnyConnection,
    permit: &Permit<O>,
    now: Timestamp,
) -> Result<Vec<InvitationView>, Failure> {
    let organization = permit.organization();
    let rows: Vec<InvitationRow> = invitations::table
        .filter(invitations::organization_id.eq(Id(organization)))
        .order((invitations::sent_at.desc(), invitations::id.desc()))
        .select(InvitationRow::as_select())
        .load(connection)
        .await?;
    let roles = role_choices(connection, organization).await?;
    let mut deliveries = deliveries(connection, organization).await?;
    let views = rows.into_iter().filter_map(|row| {
        let role = roles.iter().find(|role| role.id == row.role_id.0)?;
        let delivery = deliveries.remove(&(row.id.0, row.serial)).unwrap_or(Delivery::Queued);
        Some(view(row, role, permit.grants(), delivery, now))
    });
    Ok(views.collect())
}

fn view(row: InvitationRow, role: &RoleChoice, held: &Grants, delivery: Delivery, now: Timestamp) -> InvitationView {
    let ceiling = authz::check_ceiling(held, &format!("manage the invitation of {}", row.email), &role.permissions);
    InvitationView {
        id: row.id.0,
        locked: ceiling.err().map(|error| error.to_string()),
        role: RoleRef { id: role.id, name: role.name.clone() },
        invited_by: row.invited_by,
        sent_at: row.sent_at.0,
        expires_at: row.expires_at.0,
        expired: now >= row.expires_at.0,
        delivery,
        email: row.email,
    }
}

/// An invitation under the lock, as whoever changes it sees it.
async fn seen(
    tx: &mut WriteTx,
    permit: &Permit<Invite>,
    row: &InvitationRow,
    role: &RoleChoice,
) -> Result<InvitationView, Failure> {
    let now = tx.now;
    let delivery = delivery(tx.connection()?, row).await?;
    Ok(view(row.clone(), role, permit.grants(), delivery, now))
}

/// What became of one invitation's mail.
async fn delivery(connection: &mut AnyConnection, row: &InvitationRow) -> Result<Delivery, Failure> {
    let mut deliveries = deliveries(connection, row.organization_id.0).await?;
    Ok(deliveries.remove(&(row.id.0, row.serial)).unwrap_or(Delivery::Queued))
}

/// What became of the mails of this organization's open invitations, by invitation and sending.
async fn deliveries(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<HashMap<(InvitationId, i64), Delivery>, Failure> {
    let rows: Vec<MailRow> = mails::table
        .filter(mails::organization_id.eq(Id(organization)))
        .filter(mails::letter.eq(Letter::Invitation.code()))
        .filter(
            mails::invitation_id.eq_any(
                invitations::table
                    .filter(invitations::organization_id.eq(Id(organization)))
                    .select(invitations::id.nullable()),
            ),
        )
        .select(MailRow::as_select())
        .load(connection)
        .await?;
    let delivery = |row: &MailRow| match (row.status.as_str(), row.problem.clone()) {
        ("sent", _) => Delivery::Sent { at: row.next_at.0 },
        ("written", _) => Delivery::Written { at: row.next_at.0 },
        ("failed", problem) => Delivery::Failed { problem: problem.unwrap_or_default() },
        ("queued", Some(problem)) => Delivery::Retrying { problem, next_at: row.next_at.0 },
        _ => Delivery::Queued,
    };
    Ok(rows.iter().filter_map(|row| Some(((row.invitation_id?.0, row.serial?), delivery(row)))).collect())
}

/// The invitation that a token stands for, while it can be accepted.
async fn acceptable(connection: &mut AnyConnection, token: &str, now: Timestamp) -> Result<InvitationRow, Failure> {
    let token = InvitationToken::read(token).ok_or(AppError::InvitationGone)?;
    let row = invitations::table
        .filter(invitations::token_digest.eq(Digest32(token.digest())))
        .filter(invitations::expires_at.gt(Moment(now)))
        .select(InvitationRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.ok_or(AppError::InvitationGone)?)
}

async fn user_of(connection: &mut AnyConnection, email: &str) -> Result<Option<(Id<UserId>, String)>, Failure> {
    Ok(users::table
        .filter(users::email.eq(email))
        .select((users::id, users::password_hash))
        .first(connection)
        .await
        .optional()?)
}

/// An invitation of this organization whose role is within what the caller may do.
async fn managed(tx: &mut WriteTx, what: &str, id: InvitationId) -> Result<(InvitationRow, RoleChoice), Failure> {
    let organization = tx.organization_id();
    let row = invitations::table
        .filter(invitations::id.eq(Id(id)).and(invitations::organization_id.eq(organization)))
        .select(InvitationRow::as_select())
        .first(tx.connection()?)
        .await
        .optional()?;
    let row: InvitationRow = row.ok_or_else(|| AppError::not_found("invitation"))?;
    let role = role_choice(tx.connection()?, organization.0, row.role_id.0).await?;
    tx.check_ceiling(&format!("{what} the invitation of {}", row.email), &role.permissions)?;
    Ok((row, role))
}

fn audited(row: &InvitationRow, role_name: &str) -> Value {
    json!({ "email": row.email, "role": role_name, "expires_at": row.expires_at.0.rfc3339() })
}
