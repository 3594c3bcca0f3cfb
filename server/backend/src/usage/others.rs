//! The month's requests as all servers together have counted them.
//!
//! Each server holds an organization's limit against its own count, which is exact, and adds what the others have written
//! into the database by the last time it looked. So several servers on one database let through more than the limit by
//! at most what they do between two looks.

use std::collections::HashMap;

use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use shared::{OrganizationId, Timestamp};

use crate::{
    db::{anydb::AnyDb, column::Id, pool::Store, schema::organization_usage},
    failure::Failure,
    keyring::{Keyring, index::ById},
};

/// For how long an organization is looked after here that makes no requests here. When it comes back, the first look
/// makes up for it.
const KEEP_SECONDS: i64 = 600;
/// How many organizations one query asks about.
const AT_ONCE: usize = 500;

/// The organizations that are looked after, and when they made their last requests here.
#[derive(Debug, Default)]
pub(super) struct Others(HashMap<OrganizationId, Timestamp, ById>);

impl Others {
    /// Notes that so many allowed requests of the organization, counted here in the month of `then`, are in the database.
    pub(super) fn note_written(
        &mut self,
        keyring: &Keyring,
        organization: OrganizationId,
        then: Timestamp,
        requests: u64,
        now: Timestamp,
    ) {
        if requests > 0
            && let Some(slot) = keyring.index.organization(organization)
        {
            slot.note_written(then, requests);
            self.0.insert(organization, now);
        }
    }

    /// Looks at what others have written. To be called when nothing of this server is being written.
    pub(super) async fn learn(&mut self, keyring: &Keyring, store: &Store, now: Timestamp) -> Result<(), Failure> {
        self.0.retain(|_, last| now.seconds_since(*last) < KEEP_SECONDS);
        if self.0.is_empty() {
            return Ok(());
        }
        let mut connection = store.read().await?;
        // A SQLite file has one server, which knows all that it has written.
        if connection.engine() == AnyDb::Sqlite {
            return Ok(());
        }
        let ids: Vec<_> = self.0.keys().map(|id| Id(*id)).collect();
        for some in ids.chunks(AT_ONCE) {
            let counted: Vec<(Id<OrganizationId>, i64)> = organization_usage::table
                .filter(organization_usage::month.eq(now.month()))
                .filter(organization_usage::organization_id.eq_any(some.to_vec()))
                .select((organization_usage::organization_id, organization_usage::requests))
                .load(&mut connection)
                .await?;
            for (id, requests) in counted {
                if let Some(slot) = keyring.index.organization(id.0) {
                    slot.learn(now, u64::try_from(requests).unwrap_or(0));
                }
            }
        }
        Ok(())
    }
}
