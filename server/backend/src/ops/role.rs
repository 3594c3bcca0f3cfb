//! Roles: what each may do, who holds it, and every change of it.
//!
//! A change is in force for the next request of every key and member that holds the role: members' roles are read anew
//! with each request, and keys' come from the index, which is brought up to date before the operation answers.

use std::collections::HashMap;

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use shared::{
    AppError, Grants, KeyId, MemberId, OrganizationId, Permission, RoleId, field,
    key::KeyStatus,
    permission::ApplicationPermission,
    role::{
        self, CUSTOM_ROLES_MAX, HOLDERS_SHOWN, KeyHolder, MemberHolder, RoleChoice, RoleCreateParams, RoleDeleteParams,
        RoleDetail, RoleHolders, RoleList, RoleUpdateParams, RoleView, SEARCH_MAX, SystemRole,
    },
};

use super::{checked, count, permission::application_permissions, stop_if};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{self, Operation, Permit, RoleCreate, RoleDelete, RoleRead, RoleUpdate},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::{
            account::MemberRoleRow,
            role::{RolePermissionRow, RoleRow},
        },
        schema::{api_keys, invitations, member_roles, members, role_permissions, roles, users},
        tx::WriteTx,
    },
    expected::{Expected, State, Target},
    failure::Failure,
    keyring::applier::Subject,
    random::fresh_id,
    slice::{Cut, Slice},
};

/// What is to become of a role; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct RoleChange {
    /// Which role.
    pub target: Target<RoleId>,
    /// 1 to [`role::NAME_MAX`] characters after trimming.
    pub name: Option<String>,
    /// At most [`role::DESCRIPTION_MAX`] characters after trimming.
    pub description: Option<String>,
    /// The names of all its permissions from now on.
    pub permissions: Option<Vec<String>>,
}

impl From<RoleUpdateParams> for RoleChange {
    fn from(params: RoleUpdateParams) -> Self {
        let RoleUpdateParams { id, version, name, description, permissions } = params;
        Self {
            target: Target { id, expected: Expected::just(State::of_version(version)) },
            name: Some(name),
            description: Some(description),
            permissions: Some(permissions),
        }
    }
}

/// A role that is to be deleted.
#[derive(Debug, Clone)]
pub struct RoleRemoval {
    /// Which role.
    pub target: Target<RoleId>,
    /// What its keys, members and invitations get instead.
    pub replacement: Option<RoleId>,
}

impl From<RoleDeleteParams> for RoleRemoval {
    fn from(params: RoleDeleteParams) -> Self {
        let RoleDeleteParams { id, version, replacement } = params;
        Self { target: Target { id, expected: Expected::just(State::of_version(version)) }, replacement }
    }
}

/// Why a key cannot have the Owner's role.
const OWNER_IS_A_MEMBER: &str = "Exactly one member is the Owner; a key cannot be.";

