//! From a segment of the journal into the database.
//!
//! In small transactions, so that a change of configuration never waits long for its turn. Each says, in itself, how far
//! it has come: written twice, a segment counts once.

use std::collections::BTreeMap;

use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, dsl::case_when, upsert::excluded,
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use shared::{KeyId, OrganizationId, SecretId, Timestamp};

use super::{
    begin_of_hour,
    journal::Segment,
    totals::{Refused, Slice, Sum, Sums, Totals, Traced, Trail, Use},
};
use crate::{
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        pool::Store,
        row::key::SecretUseRow,
        schema::{key_traces, key_usage, organization_hours, organization_usage, refusals, secret_uses, usage_marks},
    },
    failure::Failure,
    keyring::record::OUTCOMES,
};

/// How many entries one transaction writes: some milliseconds of SQLite's one writer.
const SLICE: usize = 500;

/// A closed segment that the database does not have, or not all of it.
#[derive(Debug)]
pub(super) struct Unwritten {
    segment: Segment,
    /// `None`: not read yet.
    sums: Option<Sums>,
    written: usize,
}

#[derive(Insertable)]
#[diesel(table_name = key_usage)]
struct KeyUsageRow {
    key_id: Id<KeyId>,
    hour: i64,
    outcome: &'static str,
    requests: i64,
}

#[derive(Insertable)]
#[diesel(table_name = organization_hours)]
struct OrganizationHourRow {
    organization_id: Id<OrganizationId>,
    hour: i64,
    outcome: &'static str,
    requests: i64,
}

#[derive(Insertable)]
#[diesel(table_name = organization_usage)]
struct OrganizationMonthRow {
    organization_id: Id<OrganizationId>,
    month: i64,
    requests: i64,
}

#[derive(Insertable)]
#[diesel(table_name = key_traces, treat_none_as_default_value = false)]
struct TraceRow {
    organization_id: Id<OrganizationId>,
    day: i64,
    key_id: Id<KeyId>,
    address: String,
    asked: String,
    first_at: Moment,
    last_at: Moment,
    user_agent: Option<String>,
    allowed: i64,
    refused: i64,
    reported: i64,
}

#[derive(Insertable)]
#[diesel(table_name = refusals, treat_none_as_default_value = false)]
struct RefusalRow {
    key_id: Id<KeyId>,
    at: Moment,
    request_id: String,
    reason: String,
    permissions: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
}

impl Unwritten {
    /// Of which nothing is known yet.
    pub(super) const fn new(segment: Segment) -> Self {
        Self { segment, sums: None, written: 0 }
    }

    pub(super) fn into_segment(self) -> Segment {
        self.segment
    }

    /// How many entries are to be written still; of one that was not read yet nothing is known.
    pub(super) fn remaining(&self) -> usize {
        self.sums.as_ref().map_or(1, |sums| sums.len().saturating_sub(self.written))
    }

    /// Reads the file on a thread that may block: after a busy minute it has millions of entries.
    async fn read(segment: &Segment) -> Result<Sums, Failure> {
        let segment = segment.clone();
        tokio::task::spawn_blocking(move || segment.read().map(Totals::into_sums)).await.map_err(Failure::broken)?
    }

    /// The allowed requests in it that the database does not have, by organization and hour.
    pub(super) async fn unwritten_requests(
        &mut self,
        store: &Store,
    ) -> Result<Vec<(OrganizationId, Timestamp, u64)>, Failure> {
        let Some(written) = mark(&mut *store.read().await?, &self.segment).await? else { return Ok(Vec::new()) };
        let sums = Self::read(&self.segment).await?;
        let requests = sums
            .numbers_from(written)
            .iter()
            .map(|((_, hour), sum)| (OrganizationId::from_bits(sum.organization), begin_of_hour(*hour), sum.allowed()));
        let requests = requests.collect();
        self.sums = Some(sums);
        Ok(requests)
    }

