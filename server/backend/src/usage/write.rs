//! From a segment of the journal into the database.
//!
//! In small transactions, so that a change of configuration never waits long for its turn. Each says, in itself, how far
//! it has come: written twice, a segment counts once.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Range,
    time::{Duration, Instant},
};

use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, QueryableByName, dsl::case_when,
    upsert::excluded,
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use shared::{KeyId, OrganizationId, SecretId, Timestamp, incident::ADDED_UP};

use super::{
    entry::{Gathered, Refused},
    journal::Segment,
    pace::Pace,
};
use crate::{
    Backend,
    behind::behind,
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        pool::Store,
        row::key::SecretUseRow,
        schema::{key_traces, key_usage, organization_hours, organization_usage, refusals, secret_uses, usage_marks},
    },
    failure::Failure,
    keyring::{
        record::OUTCOMES,
        totals::{KeyTotals, Trace, begin_of_hour},
    },
};

/// How many keys, or refusals, one transaction writes: some milliseconds of SQLite's one writer.
const SLICE: usize = 250;
/// How long the rests may be in all, in half of the time until more is due.
const RESTS: Duration = Duration::from_secs(30);
/// How many rows one statement inserts: a fraction of a millisecond of SQLite's work.
const ROWS: usize = 50;

/// Inserts all rows, as many at once as a statement takes: `|rows| statement`. The statement for so many is kept prepared.
macro_rules! insert {
    ($connection:expr, $rows:expr, |$some:ident| $statement:expr) => {
        for some in chunks($rows) {
            match <Box<[_; ROWS]>>::try_from(some) {
                Ok($some) => $statement.execute($connection).await?,
                Err($some) => $statement.execute($connection).await?,
            };
        }
    };
}

fn chunks<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || Some(rows.by_ref().take(ROWS).collect::<Vec<_>>()).filter(|chunk| !chunk.is_empty()))
}

/// A closed segment that the database does not have, or not all of it.
#[derive(Debug)]
pub(super) struct Unwritten {
    segment: Segment,
    /// `None`: not read yet.
    gathered: Option<Sorted>,
    /// How many entries the database has.
    written: usize,
}

/// What a segment says, in an order that depends on nothing but the segment: that is what the marks in the database count
/// by.
#[derive(Debug)]
struct Sorted {
    keys: Vec<(u128, KeyTotals)>,
    refusals: Vec<Refused>,
}

impl Sorted {
    fn new(gathered: Gathered) -> Self {
        Self { keys: gathered.tally.into_sorted(), refusals: gathered.refusals.into() }
    }

    fn len(&self) -> usize {
        self.keys.len() + self.refusals.len()
    }

    /// The allowed requests among the entries at these places.
    fn allowed(&self, Range { start, end }: Range<usize>) -> impl Iterator<Item = Requests> {
        self.keys.iter().take(end).skip(start).flat_map(|(_, key)| {
            let organization = OrganizationId::from_bits(key.organization);
            key.allowed().map(move |(hour, allowed)| (organization, begin_of_hour(hour), allowed))
        })
    }

    /// Some keys, or some refusals, from the entry at `from` on. Not empty unless `from` is the end.
    fn slice(&self, from: usize) -> Slice<'_> {
        fn part<T>(all: &[T], from: usize) -> Option<&[T]> {
            all.get(from..).filter(|rest| !rest.is_empty()).map(|rest| rest.get(..SLICE).unwrap_or(rest))
        }
        match part(&self.keys, from) {
            Some(keys) => Slice::Keys(keys),
            None => Slice::Refusals(part(&self.refusals, from.saturating_sub(self.keys.len())).unwrap_or_default()),
        }
    }
}

