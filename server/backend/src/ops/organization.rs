//! The organization's own settings.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    OrganizationId, account,
    organization::{OrganizationSettings, OrganizationUpdateParams, OrganizationView},
    role::SystemRole,
    rotation,
};

use super::{checked, count, rotation::due_days, stop_if};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{OrganizationRead, OrganizationUpdate, Permit},
    db::{
        anydb::AnyConnection,
        column::Id,
        row::organization::OrganizationRow,
        schema::{member_roles, members, organizations, roles, users, whitelist_networks},
        tx::WriteTx,
    },
    expected::{Expected, Stateful as _},
    failure::Failure,
};

/// What is to become of the organization.
#[derive(Debug, Clone)]
pub struct OrganizationChange {
    /// In which state it has to be.
    pub expected: Expected,
    /// Its name from now on; `None` leaves it as it is.
    pub name: Option<String>,
    /// After how many days keys in production are due for rotation.
    pub production_days: Option<i64>,
    /// After how many days all others are.
    pub other_days: Option<i64>,
}

impl From<OrganizationUpdateParams> for OrganizationChange {
    fn from(params: OrganizationUpdateParams) -> Self {
        let OrganizationUpdateParams { before, after } = params;
        Self {
            expected: Expected::just(before.state()),
            name: Some(after.name),
            production_days: Some(after.due.production),
            other_days: Some(after.due.others),
        }
    }
}

impl Backend {
    /// The organization, its plan, and what it uses of it.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn organization_get(&self, permit: &Permit<OrganizationRead>) -> Result<OrganizationView, Failure> {
        self.organization_view(permit.organization()).await
    }

    /// Changes the name, and after how many days keys are due for rotation.
    ///
    /// # Errors
    /// [`shared::AppError::Invalid`], or [`Failure::Outdated`] when somebody else was quicker.
    pub async fn organization_update(
        &self,
        permit: &Permit<OrganizationUpdate>,
        change: impl Into<OrganizationChange>,
    ) -> Result<OrganizationView, Failure> {
        let OrganizationChange { expected, name, production_days, other_days } = change.into();
        let mut refused = Vec::new();
        let name = name.map(|name| checked(&mut refused, "name", account::organization_name(&name)));
        let mut days = |field, days: Option<i64>| {
            days.map(|days| checked(&mut refused, field, rotation::due_days(&days.to_string())))
        };
        let (production_days, other_days) =
            (days("rotate_production_days", production_days), days("rotate_other_days", other_days));
        stop_if(refused)?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let before = OrganizationSettings {
            name: tx.organization().name.clone(),
            due: due_days(tx.connection()?, permit.organization()).await?,
        };
        if !expected.allows(&before.state()) {
            drop(tx);
            return Err(Failure::Outdated(Box::new(self.organization_view(permit.organization()).await?.into())));
        }
        let mut after = before.clone();
        after.name = name.unwrap_or(after.name);
        after.due.production = production_days.unwrap_or(after.due.production);
        after.due.others = other_days.unwrap_or(after.due.others);
        diesel::update(organizations::table.find(tx.organization_id()))
            .set((
                organizations::name.eq(&after.name),
                organizations::rotate_production_days.eq(after.due.production),
                organizations::rotate_other_days.eq(after.due.others),
            ))
            .execute(tx.connection()?)
            .await?;
        let told = |settings: &OrganizationSettings| {
            json!({
                "name": settings.name,
                "rotate_production_days": settings.due.production,
                "rotate_other_days": settings.due.others,
            })
        };
        let event = AuditEvent::changed("organization.update", permit.organization(), told(&before), told(&after));
        self.commit(tx, event).await?;
        self.organization_view(permit.organization()).await
    }

    async fn organization_view(&self, id: OrganizationId) -> Result<OrganizationView, Failure> {
        let now = self.now();
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let row: OrganizationRow =
            organizations::table.find(Id(id)).select(OrganizationRow::as_select()).first(connection).await?;
        let members: i64 =
            members::table.filter(members::organization_id.eq(Id(id))).count().get_result(connection).await?;
        let listed: i64 = whitelist_networks::table
            .filter(whitelist_networks::organization_id.eq(Id(id)))
            .count()
            .get_result(connection)
            .await?;
        let plan = self.inner.plans.of(&row.plan)?;
        let slot = self.inner.keyring.index.organization(id);
        Ok(OrganizationView {
            id,
            owner_email: owner_email(connection, id).await?,
            keys: self.allowance(connection, id, &row.plan, now).await?,
            whitelisted_ips: plan.whitelisted_ips,
            whitelisted_ips_used: count(listed),
            monthly_requests: plan.monthly_requests,
            requests_this_month: slot.map_or(0, |slot| slot.requests_in(now)),
            members: count(members),
            due: due_days(connection, id).await?,
            name: row.name,
            created_at: row.created_at.0,
        })
    }
}

/// Who the Owner is.
pub(crate) async fn owner_email(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<String, Failure> {
    let email: Option<String> = member_roles::table
        .inner_join(roles::table)
        .inner_join(members::table.inner_join(users::table))
        .filter(members::organization_id.eq(Id(organization)))
        .filter(roles::system.eq(SystemRole::Owner.code()))
        .select(users::email)
        .first(connection)
        .await
        .optional()?;
    Ok(email.unwrap_or_default())
}
