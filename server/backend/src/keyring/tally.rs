//! What notes come to as they are taken: those that differ in nothing but the moment are one row.
//!
//! The rows are small and lie in one table. With a hundred thousand keys in use each note costs a look at memory that no
//! cache holds, and what is known of a key in all ([`super::totals`]) is four times as large. That is worked out when the
//! database is to have it, or when there are too many rows.

use std::{collections::HashMap, net::IpAddr};

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};

use super::totals::{Counts, KeyTotals, Text, Totals};

/// From so many rows on they are summed up by key: 30 MB.
const ROWS_MAX: usize = 7 << 15;

/// What many requests have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    /// The permissions that were asked for and held, as names with spaces between them, in order.
    pub(crate) asked: Text,
    pub(crate) user_agent: Option<Text>,
}

/// What the verifications of a row have in common. Ids are kept as numbers, because writing them out would take longer
/// than everything else here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct What {
    pub(crate) key: u128,
    pub(crate) secret: u128,
    pub(crate) address: Option<IpAddr>,
    /// The hour in which the last of them was, as [`super::totals::hour`] counts.
    pub(crate) hour: i64,
    /// Which of the circumstances that come with the rows.
    pub(crate) circumstances: u32,
    /// Which of [`super::record::OUTCOMES`].
    pub(crate) outcome: u8,
    /// Allowed only because the whitelist reports and does not refuse.
    pub(crate) reported: bool,
}

/// How often, and from when to when (in microseconds since 1970).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) organization: u128,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) count: u64,
}

/// The sum of many notes.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    // Whoever holds a key chooses what it asks, so the order of the table must not be foreseen.
    rows: HashMap<What, Seen, RandomState>,
    circumstances: Vec<Circumstances>,
    places: HashMap<Circumstances, u32>,
    /// What the rows came to that were here when there were too many.
    totals: Totals,
}

impl Tally {
    /// How many rows and sums there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len() + self.totals.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the rows refer to.
    pub(crate) fn circumstances(&self) -> &[Circumstances] {
        &self.circumstances
    }

    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (What, Seen)> {
        self.rows.iter().map(|(what, seen)| (*what, *seen))
    }

    /// What is not in rows any more, by key.
    pub(crate) fn sums(&self) -> impl Iterator<Item = (&u128, &KeyTotals)> {
        self.totals.iter()
    }

    /// Adds rows, with the circumstances that they refer to.
    pub(crate) fn add_rows<'c>(
        &mut self,
        circumstances: impl IntoIterator<Item = &'c Circumstances>,
        rows: impl IntoIterator<Item = (What, Seen)>,
    ) {
        if self.rows.len() >= ROWS_MAX {
            self.sum_up();
        }
        let places: Vec<_> = circumstances.into_iter().map(|circumstances| self.place(circumstances)).collect();
        for (mut what, seen) in rows {
            what.circumstances = places.get(what.circumstances as usize).copied().unwrap_or(u32::MAX);
            self.rows.entry(what).and_modify(|known| known.merge(&seen)).or_insert(seen);
        }
    }

    /// Adds what one key's verifications come to.
    pub(crate) fn add_sum(&mut self, key: u128, totals: &KeyTotals) {
        self.totals.add(key, totals);
    }

    /// Adds all that another one has.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.add_rows(other.circumstances(), other.rows());
        for (key, totals) in other.sums() {
            self.totals.add(*key, totals);
        }
    }

    /// How often which answer was given.
    pub(crate) fn answered(&self) -> Counts {
        let mut sum = self.totals.answered();
        for (what, seen) in &self.rows {
            if let Some(count) = sum.get_mut(usize::from(what.outcome)) {
                *count = count.saturating_add(seen.count);
            }
        }
        sum
    }

    /// What each key's verifications come to, in the order of the keys, so that whoever writes them can go on where they
    /// stopped.
    pub(crate) fn into_sorted(mut self) -> Vec<(u128, KeyTotals)> {
        self.sum_up();
        self.totals.into_sorted()
    }

    fn place(&mut self, circumstances: &Circumstances) -> u32 {
        if let Some(place) = self.places.get(circumstances) {
            return *place;
        }
        let place = u32::try_from(self.circumstances.len()).unwrap_or(u32::MAX);
        self.circumstances.push(circumstances.clone());
        self.places.insert(circumstances.clone(), place);
        place
    }

    fn sum_up(&mut self) {
        for (what, seen) in self.rows.drain() {
            self.totals.add_row(&what, &seen, self.circumstances.get(what.circumstances as usize));
        }
        self.circumstances.clear();
        self.places.clear();
    }
}

impl Seen {
    fn merge(&mut self, other: &Self) {
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        self.count = self.count.saturating_add(other.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::totals::begin_of_hour;

    fn row(key: u128, hour: i64, circumstances: u32, outcome: u8) -> (What, Seen) {
        let at = begin_of_hour(hour).micros();
        let what = What { key, secret: 1, address: None, hour, circumstances, outcome, reported: false };
        (what, Seen { organization: 2, first_at: at, last_at: at, count: 1 })
    }

    fn circumstances(asked: &str) -> Circumstances {
        Circumstances { asked: asked.into(), user_agent: None }
    }

    #[test]
    fn each_key_is_summed_once_whatever_comes_first() {
        let (a, b) = (circumstances("a"), circumstances("b"));
        let mut one = Tally::default();
        one.add_rows([&a, &b], [row(3, 0, 0, 0), row(1, 0, 0, 0), row(1, 1, 1, 0), row(1, 0, 0, 0)]);
        let mut other = Tally::default();
        other.add_rows([&b, &a], [row(1, 0, 1, 0), row(1, 0, 0, 1), row(2, 0, 0, 0)]);
        other.sum_up();
        one.merge(&other);
        assert_eq!(one.answered(), [6, 1, 0, 0, 0, 0, 0]);

        let sorted = one.into_sorted();
        let keys: Vec<_> = sorted.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, [1, 2, 3]);
        let (_, first) = &sorted[0];
        let mut hours = first.hours.to_vec();
        hours.sort_unstable();
        assert_eq!(hours, [(0, [3, 1, 0, 0, 0, 0, 0]), (1, [1, 0, 0, 0, 0, 0, 0])]);
        let mut asked: Vec<_> =
            first.traces.iter().map(|trace| (&*trace.asked, trace.allowed, trace.refused)).collect();
        asked.sort_unstable();
        assert_eq!(asked, [("a", 3, 0), ("b", 1, 1)]);
    }

    #[test]
    fn too_many_rows_are_summed_up_and_lose_nothing() {
        const KEYS: u128 = 100;
        let mut tally = Tally::default();
        let each = u32::try_from(ROWS_MAX).expect("fits") / 100;
        for round in 0..3_u32 {
            let asked: Vec<_> = (0..=each).map(|number| circumstances(&format!("{round}.{number}"))).collect();
            tally.add_rows(&asked, (0..KEYS).flat_map(|key| (0..=each).map(move |place| row(key, 0, place, 0))));
            assert!(tally.rows.len() <= ROWS_MAX + 100 && tally.circumstances.len() == asked.len());
        }
        let (all, sorted) = (3 * u64::from(each + 1), tally.into_sorted());
        assert!(sorted.iter().all(|(_, key)| key.allowed().map(|(_, allowed)| allowed).sum::<u64>() == all));
        assert_eq!(sorted.len(), 100);
    }
}
