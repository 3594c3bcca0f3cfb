//! Members: who belongs to the organization, with which roles, and how they leave it.
//!
//! Whoever manages a member needs every permission that the member's roles hold, before and after: the ceiling rule.
//! Exactly one member is the Owner. Every operation holds the organization's lock while it looks and changes, so two at
//! the same moment cannot leave none, or two.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
};

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use shared::{
    AppError, Grants, KeyId, MemberId, OrganizationId, Permission, RoleId, Timestamp, field,
    key::KeyStatus,
    page::{Page, ROWS_PER_PAGE, pages},
    role::{KeyHolder, RoleRef, SystemRole},
    team::{
        InvitationView, KEYS_SHOWN, MemberDetail, MemberUpdateParams, MemberView, SEARCH_MAX, Team, TeamListParams,
        TeamRow,
    },
};

use super::{
    count,
    invitation::open_invitations,
    role::{Role, all_roles, role_choices},
};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{self, MemberRead, MemberRemove, MemberUpdate, Operation, OwnAccount, Permit},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::account::MemberRoleRow,
        schema::{api_keys, member_roles, members, sessions, users},
        tx::WriteTx,
    },
    expected::{Expected, State, Target},
    failure::Failure,
    mail::{self, Letter},
    slice::{Cut, Slice},
};

/// What is to become of a member.
#[derive(Debug, Clone)]
pub struct MemberChange {
    /// Who.
    pub target: Target<MemberId>,
    /// Their roles from now on; at least one. `None` leaves them as they are.
    pub roles: Option<Vec<RoleId>>,
}

impl From<MemberUpdateParams> for MemberChange {
    fn from(params: MemberUpdateParams) -> Self {
        let MemberUpdateParams { id, before, roles } = params;
        Self { target: Target { id, expected: Expected::just(State::of_roles(before)) }, roles: Some(roles) }
    }
}

