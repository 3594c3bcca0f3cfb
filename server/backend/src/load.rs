//! Many keys at once, for measurements: `cargo xtask bench`.
//!
//! A million keys through the ordinary operation would take an hour of durable commits; these rows are what it would
//! have left behind.

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _, QueryDsl as _};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use shared::{
    KeyId, OrganizationId, RoleId, SecretId,
    key::{Environment, KeyStatus, RevealedSecret},
    role::SystemRole,
};

use crate::{
    Backend, Failure,
    db::{
        anydb::Moment,
        column::{Digest32, Id},
        row::key::{KeyRow, SecretRow},
        schema::{api_keys, key_secrets, roles},
        tx::log_changes,
    },
    keyring::{applier::Subject, secret::SecretKey},
    random::fresh_id,
};

/// SQLite takes at most 32,766 binds in a statement, and a key has 14 columns.
const BATCH: usize = 2_000;

impl Backend {
    /// Adds `count` active keys with the role of API clients to the organization, past every limit, and gives their
    /// secrets. They verify when the change log has been followed, or the database opened anew.
    ///
    /// # Errors
    /// When the database does not take them.
    pub async fn add_many_keys(
        &self,
        organization: OrganizationId,
        count: usize,
    ) -> Result<Vec<RevealedSecret>, Failure> {
        let now = self.now();
        let mut connection = self.inner.store.write().await?;
        let of_clients = roles::organization_id
            .eq(Id(organization))
            .and(roles::system.eq(SystemRole::ApiClient.code()).assume_not_null());
        let role: Id<RoleId> = roles::table.filter(of_clients).select(roles::id).first(&mut connection).await?;
        let pepper = self.inner.keyring.peppers.current();
        let mut secrets = Vec::with_capacity(count);
        while secrets.len() < count {
            let (mut keys, mut digests) = (Vec::new(), Vec::new());
            for number in secrets.len()..count.min(secrets.len() + BATCH) {
                let secret = SecretKey::mint(Environment::Production);
                let key_id = Id(fresh_id!(KeyId, now));
                keys.push(KeyRow {
                    id: key_id,
                    organization_id: Id(organization),
                    role_id: role,
                    name: format!("Key {number}"),
                    environment: Environment::Production.code().to_owned(),
                    status: KeyStatus::Active.code().to_owned(),
                    expires_at: None,
                    version: 1,
                    form_token: None,
                    created_at: Moment(now),
                    created_by: "a measurement".to_owned(),
                    revoked_at: None,
                    revoked_by: None,
                    revoked_reason: None,
                });
                digests.push(SecretRow {
                    id: Id(fresh_id!(SecretId, now)),
                    key_id,
                    digest: Digest32(pepper.digest(secret.well_formed()).0),
                    pepper: pepper.id(),
                    last4: secret.last4(),
                    created_at: Moment(now),
                    retires_at: None,
                });
                secrets.push(RevealedSecret::new(secret.expose().to_owned()));
            }
            let subjects: Vec<_> = keys.iter().map(|key| Subject::Key(key.id.0)).collect();
            connection
                .transaction(async |connection| {
                    diesel::insert_into(api_keys::table).values(&keys).execute(connection).await?;
                    diesel::insert_into(key_secrets::table).values(&digests).execute(connection).await?;
                    log_changes(connection, &subjects, now).await
                })
                .await?;
        }
        Ok(secrets)
    }
}
