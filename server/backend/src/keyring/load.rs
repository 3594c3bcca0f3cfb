//! Keys from the database into the index: all of them when a server starts, single ones when they change.
//!
//! A million keys are to be there within seconds, so they come in pages, over several connections at once, and the two
//! tables one after the other: joining them row by row took the database three times as long.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use ipnet::IpNet;
use shared::{KeyId, OrganizationId, RoleId, SecretId, key::KeyStatus};
use tokio::task::JoinSet;

use super::{Keyring, decide::KeyState, index::OrganizationSlot, network::NetworkSet, pepper::SecretDigest};
use crate::{
    db::{
        anydb::{AnyConnection, Moment},
        column::{Digest32, Id},
        pool::Store,
        schema::{api_keys, key_networks, key_secrets},
    },
    failure::Failure,
};

/// How many rows one query reads.
const PAGE: i64 = 10_000;
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
type KeyNetworks = HashMap<KeyId, Vec<IpNet>>;

/// Loads every key, with progress in the log.
pub(super) async fn all_keys(store: &Store, keyring: &Arc<Keyring>, progress: &Arc<Progress>) -> Result<(), Failure> {
    let mut connection = store.read().await?;
    let total: i64 = api_keys::table.count().get_result(&mut connection).await?;
    let total = u64::try_from(total).unwrap_or(0);
    progress.total.store(total, Ordering::Relaxed);
    keyring.index.reserve(usize::try_from(total).unwrap_or(0));
    let networks = Arc::new(networks_of_keys(&mut connection, None).await?);
    let parts = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(PARTS_MAX);
    let key_bounds = key_bounds(&mut connection, parts).await?;
    let secret_bounds = secret_bounds(&mut connection, parts).await?;
    drop(connection);

    let mut loading = JoinSet::new();
    for (from, to) in spans(key_bounds) {
        let (store, keyring, progress, networks) =
            (store.clone(), Arc::clone(keyring), Arc::clone(progress), Arc::clone(&networks));
        loading.spawn(async move { keys_between(&store, &keyring, &progress, &networks, from, to).await });
    }
    finish(&mut loading, progress).await?;
    // Secrets only now: each points at its key.
    for (from, to) in spans(secret_bounds) {
        let (store, keyring) = (store.clone(), Arc::clone(keyring));
        loading.spawn(async move { secrets_between(&store, &keyring, from, to).await });
    }
    finish(&mut loading, progress).await
}

