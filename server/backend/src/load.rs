//! Many keys at once, for measurements: `cargo xtask bench`.
//!
//! A million keys through the ordinary operation would take an hour of durable commits; these rows are what it would
//! have left behind.

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _, QueryDsl as _};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _, SimpleAsyncConnection as _};
use shared::{
    KeyId, OrganizationId, RoleId, SecretId, Timestamp,
    key::{Environment, KeyStatus, RevealedSecret},
    role::SystemRole,
};

use crate::{
    Backend, Failure,
    db::{
        anydb::Moment,
        column::{Digest32, Id},
        row::key::{KeyRow, SecretRow, SecretUseRow},
        schema::{api_keys, key_secrets, roles, secret_uses},
        tx::log_changes,
    },
    keyring::{applier::Subject, secret::SecretKey, totals::hour},
    random::fresh_id,
};

/// SQLite takes at most 32,766 binds in a statement, and a key has 16 columns.
const BATCH: usize = 2_000;

impl Backend {
    /// Adds `count` active keys with the role of API clients to the organization, past every limit, and gives their
    /// secrets. They verify when they were announced ([`Self::announce_last_keys`]), or the database was opened anew.
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
                    notes: String::new(),
                    deployed_to: String::new(),
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
            connection
                .transaction(async |connection| {
                    diesel::insert_into(api_keys::table).values(&keys).execute(connection).await?;
                    diesel::insert_into(key_secrets::table).values(&digests).execute(connection).await
                })
                .await?;
        }
        Ok(secrets)
    }

    /// Tells whoever follows the change log of the `count` keys that were made last, all at once.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn announce_last_keys(&self, organization: OrganizationId, count: i64) -> Result<(), Failure> {
        let mut connection = self.inner.store.write().await?;
        let ids: Vec<Id<KeyId>> = api_keys::table
            .filter(api_keys::organization_id.eq(Id(organization)))
            .order(api_keys::id.desc())
            .limit(count)
            .select(api_keys::id)
            .load(&mut connection)
            .await?;
        let subjects: Vec<_> = ids.into_iter().map(|id| Subject::Key(id.0)).collect();
        connection
            .transaction(async |connection| {
                for some in subjects.chunks(BATCH) {
                    log_changes(connection, some, self.now()).await?;
                }
                Ok(())
            })
            .await
    }

    /// Adds a year of counts to the organization and to each of its keys, as if everything had been used in every hour and
    /// refused in every seventh, from three addresses; and a last use to each secret. For SQLite alone.
    ///
    /// # Errors
    /// When the database does not take them.
    pub async fn add_a_year_of_usage(&self, organization: OrganizationId) -> Result<(), Failure> {
        let last = hour(self.now());
        let (first, used_at) = (last - 365 * 24, self.now().micros());
        let last_day = last / 24;
        let first_day = last_day - 90;
        // Written by the database itself: it is ten million rows.
        let sql = format!(
            "CREATE TEMPORARY TABLE hours AS WITH RECURSIVE hours (hour) AS \
               (SELECT CAST({first} AS BIGINT) UNION ALL SELECT hour + 1 FROM hours WHERE hour < {last}) \
               SELECT hour FROM hours;
             INSERT INTO key_usage (key_id, hour, outcome, requests) \
               SELECT id, hour, 'allowed', 90 + hour % 20 FROM api_keys CROSS JOIN hours \
               WHERE organization_id = '{organization}' ORDER BY id, hour;
             INSERT INTO key_usage (key_id, hour, outcome, requests) \
               SELECT id, hour, 'permission_missing', 1 FROM api_keys CROSS JOIN hours \
               WHERE organization_id = '{organization}' AND hour % 7 = 0 ORDER BY id, hour;
             INSERT INTO organization_hours (organization_id, hour, outcome, requests) \
               SELECT '{organization}', hour, 'allowed', 100000 FROM hours;
             INSERT INTO organization_hours (organization_id, hour, outcome, requests) \
               SELECT '{organization}', hour, 'permission_missing', 1000 FROM hours;
             INSERT INTO organization_hours (organization_id, hour, outcome, requests) \
               SELECT '{organization}', hour, 'expired', 10 FROM hours;
             DROP TABLE hours;
             CREATE TEMPORARY TABLE days AS WITH RECURSIVE days (day) AS \
               (SELECT CAST({first_day} AS BIGINT) UNION ALL SELECT day + 1 FROM days WHERE day < {last_day}) \
               SELECT day FROM days;
             INSERT INTO key_traces (organization_id, day, key_id, address, asked, first_at, last_at, allowed, refused, reported) \
               SELECT '{organization}', day, id, '203.0.113.' || CAST(number AS TEXT), 'ip.lookup', \
               {used_at}, {used_at}, 100, 1, 0 FROM days CROSS JOIN api_keys \
               CROSS JOIN (SELECT 1 AS number UNION ALL SELECT 2 UNION ALL SELECT 3) AS addresses \
               WHERE organization_id = '{organization}' ORDER BY day, id;
             DROP TABLE days;"
        );
        let mut connection = self.inner.store.write().await?;
        connection.batch_execute(&sql).await?;
        let secrets: Vec<(Id<KeyId>, Id<SecretId>)> = key_secrets::table
            .inner_join(api_keys::table)
            .filter(api_keys::organization_id.eq(Id(organization)))
            .select((key_secrets::key_id, key_secrets::id))
            .load(&mut connection)
            .await?;
        let uses = secrets.into_iter().map(|(key_id, secret_id)| SecretUseRow {
            key_id,
            secret_id,
            used_at: Moment(Timestamp::from_micros(used_at)),
            address: "203.0.113.9".to_owned(),
            user_agent: None,
        });
        diesel::insert_into(secret_uses::table).values(uses.collect::<Vec<_>>()).execute(&mut connection).await?;
        Ok(())
    }
}
