//! A year of requests that nobody has sent.
//!
//! Verifying millions of times would take an hour; these rows are what that would have left behind: counts by the hour
//! for the last days, and three hours of each day before. Drawn from a generator of its own, always the same.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods as _, Insertable, upsert::excluded};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use shared::{KeyId, OrganizationId, Timestamp};

use crate::{
    Backend, Failure,
    db::{
        column::Id,
        schema::{key_usage, organization_hours, organization_usage},
    },
    keyring::totals::{begin_of_hour, hour},
};

const ALLOWED: &str = "allowed";
const DAY_HOURS: i64 = 24;
/// So many days have a count for each of their hours.
const FINE_DAYS: i64 = 3;
/// The hours of the days before that have one.
const COARSE_HOURS: [i64; 3] = [8, 12, 16];
/// How busy the hours of a day are, in percent of the busiest.
const DAY: [u64; 24] =
    [18, 14, 12, 11, 12, 16, 26, 44, 68, 86, 95, 98, 90, 94, 100, 97, 90, 78, 62, 52, 44, 38, 30, 23];
/// SQLite takes at most 32,766 binds in a statement, and a row has four columns.
const BATCH: usize = 4_000;

/// How a key is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traffic {
    /// Requests in a busy hour of today.
    pub(super) hourly: u64,
    /// How many of a thousand requests are refused, for want of a permission.
    pub(super) refused: u64,
}

/// Numbers that look drawn.
struct Dice(u64);

impl Dice {
    /// From 0 to 99 (Knuth's constants for a linear congruential generator).
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 100
    }
}