    /// Writes all of it.
    pub(super) async fn write(&mut self, store: &Store) -> Result<(), Failure> {
        let Self { segment, sums, written } = self;
        let sums = match sums {
            Some(sums) => sums,
            None => sums.insert(Self::read(segment).await?),
        };
        while *written < sums.len() {
            let mut connection = store.write().await?;
            *written = connection
                .transaction(async |connection| -> Result<_, Failure> {
                    // What the database says counts: the answer to an earlier commit may have been lost.
                    let Some(from) = mark(connection, segment).await? else { return Ok(sums.len()) };
                    let slice = sums.slice(from, SLICE);
                    let to = from + slice.len();
                    match slice {
                        Slice::Numbers(numbers) => write_numbers(connection, numbers).await?,
                        Slice::Uses(uses) => write_uses(connection, uses).await?,
                        Slice::Traces(traces) => write_traces(connection, traces).await?,
                        Slice::Refusals(refusals) => write_refusals(connection, refusals).await?,
                    }
                    set_mark(connection, segment, to).await?;
                    Ok(to)
                })
                .await?;
        }
        Ok(())
    }
}

/// How many entries of the segment the database has; `None`: all of them, and later segments, too.
async fn mark(connection: &mut AnyConnection, segment: &Segment) -> Result<Option<usize>, Failure> {
    let mark: Option<(i64, i64)> = usage_marks::table
        .find(segment.journal())
        .select((usage_marks::segment, usage_marks::written))
        .first(connection)
        .await
        .optional()?;
    Ok(match mark {
        Some((number, _)) if number > segment.number() => None,
        Some((number, written)) if number == segment.number() => Some(usize::try_from(written).unwrap_or(0)),
        _ => Some(0),
    })
}