impl Backend {
    /// One page of invitations and members, and what the page around it needs.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn team_list(&self, permit: &Permit<MemberRead>, params: &TeamListParams) -> Result<Team, Failure> {
        let now = self.now();
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let organization = permit.organization();
        let wanted = wanted(params);
        let invitations = open_invitations(connection, permit, now).await?;
        let members = all_members(connection, organization).await?;
        let rows: Vec<TeamRow> = invitations
            .into_iter()
            .filter(|invitation| wanted(&invitation.email, &[invitation.role.id]))
            .map(TeamRow::Invitation)
            .chain(
                members
                    .into_iter()
                    .filter(|member| wanted(&member.email, &member.role_ids()))
                    .map(|member| TeamRow::Member(member.view(permit))),
            )
            .collect();
        let total = rows.len() as u64;
        let number = params.page.clamp(1, pages(total));
        let skip = usize::try_from(number - 1).unwrap_or(0).saturating_mul(ROWS_PER_PAGE as usize);
        let rows = rows.into_iter().skip(skip).take(ROWS_PER_PAGE as usize).collect();
        let roles = role_choices(connection, organization).await?;
        Ok(Team {
            page: Page { rows, total, number },
            roles: roles.into_iter().map(|choice| permit.lock_above_ceiling(choice)).collect(),
            now,
        })
    }

    /// A slice of the members that the filters let through, by email.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn member_slice(
        &self,
        permit: &Permit<MemberRead>,
        params: &TeamListParams,
        slice: &Slice,
    ) -> Result<Cut<MemberView>, Failure> {
        let organization = permit.organization();
        let slicing = self.slicing("members", organization, &filters(params), slice)?;
        let wanted = wanted(params);
        let mut members = all_members(&mut *self.inner.store.read().await?, organization).await?;
        members.retain(|member| wanted(&member.email, &member.role_ids()));
        Ok(slicing.cut_sorted(members, |member| member.email.clone())?.map(|member| member.view(permit)))
    }

    /// A slice of the invitations that the filters let through, newest first.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn invitation_slice(
        &self,
        permit: &Permit<MemberRead>,
        params: &TeamListParams,
        slice: &Slice,
    ) -> Result<Cut<InvitationView>, Failure> {
        let slicing = self.slicing("invitations", permit.organization(), &filters(params), slice)?;
        let wanted = wanted(params);
        let mut invitations = open_invitations(&mut *self.inner.store.read().await?, permit, self.now()).await?;
        invitations.retain(|invitation| wanted(&invitation.email, &[invitation.role.id]));
        slicing.cut_sorted(invitations, |invitation| Reverse((invitation.sent_at, invitation.id.to_string())))
    }

    /// One member, and the keys they created.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's member.
    pub async fn member_get(&self, permit: &Permit<MemberRead>, id: MemberId) -> Result<MemberDetail, Failure> {
        let mut connection = self.inner.store.read().await?;
        let member = one_member(&mut connection, permit.organization(), id).await?;
        let created = api_keys::table
            .filter(api_keys::organization_id.eq(Id(permit.organization())))
            .filter(api_keys::created_by.eq(member.email.clone()))
            .filter(api_keys::status.ne(KeyStatus::Revoked.code()));
        let keys_total: i64 = created.clone().count().get_result(&mut connection).await?;
        let keys = match permit.grants().holds(Permission::KeyView) {
            true => {
                let rows: Vec<(Id<KeyId>, String)> = created
                    .order((api_keys::created_at.desc(), api_keys::id.desc()))
                    .limit(KEYS_SHOWN as i64)
                    .select((api_keys::id, api_keys::name))
                    .load(&mut connection)
                    .await?;
                Some(rows.into_iter().map(|(id, name)| KeyHolder { id: id.0, name }).collect())
            }
            false => None,
        };
        Ok(MemberDetail { member: member.view(permit), keys, keys_total: count(keys_total) })
    }

    /// Gives a member exactly these roles.
    ///
    /// # Errors
    /// [`AppError::LastOwner`] for the Owner, [`Failure::Outdated`] when somebody else was quicker,
    /// [`AppError::AboveCeiling`], and [`AppError::Invalid`].
    pub async fn member_update(
        &self,
        permit: &Permit<MemberUpdate>,
        change: impl Into<MemberChange>,
    ) -> Result<MemberView, Failure> {
        let MemberChange { target: Target { id, expected }, roles } = change.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let organization = permit.organization();
        let member = one_member(tx.connection()?, organization, id).await?;
        member.check_manageable(&tx)?;
        expected.check(member.clone().view(permit))?;
        let wanted: BTreeSet<RoleId> = roles.unwrap_or_else(|| member.role_ids()).into_iter().collect();
        let roles: Vec<Role> = all_roles(tx.connection()?, organization)
            .await?
            .into_iter()
            .filter(|role| wanted.contains(&role.row.id.0))
            .collect();
        if roles.len() != wanted.len() {
            return Err(Failure::unfit("roles", "One of these roles is gone. Load the page again."));
        }
        if roles.is_empty() {
            return Err(AppError::field("roles", "Choose at least one role, or remove the member.").into());
        }
        for role in &roles {
            if role.system() == Some(SystemRole::Owner) {
                return Err(Failure::unfit("roles", "The ownership is handed on by Transfer Ownership."));
            }
            tx.check_ceiling(&format!("assign {}", role.row.name), &role.grants)?;
        }
        set_roles(tx.connection()?, id, roles.iter().map(|role| role.row.id.0)).await?;
        let after = Member { roles, ..member.clone() };
        let event = AuditEvent::changed("member.update", id, member.audited(), after.audited());
        self.commit(tx, event).await?;
        Ok(after.view(permit))
    }

    /// Removes a member. Their sessions have ended when this returns; keys belong to the organization and go on.
    ///
    /// # Errors
    /// [`AppError::LastOwner`] for the Owner, [`AppError::AboveCeiling`], [`Failure::Outdated`], or
    /// [`AppError::NotFound`].
    pub async fn member_remove(
        &self,
        permit: &Permit<MemberRemove>,
        target: impl Into<Target<MemberId>>,
    ) -> Result<(), Failure> {
        let Target { id, expected } = target.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let member = one_member(tx.connection()?, permit.organization(), id).await?;
        member.check_manageable(&tx)?;
        expected.check(member.clone().view(permit))?;
        self.end_membership(tx, &member, "member.remove").await
    }

    /// Leaves the organization.
    ///
    /// # Errors
    /// [`AppError::LastOwner`] for the Owner.
    pub async fn member_leave(&self, permit: &Permit<OwnAccount>) -> Result<(), Failure> {
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let id = permit.authority().member()?;
        let member = one_member(tx.connection()?, permit.organization(), id).await?;
        member.check_not_owner()?;
        self.end_membership(tx, &member, "member.leave").await
    }

    /// Makes another member the Owner. Whoever was it becomes an Admin, and both are told by mail.
    ///
    /// # Errors
    /// [`AppError::OwnerOnly`], [`AppError::NotFound`], and [`AppError::Invalid`] for a wrong password.
    pub async fn ownership_transfer(
        &self,
        permit: &Permit<OwnAccount>,
        to: MemberId,
        password: String,
    ) -> Result<(), Failure> {
        let from = permit.authority().member()?;
        self.confirm_password(permit, "password", password).await?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let organization = permit.organization();
        let giver = one_member(tx.connection()?, organization, from).await?;
        if !giver.is_owner() {
            return Err(AppError::OwnerOnly.into());
        }
        if to == from {
            return Err(AppError::field("to", "You are the Owner already. Choose another member.").into());
        }
        let receiver = one_member(tx.connection()?, organization, to).await?;
        let roles = all_roles(tx.connection()?, organization).await?;
        let system = |wanted: SystemRole| {
            let found = roles.iter().find(|role| role.system() == Some(wanted));
            found.map(|role| role.row.id.0).ok_or_else(|| Failure::broken("a system role is missing"))
        };
        let (owner, admin) = (system(SystemRole::Owner)?, system(SystemRole::Admin)?);
        // Everything is in the Owner's role; what the receiver had besides would only be left over.
        set_roles(tx.connection()?, to, std::iter::once(owner)).await?;
        let kept = giver.role_ids().into_iter().filter(|role| *role != owner && *role != admin);
        set_roles(tx.connection()?, from, kept.chain(std::iter::once(admin))).await?;
        let detail = json!({ "from": giver.email, "to": receiver.email });
        mail::queue(&mut tx, Letter::OwnershipGiven, &giver.email, detail.clone(), None).await?;
        mail::queue(&mut tx, Letter::OwnershipReceived, &receiver.email, detail, None).await?;
        let event = AuditEvent::changed(
            "ownership.transfer",
            organization,
            json!({ "owner": giver.email }),
            json!({ "owner": receiver.email }),
        );
        self.commit(tx, event).await?;
        self.inner.mailer.wake();
        Ok(())
    }

    async fn end_membership(&self, mut tx: WriteTx, member: &Member, action: &'static str) -> Result<(), Failure> {
        let id = Id(member.id);
        let connection = tx.connection()?;
        diesel::delete(sessions::table.filter(sessions::member_id.eq(id))).execute(connection).await?;
        diesel::delete(member_roles::table.filter(member_roles::member_id.eq(id))).execute(connection).await?;
        diesel::delete(members::table.find(id)).execute(connection).await?;
        let event = AuditEvent { action, target: member.id.to_string(), detail: json!({ "before": member.audited() }) };
        self.commit(tx, event).await
    }
}