type Counts = BTreeMap<(i64, &'static str), u64>;

/// What a key was answered from one moment to another. `today` is when its traffic is as large as it says; before, it was
/// smaller.
fn counts(traffic: Traffic, from: Timestamp, to: Timestamp, today: Timestamp, seed: u64) -> Counts {
    let mut dice = Dice(seed);
    let mut counts = Counts::new();
    let fine = hour(today) - FINE_DAYS * DAY_HOURS;
    for at in hour(from)..hour(to) {
        let of_day = at.rem_euclid(DAY_HOURS);
        let stands_for = match at >= fine {
            true => 1,
            false if COARSE_HOURS.contains(&of_day) => 6,
            false => continue,
        };
        let days_ago = u64::try_from((hour(today) - at) / DAY_HOURS).unwrap_or(0);
        // Grown by a third in a year, quiet at weekends, and never quite as expected. 1970 began on a Thursday.
        let growth = 1_000_u64.saturating_sub(days_ago * 700 / 365);
        let weekend = matches!((at.div_euclid(DAY_HOURS) + 4).rem_euclid(7), 0 | 6);
        let share = usize::try_from(of_day).ok().and_then(|at| DAY.get(at)).copied().unwrap_or(0);
        let expected = traffic.hourly * stands_for * share * growth / 100_000;
        let expected = if weekend { expected * 2 / 5 } else { expected };
        let requests = expected * (80 + dice.roll() * 2 / 5) / 100;
        let refused = requests * traffic.refused * (50 + dice.roll()) / 100_000;
        for (outcome, number) in [(ALLOWED, requests - refused.min(requests)), ("permission_missing", refused)] {
            if number > 0 {
                counts.insert((at, outcome), number);
            }
        }
    }
    counts
}

#[derive(Insertable)]
#[diesel(table_name = key_usage)]
struct KeyRow {
    key_id: Id<KeyId>,
    hour: i64,
    outcome: &'static str,
    requests: i64,
}

#[derive(Insertable)]
#[diesel(table_name = organization_hours)]
struct OrganizationRow {
    organization_id: Id<OrganizationId>,
    hour: i64,
    outcome: &'static str,
    requests: i64,
}

/// The traffic of all keys, until it is written.
#[derive(Debug, Default)]
pub(super) struct Past {
    of_keys: Vec<(KeyId, Counts)>,
}

impl Past {
    /// Adds what a key was answered from one moment to another.
    pub(super) fn add(&mut self, key: KeyId, traffic: Traffic, from: Timestamp, to: Timestamp, today: Timestamp) {
        let seed = self.of_keys.len() as u64 + 1;
        self.of_keys.push((key, counts(traffic, from, to, today, seed)));
    }

    /// Writes all of it.
    pub(super) async fn write(self, backend: &Backend, organization: OrganizationId) -> Result<(), Failure> {
        let mut sums = Counts::new();
        let mut months: BTreeMap<i64, u64> = BTreeMap::new();
        let mut keys = Vec::new();
        for (key, counts) in self.of_keys {
            for ((hour, outcome), requests) in counts {
                *sums.entry((hour, outcome)).or_default() += requests;
                if outcome == ALLOWED {
                    *months.entry(begin_of_hour(hour).month()).or_default() += requests;
                }
                keys.push(KeyRow { key_id: Id(key), hour, outcome, requests: number(requests) });
            }
        }
        let sums: Vec<_> = sums
            .into_iter()
            .map(|((hour, outcome), requests)| OrganizationRow {
                organization_id: Id(organization),
                hour,
                outcome,
                requests: number(requests),
            })
            .collect();
        let months: Vec<_> = months
            .into_iter()
            .map(|(month, requests)| {
                (
                    organization_usage::organization_id.eq(Id(organization)),
                    organization_usage::month.eq(month),
                    organization_usage::requests.eq(number(requests)),
                )
            })
            .collect();
        let mut connection = backend.inner.store.write().await?;
        connection
            .transaction(async |connection| -> Result<_, Failure> {
                // What was counted by itself is there already.
                for batch in keys.chunks(BATCH) {
                    diesel::insert_into(key_usage::table)
                        .values(batch)
                        .on_conflict((key_usage::key_id, key_usage::hour, key_usage::outcome))
                        .do_update()
                        .set(key_usage::requests.eq(key_usage::requests + excluded(key_usage::requests)))
                        .execute(connection)
                        .await?;
                }
                for batch in sums.chunks(BATCH) {
                    diesel::insert_into(organization_hours::table)
                        .values(batch)
                        .on_conflict((
                            organization_hours::organization_id,
                            organization_hours::hour,
                            organization_hours::outcome,
                        ))
                        .do_update()
                        .set(
                            organization_hours::requests
                                .eq(organization_hours::requests + excluded(organization_hours::requests)),
                        )
                        .execute(connection)
                        .await?;
                }
                diesel::insert_into(organization_usage::table)
                    .values(months)
                    .on_conflict((organization_usage::organization_id, organization_usage::month))
                    .do_update()
                    .set(
                        organization_usage::requests
                            .eq(organization_usage::requests + excluded(organization_usage::requests)),
                    )
                    .execute(connection)
                    .await?;
                Ok(())
            })
            .await
    }
}

fn number(requests: u64) -> i64 {
    i64::try_from(requests).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Timestamp = Timestamp::from_micros(1_795_446_245_000_000);

    #[test]
    fn traffic_grows_and_is_refused_now_and_then() {
        let counts = counts(Traffic { hourly: 100, refused: 20 }, TODAY.plus_days(-365), TODAY, TODAY, 1);
        let sum = |from: i64, to: i64, wanted: &str| {
            let hours = hour(TODAY.plus_days(-from))..hour(TODAY.plus_days(-to));
            counts.iter().filter(|((at, o), _)| hours.contains(at) && *o == wanted).map(|(_, n)| n).sum::<u64>()
        };
        assert!(sum(30, 0, ALLOWED) > sum(365, 335, ALLOWED));
        let (allowed, refused) = (sum(365, 0, ALLOWED), sum(365, 0, "permission_missing"));
        assert!((10..40).contains(&(refused * 1_000 / (allowed + refused))), "{allowed} {refused}");
    }
}