impl Backend {
    /// Every role with how many hold it, and every application permission.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn role_list(&self, permit: &Permit<RoleRead>) -> Result<RoleList, Failure> {
        let mut connection = self.inner.store.read().await?;
        let organization = permit.organization();
        let holders = holders(&mut connection, organization).await?;
        let roles = all_roles(&mut connection, organization).await?;
        Ok(RoleList {
            roles: roles.into_iter().map(|role| role.view(&holders, permit.grants())).collect(),
            application_permissions: application_permissions(&mut connection, organization).await?,
        })
    }

    /// A slice of the roles that a search finds, in the same order.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn role_slice(
        &self,
        permit: &Permit<RoleRead>,
        search: &str,
        slice: &Slice,
    ) -> Result<Cut<RoleView>, Failure> {
        let organization = permit.organization();
        let wanted = field::search(search, SEARCH_MAX).to_lowercase();
        let slicing = self.slicing("roles", organization, &wanted, slice)?;
        let mut connection = self.inner.store.read().await?;
        let holders = holders(&mut connection, organization).await?;
        let roles = all_roles(&mut connection, organization).await?;
        let mut roles: Vec<_> = roles.into_iter().map(|role| role.view(&holders, permit.grants())).collect();
        roles.retain(|role| role.matches(&wanted));
        slicing.cut_sorted(roles, |role| rank(role.system, &role.name))
    }

    /// One role, and who holds it.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's role.
    pub async fn role_get(&self, permit: &Permit<RoleRead>, id: RoleId) -> Result<RoleDetail, Failure> {
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let (organization, grants) = (permit.organization(), permit.grants());
        let holders = holders(connection, organization).await?;
        let mut found = None;
        let mut replacements = Vec::new();
        for role in all_roles(connection, organization).await? {
            if role.row.id.0 == id {
                found = Some(role);
            } else if role.system() != Some(SystemRole::Owner) {
                replacements.push(permit.lock_above_ceiling(role.choice()));
            }
        }
        let role = found.ok_or_else(|| AppError::not_found("role"))?;
        let keys = match grants.holds(Permission::KeyView) {
            true => Some(keys_with(connection, id).await?),
            false => None,
        };
        let members = match grants.holds(Permission::MemberView) {
            true => Some(members_with(connection, id).await?),
            false => None,
        };
        let application_permissions = application_permissions(connection, organization).await?;
        Ok(RoleDetail { role: role.view(&holders, grants), application_permissions, keys, members, replacements })
    }

    /// Creates a role.
    ///
    /// # Errors
    /// [`AppError::Invalid`], [`AppError::AboveCeiling`] or [`AppError::TooMany`].
    pub async fn role_create(
        &self,
        permit: &Permit<RoleCreate>,
        params: RoleCreateParams,
    ) -> Result<RoleView, Failure> {
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let existing = all_roles(tx.connection()?, permit.organization()).await?;
        if existing.iter().filter(|role| role.row.system.is_none()).count() >= CUSTOM_ROLES_MAX {
            return Err(AppError::TooMany { what: "custom roles".to_owned(), limit: CUSTOM_ROLES_MAX as u64 }.into());
        }
        let filled = filled(&mut tx, &existing, None, &params.name, &params.description, &params.permissions).await?;
        tx.check_ceiling("create this role", &filled.grants)?;
        let role = Role {
            row: RoleRow {
                id: Id(fresh_id!(RoleId, now)),
                organization_id: tx.organization_id(),
                system: None,
                name: filled.name,
                description: filled.description,
                created_at: Moment(now),
                version: 1,
                deleted_at: None,
            },
            grants: filled.grants,
        };
        diesel::insert_into(roles::table).values(&role.row).execute(tx.connection()?).await?;
        insert_permissions(tx.connection()?, &role).await?;
        tx.touch(Subject::Organization(permit.organization()));
        let event = AuditEvent::created("role.create", role.row.id.0, role.audited());
        self.commit(tx, event).await?;
        Ok(role.view(&HashMap::new(), permit.grants()))
    }

    /// Changes name, description and permissions. When this returns, the next request of whoever holds the role is
    /// judged by them.
    ///
    /// # Errors
    /// [`AppError::SystemRoleLocked`], [`Failure::Outdated`] when somebody else was quicker, [`AppError::AboveCeiling`]
    /// when the role holds or would hold what the caller lacks, and [`AppError::Invalid`].
    pub async fn role_update(
        &self,
        permit: &Permit<RoleUpdate>,
        change: impl Into<RoleChange>,
    ) -> Result<RoleView, Failure> {
        let now = self.now();
        let RoleChange { target, name, description, permissions } = change.into();
        let id = target.id;
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let existing = all_roles(tx.connection()?, permit.organization()).await?;
        let before = changeable(&mut tx, permit, &existing, &target).await?;
        tx.check_ceiling(&format!("edit {}", before.row.name), &before.grants)?;
        let name = name.as_ref().unwrap_or(&before.row.name);
        let description = description.as_ref().unwrap_or(&before.row.description);
        let permissions = permissions.unwrap_or_else(|| before.grants.clone().into());
        let filled = filled(&mut tx, &existing, Some(id), name, description, &permissions).await?;
        tx.check_ceiling("save this role", &filled.grants)?;
        let row: RoleRow = diesel::update(roles::table.find(Id(id)))
            .set((
                roles::name.eq(filled.name),
                roles::description.eq(filled.description),
                roles::version.eq(before.row.version + 1),
            ))
            .returning(RoleRow::as_returning())
            .get_result(tx.connection()?)
            .await?;
        let after = Role { row, grants: filled.grants };
        diesel::delete(role_permissions::table.filter(role_permissions::role_id.eq(Id(id))))
            .execute(tx.connection()?)
            .await?;
        insert_permissions(tx.connection()?, &after).await?;
        tx.touch(Subject::Organization(permit.organization()));
        let holders = holders(tx.connection()?, permit.organization()).await?;
        let event = AuditEvent::changed("role.update", id, before.audited(), after.audited());
        self.commit(tx, event).await?;
        Ok(after.view(&holders, permit.grants()))
    }

    /// Deletes a role; its keys, members and invitations get the replacement in the same step.
    ///
    /// # Errors
    /// As [`Self::role_update`], and [`AppError::RoleInUse`] when somebody holds it and no replacement is named.
    pub async fn role_delete(
        &self,
        permit: &Permit<RoleDelete>,
        removal: impl Into<RoleRemoval>,
    ) -> Result<(), Failure> {
        let now = self.now();
        let RoleRemoval { target, replacement } = removal.into();
        let id = target.id;
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let organization = permit.organization();
        let existing = all_roles(tx.connection()?, organization).await?;
        let before = changeable(&mut tx, permit, &existing, &target).await?;
        tx.check_ceiling(&format!("delete {}", before.row.name), &before.grants)?;
        let holders = holders(tx.connection()?, organization).await?.remove(&id).unwrap_or_default();
        let mut detail = json!({ "before": before.audited() });
        if !holders.is_empty() {
            let replacement = replacement.ok_or(AppError::RoleInUse { holders })?;
            let replacement = existing
                .iter()
                .find(|role| role.row.id.0 == replacement && replacement != id)
                .ok_or_else(|| Failure::unfit("replacement", "There is no such role. Choose another one."))?;
            if replacement.system() == Some(SystemRole::Owner) {
                return Err(Failure::unfit("replacement", OWNER_IS_A_MEMBER));
            }
            tx.check_ceiling(&format!("assign {}", replacement.row.name), &replacement.grants)?;
            replace(&mut tx, id, replacement.row.id.0).await?;
            if let Some(detail) = detail.as_object_mut() {
                detail.insert("replacement".to_owned(), json!(replacement.row.name));
                detail.insert("holders".to_owned(), json!(holders));
            }
        }
        diesel::update(roles::table.find(Id(id)))
            .set((
                // Its name becomes free for another one; the id makes this one unique.
                // No other role can have this name: theirs do not end with a space.
                roles::name.eq(format!("{} (deleted, {}) ", before.row.name, id)),
                roles::version.eq(before.row.version + 1),
                roles::deleted_at.eq(Some(Moment(now))),
            ))
            .execute(tx.connection()?)
            .await?;
        tx.touch(Subject::Organization(organization));
        let event = AuditEvent { action: "role.delete", target: id.to_string(), detail };
        self.commit(tx, event).await
    }
}

