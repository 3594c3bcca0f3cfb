//! Keys from the database into the index: all of them when a server starts, single ones when they change.
//!
//! A million keys are to be there within seconds. So each table is read in the order in which it lies there, in several
//! parts at once, and the two tables one after the other: following an index took SQLite six times as long, joining the
//! tables five times.
//!
//! The parts are not read at the same moment, so a row that is moved meanwhile may be missed. Whatever moves one also
//! writes the change log, which is followed from before the first part on.

use std::{
    collections::HashMap,
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::{
    ExpressionMethods as _, QueryDsl as _,
    dsl::sql,
    expression::SqlLiteral,
    sql_types::{BigInt, Bool},
};
use diesel_async::RunQueryDsl as _;
use shared::{KeyId, OrganizationId, RoleId, SecretId, key::KeyStatus, limit::RateLimit, network::Network};
use tokio::task::JoinSet;

use super::{
    Keyring, allowance::KeyLimits, decide::KeyState, index::OrganizationSlot, network::NetworkSet, pepper::SecretDigest,
};
use crate::{
    db::{
        anydb::{AnyConnection, AnyDb, Moment},
        column::{Digest32, Id},
        pool::Store,
        row::key::RateLimitRow,
        schema::{api_keys, key_networks, key_rate_limits, key_secrets},
    },
    failure::Failure,
};

/// How many rows are put into the index at once: a lock is held for as long.
const AT_ONCE: usize = 500;
/// How many connections read at once.
const PARTS_MAX: usize = 4;
/// How often the log says how far loading has come.
const SAY_EVERY: Duration = Duration::from_secs(1);

/// How far loading has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Keys that are in memory.
    loaded: AtomicU64,
    /// Keys that there are.
    total: AtomicU64,
}

impl Progress {
    /// Loaded, and in all.
    pub(super) fn read(&self) -> (u64, u64) {
        // Spelled out: diesel-async gives every type a method called `load`.
        let read = |number| AtomicU64::load(number, Ordering::Relaxed);
        (read(&self.loaded), read(&self.total))
    }
}

type KeyRow = (Id<KeyId>, Id<OrganizationId>, Id<RoleId>, String, Option<Moment>);
type SecretRow = (Id<SecretId>, Id<KeyId>, Digest32, Option<Moment>);

/// What few keys have, and lies in tables of its own.
#[derive(Default)]
struct Extras {
    networks: HashMap<KeyId, Vec<Network>>,
    limits: HashMap<KeyId, Vec<RateLimit>>,
}

/// Loads every key, with progress in the log.
pub(super) async fn all_keys(store: &Store, keyring: &Arc<Keyring>, progress: &Arc<Progress>) -> Result<(), Failure> {
    let mut connection = store.read().await?;
    let total: i64 = api_keys::table.count().get_result(&mut connection).await?;
    let total = u64::try_from(total).unwrap_or(0);
    progress.total.store(total, Ordering::Relaxed);
    keyring.index.reserve(usize::try_from(total).unwrap_or(0));
    let extras = Arc::new(extras_of_keys(&mut connection, None).await?);
    let (key_parts, secret_parts) =
        (parts(&mut connection, "api_keys").await?, parts(&mut connection, "key_secrets").await?);
    drop(connection);

    let mut loading = JoinSet::new();
    for part in key_parts {
        let (store, keyring, progress, extras) =
            (store.clone(), Arc::clone(keyring), Arc::clone(progress), Arc::clone(&extras));
        loading.spawn(async move {
            let keys = api_keys::table.select(key_columns()).filter(part);
            let put = move |rows: Vec<KeyRow>| {
                progress.loaded.fetch_add(rows.len() as u64, Ordering::Relaxed);
                put_keys(&keyring, rows, &extras)
            };
            store.read().await?.scan(keys, AT_ONCE, put).await
        });
    }
    finish(&mut loading, progress).await?;
    // Secrets only now: each points at its key.
    for part in secret_parts {
        let (store, keyring) = (store.clone(), Arc::clone(keyring));
        loading.spawn(async move {
            let secrets = key_secrets::table.select(secret_columns()).filter(part);
            let put = move |rows| {
                put_secrets(&keyring, rows);
                Ok(())
            };
            store.read().await?.scan(secrets, AT_ONCE, put).await
        });
    }
    finish(&mut loading, progress).await
}

/// Loads these keys anew.
pub(super) async fn some_keys(
    connection: &mut AnyConnection,
    keyring: &Keyring,
    only: &[Id<KeyId>],
) -> Result<(), Failure> {
    let extras = extras_of_keys(connection, Some(only)).await?;
    let keys = api_keys::table.filter(api_keys::id.eq_any(only.to_vec())).select(key_columns());
    put_keys(keyring, keys.load(connection).await?, &extras)?;
    let secrets = key_secrets::table.filter(key_secrets::key_id.eq_any(only.to_vec())).select(secret_columns());
    put_secrets(keyring, secrets.load(connection).await?);
    Ok(())
}

