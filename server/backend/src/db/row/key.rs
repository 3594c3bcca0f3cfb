//! Keys, their secrets, and when those were used.

use diesel::prelude::{Identifiable, Insertable, Queryable, Selectable};
use shared::{
    KeyId, OrganizationId, RoleId, SecretId, Timestamp,
    key::{Environment, KeyStatus, KeyView, LastUsed, Revocation},
    limit::{RateLimit, Window},
    role::RoleRef,
    rotation::{DueDays, RetiringSecret},
};

use crate::{
    db::{
        anydb::Moment,
        column::{Digest32, Id},
        schema::{api_keys, key_rate_limits, key_secrets, secret_uses},
    },
    failure::Failure,
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
pub(crate) struct KeyRow {
    pub(crate) id: Id<KeyId>,
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) role_id: Id<RoleId>,
    pub(crate) name: String,
    pub(crate) environment: String,
    pub(crate) status: String,
    pub(crate) expires_at: Option<Moment>,
    pub(crate) version: i64,
    pub(crate) form_token: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) created_by: String,
    pub(crate) revoked_at: Option<Moment>,
    pub(crate) revoked_by: Option<String>,
    pub(crate) revoked_reason: Option<String>,
    pub(crate) notes: String,
    pub(crate) deployed_to: String,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = key_secrets, treat_none_as_default_value = false)]
pub(crate) struct SecretRow {
    pub(crate) id: Id<SecretId>,
    pub(crate) key_id: Id<KeyId>,
    pub(crate) digest: Digest32,
    pub(crate) pepper: i64,
    pub(crate) last4: String,
    pub(crate) created_at: Moment,
    pub(crate) retires_at: Option<Moment>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = secret_uses, treat_none_as_default_value = false)]
pub(crate) struct SecretUseRow {
    pub(crate) key_id: Id<KeyId>,
    pub(crate) secret_id: Id<SecretId>,
    pub(crate) used_at: Moment,
    /// Empty when whoever asked did not say.
    pub(crate) address: String,
    pub(crate) user_agent: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = key_rate_limits)]
pub(crate) struct RateLimitRow {
    pub(crate) key_id: Id<KeyId>,
    pub(crate) window_seconds: i64,
    pub(crate) requests: i64,
}

impl RateLimitRow {
    pub(crate) fn new(key: KeyId, limit: RateLimit) -> Self {
        Self { key_id: Id(key), window_seconds: limit.window.seconds().into(), requests: limit.requests.into() }
    }

    /// The stored numbers, as the closed type.
    pub(crate) fn limit(&self) -> Result<RateLimit, Failure> {
        let window = Window::of_seconds(self.window_seconds);
        let limit = window.zip(u32::try_from(self.requests).ok());
        let (window, requests) = limit.ok_or_else(|| Failure::broken(format!("{self:?} is no limit")))?;
        Ok(RateLimit { window, requests })
    }
}

/// Of a key's current secret, what people see.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = key_secrets)]
pub(crate) struct CurrentSecret {
    pub(crate) last4: String,
    pub(crate) created_at: Moment,
}

impl SecretUseRow {
    pub(crate) fn view(self) -> LastUsed {
        let address = Some(self.address).filter(|address| !address.is_empty());
        LastUsed { at: self.used_at.0, address: address.unwrap_or_else(|| "an unknown address".to_owned()) }
    }
}

impl KeyRow {
    /// The stored word, as the closed type.
    pub(crate) fn stored_status(&self) -> Result<KeyStatus, Failure> {
        KeyStatus::from_code(&self.status)
            .ok_or_else(|| Failure::broken(format!("{} has status {}", self.id.0, self.status)))
    }

    pub(crate) fn environment(&self) -> Result<Environment, Failure> {
        Environment::from_code(&self.environment)
            .ok_or_else(|| Failure::broken(format!("{} has environment {}", self.id.0, self.environment)))
    }

    /// What the key is at `now`: an active key past its date has expired.
    pub(crate) fn status_at(&self, now: Timestamp) -> Result<KeyStatus, Failure> {
        Ok(status_at(self.stored_status()?, self.expires_at.map(|moment| moment.0), now))
    }

    /// The key as people see it.
    pub(crate) fn view(
        self,
        role_name: String,
        secret: CurrentSecret,
        retiring: Option<RetiringSecret>,
        last_used: Option<SecretUseRow>,
        due: DueDays,
        now: Timestamp,
    ) -> Result<KeyView, Failure> {
        let (status, environment) = (self.status_at(now)?, self.environment()?);
        let created_at = secret.created_at.0;
        Ok(KeyView {
            id: self.id.0,
            name: self.name,
            role: RoleRef { id: self.role_id.0, name: role_name },
            environment,
            status,
            version: self.version,
            created_at: self.created_at.0,
            created_by: self.created_by,
            expires_at: self.expires_at.map(|moment| moment.0),
            secret_last4: secret.last4,
            secret_created_at: created_at,
            rotation_due_at: (status != KeyStatus::Revoked).then(|| due.of(environment, created_at)),
            retiring,
            last_used: last_used.map(SecretUseRow::view),
            revoked: self.revoked_at.zip(self.revoked_by).map(|(at, by)| Revocation {
                at: at.0,
                by,
                reason: self.revoked_reason,
            }),
            notes: self.notes,
            deployed_to: self.deployed_to,
        })
    }
}

/// What a key with this stored status and date is at `now`. It expires at that very moment, not after it.
///
/// A paused key past its date stays paused: resuming it is what would have to fail.
pub(crate) fn status_at(stored: KeyStatus, expires_at: Option<Timestamp>, now: Timestamp) -> KeyStatus {
    match stored {
        KeyStatus::Active if expires_at.is_some_and(|at| now >= at) => KeyStatus::Expired,
        stored => stored,
    }
}
