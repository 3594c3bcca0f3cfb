//! What verifications leave behind: when a secret was last used, and how many requests a month an organization made.
//!
//! Gathered in memory without a wait, written in batches by a task and once more at the end. A crash loses at most
//! what came after the last batch, and never a change of configuration: these rows are written alone.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crossbeam_queue::SegQueue;
use diesel::{ExpressionMethods as _, upsert::excluded};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use shared::{OrganizationId, Timestamp};

use super::index::{Index, SecretEntry};
use crate::{
    db::{
        anydb::Moment,
        column::Id,
        pool::Store,
        row::key::SecretUseRow,
        schema::{organization_usage, secret_uses},
    },
    failure::Failure,
};

/// How many rows one statement writes. PostgreSQL and SQLite allow more; this keeps the write lock short.
const BATCH: usize = 500;

/// The queue of used secrets, and what has been written of the monthly counts.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    used: SegQueue<Arc<SecretEntry>>,
    written: Mutex<HashMap<OrganizationId, (i64, u64)>>,
}

impl Usage {
    /// Notes that a secret was used. Each secret waits in the queue once, so the queue is never longer than the index.
    pub(crate) fn note(&self, entry: &Arc<SecretEntry>, at: Timestamp, address: IpAddr) {
        if entry.note_use(at, address) {
            self.used.push(Arc::clone(entry));
        }
    }

    /// What the database had counted before this process began.
    pub(crate) fn counted_before(&self, organization: OrganizationId, month: i64, requests: u64) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(organization, (month, requests));
    }

    /// Writes what has gathered. What could not be written stays for the next time.
    pub(crate) async fn flush(&self, index: &Index, store: &Store) -> Result<(), Failure> {
        self.flush_last_uses(store).await?;
        self.flush_months(index, store).await
    }

    async fn flush_last_uses(&self, store: &Store) -> Result<(), Failure> {
        while !self.used.is_empty() {
            let mut taken = Vec::new();
            while taken.len() < BATCH
                && let Some(entry) = self.used.pop()
            {
                if let Some((at, address)) = entry.take_use() {
                    taken.push((entry, at, address));
                }
            }
            if taken.is_empty() {
                continue;
            }
            let rows: Vec<_> = taken
                .iter()
                .map(|(entry, at, address)| SecretUseRow {
                    secret_id: Id(entry.id()),
                    used_at: Moment(*at),
                    address: address.to_canonical().to_string(),
                })
                .collect();
            if let Err(failure) = write_last_uses(store, &rows).await {
                for (entry, at, address) in taken {
                    self.note(&entry, at, address);
                }
                return Err(failure);
            }
        }
        Ok(())
    }

    async fn flush_months(&self, index: &Index, store: &Store) -> Result<(), Failure> {
        for slot in index.organizations() {
            let (month, requests) = slot.month_and_requests();
            let before = self.written.lock().unwrap_or_else(PoisonError::into_inner).get(&slot.id()).copied();
            let known = before.filter(|(known, _)| *known == month).map_or(0, |(_, requests)| requests);
            let Some(new) = requests.checked_sub(known).filter(|new| *new > 0) else { continue };
            let mut connection = store.write().await?;
            // The difference is added, so that several processes can count for one organization.
            diesel::insert_into(organization_usage::table)
                .values((
                    organization_usage::organization_id.eq(Id(slot.id())),
                    organization_usage::month.eq(month),
                    organization_usage::requests.eq(i64::try_from(new).unwrap_or(i64::MAX)),
                ))
                .on_conflict((organization_usage::organization_id, organization_usage::month))
                .do_update()
                .set(
                    organization_usage::requests
                        .eq(organization_usage::requests + excluded(organization_usage::requests)),
                )
                .execute(&mut connection)
                .await?;
            self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(slot.id(), (month, requests));
        }
        Ok(())
    }
}

async fn write_last_uses(store: &Store, rows: &[SecretUseRow]) -> Result<(), Failure> {
    let mut connection = store.write().await?;
    connection
        .transaction(async |connection| {
            diesel::query_dsl::methods::FilterDsl::filter(
                diesel::insert_into(secret_uses::table)
                    .values(rows)
                    .on_conflict(secret_uses::secret_id)
                    .do_update()
                    .set((
                        secret_uses::used_at.eq(excluded(secret_uses::used_at)),
                        secret_uses::address.eq(excluded(secret_uses::address)),
                    )),
                // Monotone: what another process saw later stays.
                secret_uses::used_at.lt(excluded(secret_uses::used_at)),
            )
            .execute(connection)
            .await
        })
        .await?;
    Ok(())
}