/// A role that is not deleted, with what it may do.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) row: RoleRow,
    pub(super) grants: Grants,
}

impl Role {
    pub(super) fn system(&self) -> Option<SystemRole> {
        self.row.system.as_deref().and_then(SystemRole::from_code)
    }

    /// The role as something to choose. The Owner's never is.
    pub(super) fn choice(&self) -> RoleChoice {
        RoleChoice {
            id: self.row.id.0,
            name: self.row.name.clone(),
            description: self.row.description.clone(),
            permissions: self.grants.clone(),
            locked: (self.system() == Some(SystemRole::Owner)).then(|| OWNER_IS_A_MEMBER.to_owned()),
        }
    }

    fn view(self, holders: &HashMap<RoleId, RoleHolders>, held: &Grants) -> RoleView {
        let system = self.system();
        let ceiling = authz::check_ceiling(held, &format!("edit {}", self.row.name), &self.grants);
        RoleView {
            id: self.row.id.0,
            system,
            version: self.row.version,
            holders: holders.get(&self.row.id.0).copied().unwrap_or_default(),
            locked: ceiling.err().filter(|_| system.is_none()).map(|error| error.to_string()),
            permissions: self.grants,
            name: self.row.name,
            description: self.row.description,
        }
    }

    fn audited(&self) -> Value {
        json!({
            "name": self.row.name,
            "description": self.row.description,
            "permissions": self.grants,
        })
    }
}