async fn finish(loading: &mut JoinSet<Result<(), Failure>>, progress: &Progress) -> Result<(), Failure> {
    let mut ticks = tokio::time::interval(SAY_EVERY);
    ticks.tick().await;
    loop {
        tokio::select! {
            part = loading.join_next() => match part {
                None => return Ok(()),
                Some(part) => part.map_err(Failure::broken)??,
            },
            _ = ticks.tick() => {
                let (loaded, total) = progress.read();
                tracing::info!(loaded, total, "loading keys");
            }
        }
    }
}

fn key_columns() -> (api_keys::id, api_keys::organization_id, api_keys::role_id, api_keys::status, api_keys::expires_at)
{
    (api_keys::id, api_keys::organization_id, api_keys::role_id, api_keys::status, api_keys::expires_at)
}

fn secret_columns() -> (key_secrets::id, key_secrets::key_id, key_secrets::digest, key_secrets::retires_at) {
    (key_secrets::id, key_secrets::key_id, key_secrets::digest, key_secrets::retires_at)
}

/// Conditions that cut a table into parts of about equal size, by where its rows lie: SQLite's row number, PostgreSQL's
/// block. The last part has no end, so rows that come meanwhile belong to it.
async fn parts(connection: &mut AnyConnection, table: &'static str) -> Result<Vec<SqlLiteral<Bool>>, Failure> {
    let (place, end) = match connection.engine() {
        AnyDb::Sqlite => ("rowid", format!("SELECT coalesce(max(rowid), 0) + 1 AS place FROM {table}")),
        AnyDb::Postgres => {
            ("ctid", format!("SELECT pg_relation_size('{table}') / current_setting('block_size')::bigint AS place"))
        }
    };
    let end = diesel::select(sql::<BigInt>(&format!("({end})"))).get_result::<i64>(connection).await?;
    let count = std::thread::available_parallelism().map_or(1, NonZero::get).min(PARTS_MAX);
    let count = i64::try_from(count).unwrap_or(1);
    let cut = |part: i64| match connection.engine() {
        AnyDb::Sqlite => (end * part / count).to_string(),
        AnyDb::Postgres => format!("'({},0)'::tid", end * part / count),
    };
    let condition = |part: i64| {
        let from = format!("{table}.{place} >= {}", cut(part));
        if part + 1 == count { from } else { format!("{from} AND {table}.{place} < {}", cut(part + 1)) }
    };
    Ok((0..count).map(|part| sql(&condition(part))).collect())
}

async fn extras_of_keys(connection: &mut AnyConnection, only: Option<&[Id<KeyId>]>) -> Result<Extras, Failure> {
    let mut lists = key_networks::table.into_boxed();
    let mut limits = key_rate_limits::table.into_boxed();
    if let Some(only) = only {
        lists = lists.filter(key_networks::key_id.eq_any(only.to_vec()));
        limits = limits.filter(key_rate_limits::key_id.eq_any(only.to_vec()));
    }
    let mut extras = Extras::default();
    for (key, network) in lists.load::<(Id<KeyId>, String)>(connection).await? {
        extras.networks.entry(key.0).or_default().push(super::network::read(&network)?);
    }
    for row in limits.load::<RateLimitRow>(connection).await? {
        extras.limits.entry(row.key_id.0).or_default().push(row.limit()?);
    }
    Ok(extras)
}

/// Their organizations are in the index already: an organization is older than its keys.
fn put_keys(keyring: &Keyring, rows: Vec<KeyRow>, extras: &Extras) -> Result<(), Failure> {
    let mut organization: Option<Arc<OrganizationSlot>> = None;
    let mut keys = Vec::with_capacity(rows.len());
    for (key, owner, role, status, expires_at) in rows {
        let (key, owner) = (key.0, owner.0);
        // Neighbours mostly belong together.
        if organization.as_ref().is_none_or(|slot| slot.id() != owner) {
            organization = keyring.index.organization(owner);
        }
        let organization = organization
            .clone()
            .ok_or_else(|| Failure::broken(format!("{key} belongs to {owner}, which is not loaded")))?;
        let state = KeyState {
            status: KeyStatus::from_code(&status)
                .ok_or_else(|| Failure::broken(format!("{key} has status {status}")))?,
            expires_at: expires_at.map(|moment| moment.0),
            role: role.0,
            networks: extras.networks.get(&key).map(|list| Box::new(NetworkSet::new(list.iter().copied()))),
            limits: extras.limits.get(&key).map(|limits| Box::new(KeyLimits::new(limits))),
        };
        keys.push((key, organization, state));
    }
    keyring.index.put_keys(keys);
    Ok(())
}

/// A secret whose key came after the keys were read is left to the change log, which names that key.
fn put_secrets(keyring: &Keyring, rows: Vec<SecretRow>) {
    let secret = |(id, key, digest, retires_at): SecretRow| {
        (SecretDigest(digest.0), id.0, key.0, retires_at.map(|moment| moment.0))
    };
    keyring.index.put_secrets(rows.into_iter().map(secret));
}
