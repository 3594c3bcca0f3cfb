//! How often a key may be used: its own limits, beside the month of the organization's plan.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AppError, KeyId, OrganizationId,
    key::KeyStatus,
    limit::{RateLimit, RateLimits, RateLimitsUpdateParams, RateLimitsView},
};

use super::{key::locked_key, role::role_choice};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{KeyRead, KeyUpdate, Permit},
    db::{
        anydb::AnyConnection,
        column::Id,
        row::key::RateLimitRow,
        schema::{api_keys, key_rate_limits},
        tx::WriteTx,
    },
    expected::{Expected, State, Target},
    failure::Failure,
    keyring::applier::Subject,
};

/// What is to become of a key's limits.
#[derive(Debug, Clone)]
pub struct RateLimitsChange {
    /// Which key.
    pub target: Target<KeyId>,
    /// All of them from now on, at most one for each window.
    pub limits: Vec<RateLimit>,
}

impl From<RateLimitsUpdateParams> for RateLimitsChange {
    fn from(params: RateLimitsUpdateParams) -> Self {
        let RateLimitsUpdateParams { key, before, limits } = params;
        Self { target: Target { id: key, expected: Expected::just(State::of_text(&before.to_string())) }, limits }
    }
}

impl Backend {
    /// A key's limits, and how much of them is used at the moment.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's key.
    pub async fn rate_limits_get(&self, permit: &Permit<KeyRead>, key: KeyId) -> Result<RateLimitsView, Failure> {
        let mut connection = self.inner.store.read().await?;
        let known: Option<Id<KeyId>> = api_keys::table
            .filter(api_keys::id.eq(Id(key)))
            .filter(api_keys::organization_id.eq(Id(permit.organization())))
            .select(api_keys::id)
            .first(&mut connection)
            .await
            .optional()?;
        known.ok_or_else(|| AppError::not_found("API key"))?;
        let limits = limits_of(&mut connection, key).await?;
        Ok(self.rate_limits_view(key, limits))
    }

    /// Sets all limits of a key. What was used of a window that stays limited is not forgotten.
    ///
    /// # Errors
    /// [`AppError::Invalid`], [`Failure::Outdated`] when somebody else was quicker, [`AppError::AboveCeiling`], and
    /// [`AppError::WrongState`] for a revoked key.
    pub async fn rate_limits_update(
        &self,
        permit: &Permit<KeyUpdate>,
        change: impl Into<RateLimitsChange>,
    ) -> Result<RateLimitsView, Failure> {
        let RateLimitsChange { target: Target { id, expected }, limits } = change.into();
        let limits = RateLimits::new(limits)?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let organization: OrganizationId = permit.organization();
        let key = locked_key(tx.connection()?, organization, id).await?;
        if key.stored_status()? == KeyStatus::Revoked {
            return Err(AppError::WrongState { status: KeyStatus::Revoked }.into());
        }
        let before = limits_of(tx.connection()?, id).await?;
        expected.check(self.rate_limits_view(id, before.clone()))?;
        let role = role_choice(tx.connection()?, organization, key.role_id.0).await?;
        tx.check_ceiling(&format!("limit a key with the role {}", role.name), &role.permissions)?;

        diesel::delete(key_rate_limits::table.filter(key_rate_limits::key_id.eq(Id(id))))
            .execute(tx.connection()?)
            .await?;
        let rows: Vec<_> = limits.as_slice().iter().map(|limit| RateLimitRow::new(id, *limit)).collect();
        if !rows.is_empty() {
            diesel::insert_into(key_rate_limits::table).values(rows).execute(tx.connection()?).await?;
        }
        tx.touch(Subject::Key(id));
        let audited = |limits: &RateLimits| json!({ "name": key.name, "rate_limits": limits.to_string() });
        let event = AuditEvent::changed("key.update", id, audited(&before), audited(&limits));
        self.commit(tx, event).await?;
        Ok(self.rate_limits_view(id, limits))
    }

    fn rate_limits_view(&self, key: KeyId, limits: RateLimits) -> RateLimitsView {
        let now = self.now();
        let found = self.inner.keyring.index.key(key);
        let used = found.and_then(|found| found.state.limits.as_ref().map(|counted| counted.used(now)));
        RateLimitsView { key, limits, used: used.unwrap_or_default(), now }
    }
}

async fn limits_of(connection: &mut AnyConnection, key: KeyId) -> Result<RateLimits, Failure> {
    let rows: Vec<RateLimitRow> = key_rate_limits::table
        .filter(key_rate_limits::key_id.eq(Id(key)))
        .select(RateLimitRow::as_select())
        .load(connection)
        .await?;
    Ok(RateLimits::new(rows.iter().map(RateLimitRow::limit).collect::<Result<_, _>>()?)?)
}