/// Every role of the organization: the system's, most powerful first, then its own by name.
pub(super) async fn all_roles(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<Vec<Role>, Failure> {
    let of_organization = roles::organization_id.eq(Id(organization)).and(roles::deleted_at.is_null());
    let rows: Vec<RoleRow> = roles::table.filter(of_organization).select(RoleRow::as_select()).load(connection).await?;
    let held: Vec<RolePermissionRow> = role_permissions::table
        .inner_join(roles::table)
        .filter(of_organization)
        .select(RolePermissionRow::as_select())
        .load(connection)
        .await?;
    let mut grants = HashMap::<RoleId, Grants>::new();
    for row in held {
        grants.entry(row.role_id.0).or_default().insert(&row.permission);
    }
    let mut all: Vec<Role> = rows
        .into_iter()
        .map(|row| {
            let grants = grants.remove(&row.id.0).unwrap_or_default();
            Role { row, grants }
        })
        .collect();
    all.sort_by_cached_key(|role| rank(role.system(), &role.row.name));
    Ok(all)
}

/// Where a role is among all. No two have the same: names that differ in case alone are refused.
fn rank(system: Option<SystemRole>, name: &str) -> (usize, String) {
    let rank = system.and_then(|system| SystemRole::ALL.iter().position(|other| *other == system));
    (rank.unwrap_or(SystemRole::ALL.len()), name.to_lowercase())
}

/// Every role as something to choose: the system's from the least powerful up, then the organization's own.
pub(super) async fn role_choices(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<Vec<RoleChoice>, Failure> {
    let mut all = all_roles(connection, organization).await?;
    let systems = all.iter().take_while(|role| role.system().is_some()).count();
    if let Some(systems) = all.get_mut(..systems) {
        systems.reverse();
    }
    Ok(all.iter().map(Role::choice).collect())
}

/// One of them.
pub(super) async fn role_choice(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    id: RoleId,
) -> Result<RoleChoice, Failure> {
    let choice = role_choices(connection, organization).await?.into_iter().find(|choice| choice.id == id);
    choice.ok_or_else(|| Failure::unfit("role", "There is no such role in this organization. Choose another one."))
}

/// A role that the caller may give to a key or to somebody who is invited.
pub(super) async fn assignable_role(tx: &mut WriteTx, id: RoleId) -> Result<RoleChoice, Failure> {
    let organization = tx.organization_id().0;
    let choice = role_choice(tx.connection()?, organization, id).await?;
    tx.check_ceiling(&format!("assign {}", choice.name), &choice.permissions)?;
    match choice.locked {
        Some(why) => Err(Failure::unfit("role", why)),
        None => Ok(choice),
    }
}

/// The fields of a role, once they are right.
struct Filled {
    name: String,
    description: String,
    grants: Grants,
}

async fn filled(
    tx: &mut WriteTx,
    existing: &[Role],
    itself: Option<RoleId>,
    name: &str,
    description: &str,
    permissions: &[String],
) -> Result<Filled, Failure> {
    let mut refused = Vec::new();
    let name = checked(&mut refused, "name", role::name(name));
    let description = checked(&mut refused, "description", role::description(description));
    let organization = tx.organization_id().0;
    stop_if(refused)?;
    let mut unfit = Vec::new();
    let name = checked(&mut unfit, "name", free_name(existing, itself, name));
    let own = application_permissions(tx.connection()?, organization).await?;
    let grants = checked(&mut unfit, "permissions", known(permissions, &own));
    stop_if(unfit).map_err(Failure::Unfit)?;
    Ok(Filled { name, description, grants })
}

/// Two roles that differ in case alone would be told apart by nobody.
fn free_name(existing: &[Role], itself: Option<RoleId>, name: String) -> Result<String, String> {
    let same = |role: &&Role| Some(role.row.id.0) != itself && role.row.name.to_lowercase() == name.to_lowercase();
    match existing.iter().find(same) {
        Some(role) => Err(format!("There is a role called {} already. Choose another name.", role.row.name)),
        None => Ok(name),
    }
}

fn known(names: &[String], own: &[ApplicationPermission]) -> Result<Grants, String> {
    let is_known = |name: &str| name.parse::<Permission>().is_ok() || own.iter().any(|own| own.name == name);
    match names.iter().find(|name| !is_known(name)) {
        Some(unknown) => {
            let shown: String = unknown.chars().filter(|c| !c.is_control()).take(64).collect();
            Err(format!("There is no permission called {shown:?}. Somebody may have removed it; load the page again."))
        }
        None => Ok(names.iter().collect()),
    }
}

/// The role, if it can be changed at all and is still what the caller has seen.
async fn changeable<'r, O: Operation>(
    tx: &mut WriteTx,
    permit: &Permit<O>,
    existing: &'r [Role],
    target: &Target<RoleId>,
) -> Result<&'r Role, Failure> {
    let role = existing.iter().find(|role| role.row.id.0 == target.id).ok_or_else(|| AppError::not_found("role"))?;
    if role.row.system.is_some() {
        return Err(AppError::SystemRoleLocked.into());
    }
    if !target.expected.allows(&State::of_version(role.row.version)) {
        let holders = holders(tx.connection()?, permit.organization()).await?;
        return Err(Failure::Outdated(Box::new(role.clone().view(&holders, permit.grants()).into())));
    }
    Ok(role)
}