/// Which people the filters let through, by their email and their roles.
fn wanted(params: &TeamListParams) -> impl Fn(&str, &[RoleId]) -> bool {
    let (search, role) = filters(params);
    move |email, roles| email.contains(&search) && role.is_none_or(|role| roles.contains(&role))
}

/// What is searched for, in lower case as emails are, and the role.
fn filters(params: &TeamListParams) -> (String, Option<RoleId>) {
    (field::search(&params.search, SEARCH_MAX).to_lowercase(), params.role)
}

/// A member with their roles.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) id: MemberId,
    pub(super) email: String,
    joined_at: Timestamp,
    pub(super) roles: Vec<Role>,
}

impl Member {
    pub(super) fn is_owner(&self) -> bool {
        self.roles.iter().any(|role| role.system() == Some(SystemRole::Owner))
    }

    fn role_ids(&self) -> Vec<RoleId> {
        self.roles.iter().map(|role| role.row.id.0).collect()
    }

    fn grants(&self) -> Grants {
        let mut all = Grants::default();
        for role in &self.roles {
            all.extend(&role.grants);
        }
        all
    }

    fn check_not_owner(&self) -> Result<(), AppError> {
        if self.is_owner() { Err(AppError::LastOwner) } else { Ok(()) }
    }

    fn check_manageable(&self, tx: &WriteTx) -> Result<(), AppError> {
        self.check_not_owner()?;
        tx.check_ceiling(&format!("manage {}", self.email), &self.grants())
    }