/// What one transaction writes.
#[derive(Clone, Copy)]
enum Slice<'s> {
    Keys(&'s [(u128, KeyTotals)]),
    Refusals(&'s [Refused]),
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

#[derive(Insertable, QueryableByName)]
#[diesel(table_name = key_traces, treat_none_as_default_value = false)]
pub(super) struct TraceRow {
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

impl TraceRow {
    /// The same without what tells it from others of its key and day.
    pub(super) fn added_up(self) -> Self {
        Self { address: String::new(), asked: ADDED_UP.to_owned(), user_agent: None, ..self }
    }

    pub(super) fn add(&mut self, other: Self) {
        if other.first_at.0 < self.first_at.0 {
            self.first_at = other.first_at;
        }
        if self.last_at.0 < other.last_at.0 {
            (self.last_at, self.user_agent) = (other.last_at, other.user_agent);
        }
        self.allowed += other.allowed;
        self.refused += other.refused;
        self.reported += other.reported;
    }
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
    times: i64,
}

impl Unwritten {
    /// Of which nothing is known yet.
    pub(super) const fn new(segment: Segment) -> Self {
        Self { segment, gathered: None, written: 0 }
    }

    /// Saves reading what is known. Should that come to nothing, the file still says it.
    pub(super) async fn learn(&mut self, gathered: Gathered) {
        self.gathered = behind(move || Sorted::new(gathered)).await.ok();
    }

    pub(super) fn into_segment(self) -> Segment {
        self.segment
    }

    /// How many entries are to be written still; of one that was not read yet nothing is known.
    pub(super) fn remaining(&self) -> usize {
        self.gathered.as_ref().map_or(1, |gathered| gathered.len().saturating_sub(self.written))
    }

    /// Reads the file on a thread that may block.
    async fn read(segment: &Segment) -> Result<Sorted, Failure> {
        let segment = segment.clone();
        behind(move || segment.read().map(Sorted::new)).await?
    }

    /// The allowed requests in it that the database does not have, by organization and hour.
    pub(super) async fn unwritten_requests(&mut self, store: &Store) -> Result<Vec<Requests>, Failure> {
        let gathered = self.gathered.insert(Self::read(&self.segment).await?);
        let mark = mark(&mut *store.read().await?, &self.segment).await?;
        self.written = mark.unwrap_or_else(|| gathered.len());
        Ok(gathered.allowed(self.written..gathered.len()).collect())
    }

    /// Writes all of it, and tells `note` which allowed requests, by organization and hour, the database has by that.
    /// Whether keys were used from new networks is looked at on the way.
    pub(super) async fn write(
        &mut self,
        backend: &Backend,
        pace: &Pace,
        note: &mut impl FnMut(OrganizationId, Timestamp, u64),
    ) -> Result<(), Failure> {
        let Self { segment, gathered, written } = self;
        let gathered = match gathered {
            Some(gathered) => gathered,
            None => gathered.insert(Self::read(segment).await?),
        };
        let store = &backend.inner.store;
        let longest = RESTS / u32::try_from(gathered.len().div_ceil(SLICE)).unwrap_or(u32::MAX).max(1);
        while *written < gathered.len() {
            let began = Instant::now();
            let slice = gathered.slice(*written);
            let looked = match slice {
                Slice::Keys(keys) => backend.find_networks(keys).await,
                Slice::Refusals(_) => Ok(()),
            };
            let looking = began.elapsed();
            let mut connection = store.write().await?;
            let began = Instant::now();
            let to = connection
                .transaction(async |connection| -> Result<_, Failure> {
                    // What the database says counts: the answer to an earlier commit may have been lost. Then it goes on from
                    // there, since nothing is written but what was looked at.
                    let Some(from) = mark(connection, segment).await? else { return Ok(gathered.len()) };
                    if from != *written {
                        return Ok(from);
                    }
                    let done = match slice {
                        Slice::Keys(keys) => {
                            write_numbers(connection, keys).await?;
                            write_uses(connection, keys).await?;
                            write_traces(connection, keys).await?;
                            keys.len()
                        }
                        Slice::Refusals(refusals) => {
                            write_refusals(connection, refusals).await?;
                            refusals.len()
                        }
                    };
                    set_mark(connection, segment, from + done).await?;
                    Ok(from + done)
                })
                .await?;
            drop(connection);
            // From where we knew of, and not from the mark: an earlier commit whose answer was lost is told, too.
            for (organization, then, requests) in gathered.allowed(*written..to) {
                note(organization, then, requests);
            }
            *written = to;
            // The counts do not wait for it: a use from there that comes later is looked at as well.
            if let Err(cause) = looked {
                tracing::error!(%cause, "it was not found out whether keys are used from new networks");
            }
            if let Some(rest) = store.rest_after(looking + began.elapsed()) {
                pace.rest(rest.min(longest)).await;
            }
        }
        Ok(())
    }
}

/// Allowed requests of an organization in the hour that begins then.
type Requests = (OrganizationId, Timestamp, u64);

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

async fn write_numbers(connection: &mut AnyConnection, keys: &[(u128, KeyTotals)]) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut hours = BTreeMap::<_, u64>::new();
    let mut months = BTreeMap::<_, u64>::new();
    for (key, totals) in keys {
        for (hour, counts) in &totals.hours {
            for (outcome, requests) in OUTCOMES.iter().zip(*counts).filter(|(_, requests)| *requests > 0) {
                let word = outcome.map_or("allowed", shared::verify::Refusal::reason);
                rows.push(KeyUsageRow {
                    key_id: Id(KeyId::from_bits(*key)),
                    hour: *hour,
                    outcome: word,
                    requests: number(requests),
                });
                *hours.entry((totals.organization, *hour, word)).or_default() += requests;
                if outcome.is_none() {
                    *months.entry((totals.organization, begin_of_hour(*hour).month())).or_default() += requests;
                }
            }
        }
    }
    insert!(connection, rows, |rows| {
        diesel::insert_into(key_usage::table)
            .values(rows)
            .on_conflict((key_usage::key_id, key_usage::hour, key_usage::outcome))
            .do_update()
            .set(key_usage::requests.eq(key_usage::requests + excluded(key_usage::requests)))
    });
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
    insert!(connection, hours, |hours| {
        diesel::insert_into(organization_hours::table)
            .values(hours)
            .on_conflict((organization_hours::organization_id, organization_hours::hour, organization_hours::outcome))
            .do_update()
            .set(organization_hours::requests.eq(organization_hours::requests + excluded(organization_hours::requests)))
    });
    insert!(connection, months, |months| {
        diesel::insert_into(organization_usage::table)
            .values(months)
            .on_conflict((organization_usage::organization_id, organization_usage::month))
            .do_update()
            .set(organization_usage::requests.eq(organization_usage::requests + excluded(organization_usage::requests)))
    });
    Ok(())
}

async fn write_uses(connection: &mut AnyConnection, keys: &[(u128, KeyTotals)]) -> Result<(), Failure> {
    // When, and the latest trace that says from where, if there is one.
    let mut latest = BTreeMap::<_, (i64, &Trace)>::new();
    for (key, trace) in keys.iter().flat_map(|(key, totals)| totals.traces.iter().map(move |trace| (*key, trace))) {
        let Some(used_at) = trace.used_at else { continue };
        let (at, known) = latest.entry((key, trace.secret)).or_insert((used_at, trace));
        *at = used_at.max(*at);
        if (known.address.is_some(), known.used_at) < (trace.address.is_some(), trace.used_at) {
            *known = trace;
        }
    }
    let row = |((key, secret), (used_at, trace)): ((u128, u128), (i64, &Trace))| SecretUseRow {
        key_id: Id(KeyId::from_bits(key)),
        secret_id: Id(SecretId::from_bits(secret)),
        used_at: Moment(Timestamp::from_micros(used_at)),
        address: address(trace),
        user_agent: trace.user_agent.as_deref().map(str::to_owned),
    };
    insert!(connection, latest.into_iter().map(row).collect(), |rows| {
        diesel::query_dsl::methods::FilterDsl::filter(
            diesel::insert_into(secret_uses::table)
                .values(rows)
                .on_conflict((secret_uses::key_id, secret_uses::secret_id))
                .do_update()
                .set((
                    secret_uses::used_at.eq(excluded(secret_uses::used_at)),
                    secret_uses::address.eq(excluded(secret_uses::address)),
                    secret_uses::user_agent.eq(excluded(secret_uses::user_agent)),
                )),
            // Monotone: what another server saw later stays.
            secret_uses::used_at.lt(excluded(secret_uses::used_at)),
        )
    });
    Ok(())
}

/// Empty when whoever asked did not say.
fn address(trace: &Trace) -> String {
    trace.address.map(|address| address.to_canonical().to_string()).unwrap_or_default()
}

async fn write_traces(connection: &mut AnyConnection, keys: &[(u128, KeyTotals)]) -> Result<(), Failure> {
    let mut rows = BTreeMap::<_, TraceRow>::new();
    for (key, totals) in keys {
        for trace in &totals.traces {
            let row = TraceRow {
                organization_id: Id(OrganizationId::from_bits(totals.organization)),
                day: trace.day,
                key_id: Id(KeyId::from_bits(*key)),
                address: address(trace),
                asked: trace.asked.to_string(),
                first_at: Moment(Timestamp::from_micros(trace.first_at)),
                last_at: Moment(Timestamp::from_micros(trace.last_at)),
                user_agent: trace.user_agent.as_deref().map(str::to_owned),
                allowed: number(trace.allowed),
                refused: number(trace.refused),
                reported: number(trace.reported),
            };
            // Two secrets of one key, or an address in its two spellings, are one row.
            match rows.entry((*key, trace.day, row.address.clone(), row.asked.clone())) {
                Entry::Vacant(place) => _ = place.insert(row),
                Entry::Occupied(mut known) => known.get_mut().add(row),
            }
        }
    }
    insert_traces(connection, rows.into_values().collect()).await
}

/// Adds to what there is.
pub(super) async fn insert_traces(connection: &mut AnyConnection, rows: Vec<TraceRow>) -> Result<(), Failure> {
    let place =
        (key_traces::organization_id, key_traces::day, key_traces::key_id, key_traces::address, key_traces::asked);
    // The first moment stays what it was: journals are written in their order.
    insert!(connection, rows, |rows| {
        diesel::insert_into(key_traces::table).values(rows).on_conflict(place).do_update().set((
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
    });
    Ok(())
}

async fn write_refusals(connection: &mut AnyConnection, refused: &[Refused]) -> Result<(), Failure> {
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
            times: number(refused.times),
        })
        .collect();
    insert!(connection, rows, |rows| { diesel::insert_into(refusals::table).values(rows).on_conflict_do_nothing() });
    Ok(())
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