/// Loads these keys anew.
pub(super) async fn some_keys(
    connection: &mut AnyConnection,
    keyring: &Keyring,
    only: &[Id<KeyId>],
) -> Result<(), Failure> {
    let networks = networks_of_keys(connection, Some(only)).await?;
    let keys = api_keys::table.filter(api_keys::id.eq_any(only.to_vec())).select(key_columns());
    put_keys(keyring, keys.load(connection).await?, &networks)?;
    let secrets = key_secrets::table.filter(key_secrets::key_id.eq_any(only.to_vec())).select(secret_columns());
    put_secrets(keyring, secrets.load(connection).await?)
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

/// Ids that cut the table into parts of equal size.
async fn key_bounds(connection: &mut AnyConnection, parts: usize) -> Result<Vec<Id<KeyId>>, Failure> {
    let rows: i64 = api_keys::table.count().get_result(connection).await?;
    let mut bounds = Vec::new();
    for offset in cuts(rows, parts) {
        let ids = api_keys::table.order(api_keys::id).select(api_keys::id);
        bounds.push(ids.offset(offset).first(connection).await?);
    }
    Ok(bounds)
}

/// As [`key_bounds`].
async fn secret_bounds(connection: &mut AnyConnection, parts: usize) -> Result<Vec<Id<SecretId>>, Failure> {
    let rows: i64 = key_secrets::table.count().get_result(connection).await?;
    let mut bounds = Vec::new();
    for offset in cuts(rows, parts) {
        let ids = key_secrets::table.order(key_secrets::id).select(key_secrets::id);
        bounds.push(ids.offset(offset).first(connection).await?);
    }
    Ok(bounds)
}

fn cuts(rows: i64, parts: usize) -> impl Iterator<Item = i64> {
    let parts = if rows < PAGE { 1 } else { i64::try_from(parts).unwrap_or(1) };
    (1..parts).map(move |part| rows * part / parts)
}

/// From the first bound to the second, and so on; what lies before and after them, too.
fn spans<T: Copy>(bounds: Vec<T>) -> Vec<(Option<T>, Option<T>)> {
    let ends = bounds.iter().copied().map(Some).chain([None]);
    let starts = [None].into_iter().chain(bounds.iter().copied().map(Some));
    starts.zip(ends).collect()
}

async fn keys_between(
    store: &Store,
    keyring: &Keyring,
    progress: &Progress,
    networks: &KeyNetworks,
    from: Option<Id<KeyId>>,
    to: Option<Id<KeyId>>,
) -> Result<(), Failure> {
    let mut connection = store.read().await?;
    let mut next = from;
    loop {
        let mut page = api_keys::table.select(key_columns()).order(api_keys::id).limit(PAGE).into_boxed();
        if let Some(next) = next {
            page = page.filter(api_keys::id.ge(next));
        }
        if let Some(to) = to {
            page = page.filter(api_keys::id.lt(to));
        }
        let rows: Vec<KeyRow> = page.load(&mut connection).await?;
        let count = rows.len();
        next = rows.last().map(|row| Id(KeyId::from_bits(row.0.0.bits() + 1)));
        put_keys(keyring, rows, networks)?;
        progress.loaded.fetch_add(count as u64, Ordering::Relaxed);
        if (count as i64) < PAGE {
            return Ok(());
        }
    }
}

async fn secrets_between(
    store: &Store,
    keyring: &Keyring,
    from: Option<Id<SecretId>>,
    to: Option<Id<SecretId>>,
) -> Result<(), Failure> {
    let mut connection = store.read().await?;
    let mut next = from;
    loop {
        let mut page = key_secrets::table.select(secret_columns()).order(key_secrets::id).limit(PAGE).into_boxed();
        if let Some(next) = next {
            page = page.filter(key_secrets::id.ge(next));
        }
        if let Some(to) = to {
            page = page.filter(key_secrets::id.lt(to));
        }
        let rows: Vec<SecretRow> = page.load(&mut connection).await?;
        let count = rows.len();
        next = rows.last().map(|row| Id(SecretId::from_bits(row.0.0.bits() + 1)));
        put_secrets(keyring, rows)?;
        if (count as i64) < PAGE {
            return Ok(());
        }
    }
}

async fn networks_of_keys(connection: &mut AnyConnection, only: Option<&[Id<KeyId>]>) -> Result<KeyNetworks, Failure> {
    let mut lists = key_networks::table.into_boxed();
    if let Some(only) = only {
        lists = lists.filter(key_networks::key_id.eq_any(only.to_vec()));
    }
    let mut networks = KeyNetworks::new();
    for (key, network) in lists.load::<(Id<KeyId>, String)>(connection).await? {
        networks.entry(key.0).or_default().push(super::network::read(&network)?);
    }
    Ok(networks)
}

/// Their organizations are in the index already: an organization is older than its keys.
fn put_keys(keyring: &Keyring, rows: Vec<KeyRow>, networks: &KeyNetworks) -> Result<(), Failure> {
    let mut organization: Option<Arc<OrganizationSlot>> = None;
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
            networks: networks.get(&key).map(|list| Box::new(NetworkSet::new(list.iter().copied()))),
        };
        keyring.index.put_key(key, organization, state);
    }
    Ok(())
}

/// A secret whose key came after the keys were read is left to the change log, which names that key.
fn put_secrets(keyring: &Keyring, rows: Vec<SecretRow>) -> Result<(), Failure> {
    for (secret, key, digest, retires_at) in rows {
        if let Some(slot) = keyring.index.key(key.0) {
            let retires_at = retires_at.map(|moment| moment.0);
            keyring.index.put_secret(SecretDigest(digest.0), secret.0, &slot, retires_at);
        }
    }
    Ok(())
}