async fn set_mark(connection: &mut AnyConnection, segment: &Segment, written: usize) -> Result<(), Failure> {
    diesel::insert_into(usage_marks::table)
        .values((
            usage_marks::journal.eq(segment.journal()),
            usage_marks::segment.eq(segment.number()),
            usage_marks::written.eq(number(written as u64)),
        ))
        .on_conflict(usage_marks::journal)
        .do_update()
        .set((
            usage_marks::segment.eq(excluded(usage_marks::segment)),
            usage_marks::written.eq(excluded(usage_marks::written)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_numbers(connection: &mut AnyConnection, numbers: &[((u128, i64), Sum)]) -> Result<(), Failure> {
    let mut keys = Vec::new();
    let mut hours = BTreeMap::<_, u64>::new();
    let mut months = BTreeMap::<_, u64>::new();
    for ((key, hour), sum) in numbers {
        for (outcome, requests) in OUTCOMES.iter().zip(sum.counts).filter(|(_, requests)| *requests > 0) {
            let word = outcome.map_or("allowed", shared::verify::Refusal::reason);
            keys.push(KeyUsageRow {
                key_id: Id(KeyId::from_bits(*key)),
                hour: *hour,
                outcome: word,
                requests: number(requests),
            });
            *hours.entry((sum.organization, *hour, word)).or_default() += requests;
            if outcome.is_none() {
                *months.entry((sum.organization, begin_of_hour(*hour).month())).or_default() += requests;
            }
        }
    }
    if !keys.is_empty() {
        diesel::insert_into(key_usage::table)
            .values(keys)
            .on_conflict((key_usage::key_id, key_usage::hour, key_usage::outcome))
            .do_update()
            .set(key_usage::requests.eq(key_usage::requests + excluded(key_usage::requests)))
            .execute(connection)
            .await?;
    }
    write_sums(connection, hours, months).await
}

async fn write_sums(
    connection: &mut AnyConnection,
    hours: BTreeMap<(u128, i64, &'static str), u64>,
    months: BTreeMap<(u128, i64), u64>,
) -> Result<(), Failure> {
    let hours: Vec<_> = hours
        .into_iter()
        .map(|((organization, hour, outcome), requests)| OrganizationHourRow {
            organization_id: Id(OrganizationId::from_bits(organization)),
            hour,
            outcome,
            requests: number(requests),
        })
        .collect();
    let months: Vec<_> = months
        .into_iter()
        .map(|((organization, month), requests)| OrganizationMonthRow {
            organization_id: Id(OrganizationId::from_bits(organization)),
            month,
            requests: number(requests),
        })
        .collect();
    if !hours.is_empty() {
        diesel::insert_into(organization_hours::table)
            .values(hours)
            .on_conflict((organization_hours::organization_id, organization_hours::hour, organization_hours::outcome))
            .do_update()
            .set(organization_hours::requests.eq(organization_hours::requests + excluded(organization_hours::requests)))
            .execute(connection)
            .await?;
    }
    if !months.is_empty() {
        diesel::insert_into(organization_usage::table)
            .values(months)
            .on_conflict((organization_usage::organization_id, organization_usage::month))
            .do_update()
            .set(organization_usage::requests.eq(organization_usage::requests + excluded(organization_usage::requests)))
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn write_uses(connection: &mut AnyConnection, uses: &[Use]) -> Result<(), Failure> {
    if uses.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = uses
        .iter()
        .map(|last| SecretUseRow {
            secret_id: Id(SecretId::from_bits(last.secret)),
            used_at: Moment(Timestamp::from_micros(last.at)),
            address: last.address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
            user_agent: last.user_agent.as_deref().map(str::to_owned),
        })
        .collect();
    diesel::query_dsl::methods::FilterDsl::filter(
        diesel::insert_into(secret_uses::table).values(rows).on_conflict(secret_uses::secret_id).do_update().set((
            secret_uses::used_at.eq(excluded(secret_uses::used_at)),
            secret_uses::address.eq(excluded(secret_uses::address)),
            secret_uses::user_agent.eq(excluded(secret_uses::user_agent)),
        )),
        // Monotone: what another server saw later stays.
        secret_uses::used_at.lt(excluded(secret_uses::used_at)),
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_traces(connection: &mut AnyConnection, traces: &[(Traced, Trail)]) -> Result<(), Failure> {
    if traces.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = traces
        .iter()
        .map(|(traced, trail)| TraceRow {
            organization_id: Id(OrganizationId::from_bits(traced.organization)),
            day: traced.day,
            key_id: Id(KeyId::from_bits(traced.key)),
            address: traced.address.map(|address| address.to_string()).unwrap_or_default(),
            asked: traced.asked.to_string(),
            first_at: Moment(Timestamp::from_micros(trail.first_at)),
            last_at: Moment(Timestamp::from_micros(trail.last_at)),
            user_agent: trail.user_agent.as_deref().map(str::to_owned),
            allowed: number(trail.allowed),
            refused: number(trail.refused),
            reported: number(trail.reported),
        })
        .collect();
    let place =
        (key_traces::organization_id, key_traces::day, key_traces::key_id, key_traces::address, key_traces::asked);
    // The first moment stays what it was: journals are written in their order.
    diesel::insert_into(key_traces::table)
        .values(rows)
        .on_conflict(place)
        .do_update()
        .set((
            key_traces::last_at.eq(case_when(
                key_traces::last_at.lt(excluded(key_traces::last_at)),
                excluded(key_traces::last_at),
            )
            .otherwise(key_traces::last_at)),
            key_traces::user_agent.eq(excluded(key_traces::user_agent)),
            key_traces::allowed.eq(key_traces::allowed + excluded(key_traces::allowed)),
            key_traces::refused.eq(key_traces::refused + excluded(key_traces::refused)),
            key_traces::reported.eq(key_traces::reported + excluded(key_traces::reported)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_refusals(connection: &mut AnyConnection, refused: &[Refused]) -> Result<(), Failure> {
    if refused.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = refused
        .iter()
        .map(|refused| RefusalRow {
            key_id: Id(KeyId::from_bits(refused.key)),
            at: Moment(Timestamp::from_micros(refused.at)),
            request_id: refused.request_id.to_string(),
            reason: refused.reason.to_string(),
            permissions: Some(refused.permissions.to_string()).filter(|names| !names.is_empty()),
            address: refused.address.map(|address| address.to_canonical().to_string()),
            user_agent: refused.user_agent.as_deref().map(str::to_owned),
        })
        .collect();
    diesel::insert_into(refusals::table).values(rows).on_conflict_do_nothing().execute(connection).await?;
    Ok(())
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
