//! Application permissions: names that the organization registers for its own application.
//!
//! The Owner's and the Admin's role hold every one of them, as rows like any other, so no rule has to know of an
//! exception. Whoever registers one gets it only if they are one of those.

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AppError, Grants, OrganizationId, Permission, RoleId,
    permission::{self, APPLICATION_PERMISSIONS_MAX, ApplicationPermission},
};

use super::{checked, role::all_roles, stop_if};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{Permit, RoleCreate, RoleDelete, RoleRead, RoleUpdate},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::role::{ApplicationPermissionRow, RolePermissionRow},
        schema::{application_permissions, role_permissions, roles},
        tx::WriteTx,
    },
    expected::Target,
    failure::Failure,
    keyring::applier::Subject,
    slice::{Cut, Slice},
};

/// One of all the permissions that a role of the organization can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownPermission {
    /// The console's own.
    Catalogue(Permission),
    /// The organization has registered it.
    Own(ApplicationPermission),
}

impl KnownPermission {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Catalogue(permission) => permission.name(),
            Self::Own(own) => &own.name,
        }
    }
}

impl Backend {
    /// A slice of all permissions: the catalogue in its order, then the organization's own by name.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn permission_slice(
        &self,
        permit: &Permit<RoleRead>,
        slice: &Slice,
    ) -> Result<Cut<KnownPermission>, Failure> {
        let slicing = self.slicing("permissions", permit.organization(), &(), slice)?;
        let place = |permission: &KnownPermission| match permission {
            KnownPermission::Catalogue(permission) => (*permission as usize, String::new()),
            KnownPermission::Own(own) => (Permission::ALL.len(), own.name.clone()),
        };
        slicing.cut_sorted(self.known_permissions(permit).await?, place)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn permission_get(&self, permit: &Permit<RoleRead>, name: &str) -> Result<KnownPermission, Failure> {
        let known = self.known_permissions(permit).await?;
        Ok(known.into_iter().find(|known| known.name() == name).ok_or_else(|| AppError::not_found("permission"))?)
    }

    async fn known_permissions(&self, permit: &Permit<RoleRead>) -> Result<Vec<KnownPermission>, Failure> {
        let own = application_permissions(&mut *self.inner.store.read().await?, permit.organization()).await?;
        let catalogue = Permission::ALL.iter().copied().map(KnownPermission::Catalogue);
        Ok(catalogue.chain(own.into_iter().map(KnownPermission::Own)).collect())
    }

    /// Registers a name.
    ///
    /// # Errors
    /// [`AppError::Invalid`] or [`AppError::TooMany`].
    pub async fn permission_create(
        &self,
        permit: &Permit<RoleCreate>,
        name: &str,
        description: &str,
    ) -> Result<ApplicationPermission, Failure> {
        let now = self.now();
        let mut refused = Vec::new();
        let name = checked(&mut refused, "name", permission::application_permission_name(name));
        let description =
            checked(&mut refused, "description", permission::application_permission_description(description));
        stop_if(refused)?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let organization = permit.organization();
        let existing = application_permissions(tx.connection()?, organization).await?;
        if existing.iter().any(|known| known.name == name) {
            return Err(Failure::unfit("name", format!("{name} is registered already.")));
        }
        if existing.len() >= APPLICATION_PERMISSIONS_MAX {
            let limit = APPLICATION_PERMISSIONS_MAX as u64;
            return Err(AppError::TooMany { what: "application permissions".to_owned(), limit }.into());
        }
        let row =
            ApplicationPermissionRow { organization_id: Id(organization), name, description, created_at: Moment(now) };
        diesel::insert_into(application_permissions::table).values(&row).execute(tx.connection()?).await?;
        let held: Vec<_> = all_roles(tx.connection()?, organization)
            .await?
            .into_iter()
            .filter(|role| role.system().is_some_and(|system| system.holds_application_permissions()))
            .map(|role| RolePermissionRow { role_id: role.row.id, permission: row.name.clone() })
            .collect();
        diesel::insert_into(role_permissions::table).values(held).execute(tx.connection()?).await?;
        tx.touch(Subject::Organization(organization));
        let event = AuditEvent::created("permission.create", &row.name, json!({ "description": row.description }));
        self.commit(tx, event).await?;
        Ok(view(row))
    }

    /// Changes what is said of a name. The name itself is what applications ask for, so it is fixed.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Invalid`] or [`Failure::Outdated`].
    pub async fn permission_update(
        &self,
        permit: &Permit<RoleUpdate>,
        target: impl Into<Target<String>>,
        description: &str,
    ) -> Result<ApplicationPermission, Failure> {
        let Target { id: name, expected } = target.into();
        let mut refused = Vec::new();
        let description =
            checked(&mut refused, "description", permission::application_permission_description(description));
        stop_if(refused)?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let before = registered(&mut tx, &name).await?;
        expected.check(view(before.clone()))?;
        diesel::update(application_permissions::table.find((before.organization_id, &before.name)))
            .set(application_permissions::description.eq(&description))
            .execute(tx.connection()?)
            .await?;
        let event = AuditEvent::changed(
            "permission.update",
            &before.name,
            json!({ "description": before.description }),
            json!({ "description": description }),
        );
        self.commit(tx, event).await?;
        Ok(view(ApplicationPermissionRow { description, ..before }))
    }

    /// Removes a name, and takes it from every role that holds it. Gives the names of the organization's own roles among
    /// them.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`Failure::Outdated`], or [`AppError::AboveCeiling`] when the caller does not hold it.
    pub async fn permission_delete(
        &self,
        permit: &Permit<RoleDelete>,
        target: impl Into<Target<String>>,
    ) -> Result<Vec<String>, Failure> {
        let Target { id: name, expected } = target.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let before = registered(&mut tx, &name).await?;
        expected.check(view(before.clone()))?;
        let itself: Grants = [&before.name].into_iter().collect();
        tx.check_ceiling(&format!("remove {}", before.name), &itself)?;
        let organization = permit.organization();
        let losing: Vec<_> = all_roles(tx.connection()?, organization)
            .await?
            .into_iter()
            .filter(|role| role.row.system.is_none() && role.grants.holds_own(&before.name))
            .map(|role| role.row)
            .collect();
        let of_organization = roles::table.filter(roles::organization_id.eq(Id(organization))).select(roles::id);
        let ids: Vec<Id<RoleId>> = of_organization.load(tx.connection()?).await?;
        diesel::delete(
            role_permissions::table
                .filter(role_permissions::permission.eq(&before.name).and(role_permissions::role_id.eq_any(ids))),
        )
        .execute(tx.connection()?)
        .await?;
        // Whoever has one of these roles open in a form would give the name back to it.
        let changed: Vec<Id<RoleId>> = losing.iter().map(|row| row.id).collect();
        diesel::update(roles::table.filter(roles::id.eq_any(changed)))
            .set(roles::version.eq(roles::version + 1))
            .execute(tx.connection()?)
            .await?;
        diesel::delete(application_permissions::table.find((before.organization_id, &before.name)))
            .execute(tx.connection()?)
            .await?;
        tx.touch(Subject::Organization(organization));
        let losing: Vec<String> = losing.into_iter().map(|row| row.name).collect();
        let event = AuditEvent {
            action: "permission.delete",
            target: before.name.clone(),
            detail: json!({ "before": { "description": before.description }, "taken_from": losing }),
        };
        self.commit(tx, event).await?;
        Ok(losing)
    }
}

/// What the organization has registered, by name.
pub(super) async fn application_permissions(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<Vec<ApplicationPermission>, Failure> {
    use diesel::SelectableHelper as _;
    let rows: Vec<ApplicationPermissionRow> = application_permissions::table
        .filter(application_permissions::organization_id.eq(Id(organization)))
        .order(application_permissions::name)
        .select(ApplicationPermissionRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(view).collect())
}

async fn registered(tx: &mut WriteTx, name: &str) -> Result<ApplicationPermissionRow, Failure> {
    use diesel::SelectableHelper as _;
    let organization = tx.organization_id();
    // What can be no name is in no table, and PostgreSQL takes no NUL in its texts.
    let name = permission::application_permission_name(name).unwrap_or_default();
    let row = application_permissions::table
        .find((organization, name))
        .select(ApplicationPermissionRow::as_select())
        .first(tx.connection()?)
        .await
        .optional()?;
    Ok(row.ok_or_else(|| AppError::not_found("application permission"))?)
}

fn view(row: ApplicationPermissionRow) -> ApplicationPermission {
    ApplicationPermission { name: row.name, description: row.description, created_at: row.created_at.0 }
}