    fn view<O: Operation>(self, permit: &Permit<O>) -> MemberView {
        let ceiling = authz::check_ceiling(permit.grants(), &format!("manage {}", self.email), &self.grants());
        let is_owner = self.is_owner();
        MemberView {
            id: self.id,
            is_owner,
            is_you: permit.authority().member().is_ok_and(|you| you == self.id),
            joined_at: self.joined_at,
            locked: if is_owner { Some(AppError::LastOwner) } else { ceiling.err() }.map(|error| error.to_string()),
            roles: self.roles.into_iter().map(|role| RoleRef { id: role.row.id.0, name: role.row.name }).collect(),
            email: self.email,
        }
    }

    fn audited(&self) -> Value {
        let roles: Vec<_> = self.roles.iter().map(|role| role.row.name.as_str()).collect();
        json!({ "email": self.email, "roles": roles })
    }
}

/// Every member, by email.
async fn all_members(connection: &mut AnyConnection, organization: OrganizationId) -> Result<Vec<Member>, Failure> {
    let rows: Vec<(Id<MemberId>, String, Moment)> = members::table
        .inner_join(users::table)
        .filter(members::organization_id.eq(Id(organization)))
        .order(users::email)
        .select((members::id, users::email, members::created_at))
        .load(connection)
        .await?;
    let held: Vec<(Id<MemberId>, Id<RoleId>)> = member_roles::table
        .inner_join(members::table)
        .filter(members::organization_id.eq(Id(organization)))
        .select((member_roles::member_id, member_roles::role_id))
        .load(connection)
        .await?;
    let roles = all_roles(connection, organization).await?;
    let mut by_member = HashMap::<MemberId, BTreeSet<RoleId>>::new();
    for (member, role) in held {
        by_member.entry(member.0).or_default().insert(role.0);
    }
    let members = rows.into_iter().map(|(id, email, joined_at)| {
        let held = by_member.remove(&id.0).unwrap_or_default();
        let roles = roles.iter().filter(|role| held.contains(&role.row.id.0)).cloned().collect();
        Member { id: id.0, email, joined_at: joined_at.0, roles }
    });
    Ok(members.collect())
}

/// One of them.
pub(super) async fn one_member(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    id: MemberId,
) -> Result<Member, Failure> {
    let row: Option<(String, Moment)> = members::table
        .inner_join(users::table)
        .filter(members::id.eq(Id(id)).and(members::organization_id.eq(Id(organization))))
        .select((users::email, members::created_at))
        .first(connection)
        .await
        .optional()?;
    let (email, joined_at) = row.ok_or_else(|| AppError::not_found("member"))?;
    let held: Vec<Id<RoleId>> = member_roles::table
        .filter(member_roles::member_id.eq(Id(id)))
        .select(member_roles::role_id)
        .load(connection)
        .await?;
    let roles = all_roles(connection, organization).await?;
    let roles = roles.into_iter().filter(|role| held.contains(&role.row.id)).collect();
    Ok(Member { id, email, joined_at: joined_at.0, roles })
}

async fn set_roles(
    connection: &mut AnyConnection,
    member: MemberId,
    roles: impl Iterator<Item = RoleId>,
) -> Result<(), Failure> {
    diesel::delete(member_roles::table.filter(member_roles::member_id.eq(Id(member)))).execute(connection).await?;
    let rows: Vec<_> = roles.map(|role| MemberRoleRow { member_id: Id(member), role_id: Id(role) }).collect();
    diesel::insert_into(member_roles::table).values(rows).execute(connection).await?;
    Ok(())
}