async fn insert_permissions(connection: &mut AnyConnection, role: &Role) -> Result<(), Failure> {
    let rows: Vec<_> = role
        .grants
        .names()
        .map(|name| RolePermissionRow { role_id: role.row.id, permission: name.to_owned() })
        .collect();
    if !rows.is_empty() {
        diesel::insert_into(role_permissions::table).values(rows).execute(connection).await?;
    }
    Ok(())
}

/// Gives everybody who holds `old` the role `new` instead. Revoked keys keep what they had.
async fn replace(tx: &mut WriteTx, old: RoleId, new: RoleId) -> Result<(), Failure> {
    let (old, new) = (Id(old), Id(new));
    let connection = tx.connection()?;
    let keys: Vec<Id<KeyId>> = diesel::update(
        api_keys::table.filter(api_keys::role_id.eq(old)).filter(api_keys::status.ne(KeyStatus::Revoked.code())),
    )
    .set((api_keys::role_id.eq(new), api_keys::version.eq(api_keys::version + 1)))
    .returning(api_keys::id)
    .get_results(connection)
    .await?;
    diesel::update(invitations::table.filter(invitations::role_id.eq(old)))
        .set(invitations::role_id.eq(new))
        .execute(connection)
        .await?;
    let held: Vec<Id<MemberId>> = diesel::delete(member_roles::table.filter(member_roles::role_id.eq(old)))
        .returning(member_roles::member_id)
        .get_results(connection)
        .await?;
    if !held.is_empty() {
        let rows: Vec<_> = held.into_iter().map(|member_id| MemberRoleRow { member_id, role_id: new }).collect();
        // Some may hold the new one already.
        diesel::insert_into(member_roles::table).values(rows).on_conflict_do_nothing().execute(connection).await?;
    }
    for key in keys {
        tx.touch(Subject::Key(key.0));
    }
    Ok(())
}

async fn holders(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<HashMap<RoleId, RoleHolders>, Failure> {
    use diesel::dsl::count_star;
    let mut all = HashMap::<RoleId, RoleHolders>::new();
    let keys: Vec<(Id<RoleId>, i64)> = api_keys::table
        .filter(api_keys::organization_id.eq(Id(organization)))
        .filter(api_keys::status.ne(KeyStatus::Revoked.code()))
        .group_by(api_keys::role_id)
        .select((api_keys::role_id, count_star()))
        .load(connection)
        .await?;
    for (role, keys) in keys {
        all.entry(role.0).or_default().keys = count(keys);
    }
    let members: Vec<(Id<RoleId>, i64)> = member_roles::table
        .inner_join(roles::table)
        .filter(roles::organization_id.eq(Id(organization)))
        .group_by(member_roles::role_id)
        .select((member_roles::role_id, count_star()))
        .load(connection)
        .await?;
    for (role, members) in members {
        all.entry(role.0).or_default().members = count(members);
    }
    let invited: Vec<(Id<RoleId>, i64)> = invitations::table
        .filter(invitations::organization_id.eq(Id(organization)))
        .group_by(invitations::role_id)
        .select((invitations::role_id, count_star()))
        .load(connection)
        .await?;
    for (role, invited) in invited {
        all.entry(role.0).or_default().invitations = count(invited);
    }
    Ok(all)
}

async fn keys_with(connection: &mut AnyConnection, role: RoleId) -> Result<Vec<KeyHolder>, Failure> {
    let rows: Vec<(Id<KeyId>, String)> = api_keys::table
        .filter(api_keys::role_id.eq(Id(role)))
        .filter(api_keys::status.ne(KeyStatus::Revoked.code()))
        .order((api_keys::created_at.desc(), api_keys::id.desc()))
        .limit(HOLDERS_SHOWN as i64)
        .select((api_keys::id, api_keys::name))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(id, name)| KeyHolder { id: id.0, name }).collect())
}

async fn members_with(connection: &mut AnyConnection, role: RoleId) -> Result<Vec<MemberHolder>, Failure> {
    let rows: Vec<(Id<MemberId>, String)> = member_roles::table
        .inner_join(members::table.inner_join(users::table))
        .filter(member_roles::role_id.eq(Id(role)))
        .order(users::email)
        .select((members::id, users::email))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(id, email)| MemberHolder { id: id.0, email }).collect())
}
