//! What many verifications come to: for each key, how often which answer was given in which hour, and from where it was
//! used and what for.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    ops::Deref,
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::{Timestamp, incident::ADDED_UP};
use smallvec::SmallVec;

use super::{
    index::ById,
    record::OUTCOMES,
    tally::{Circumstances, Seen, What},
};

/// How often each of [`OUTCOMES`] was the answer.
pub(crate) type Counts = [u64; OUTCOMES.len()];

/// Of one key, so many traces until the database has them; what more there is is one trace, of all other addresses.
const TRACES_OF_ONE: usize = 256;
/// Of one key, so many hours. Only a database that is away for days lets more wait; then the totals stay exact, and the
/// hours do not.
const HOURS_OF_ONE: usize = 48;

/// The sum of many verifications by key, as the database wants it.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    keys: HashMap<u128, KeyTotals, ById>,
}

/// What one key's verifications come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyTotals {
    #[serde(with = "postcard::fixint::le")]
    pub(crate) organization: u128,
    #[serde(with = "list")]
    pub(crate) hours: SmallVec<[(i64, Counts); 1]>,
    #[serde(with = "list")]
    pub(crate) traces: SmallVec<[Trace; 1]>,
}

/// A secret was presented from one address with one question, on one day (of UTC, counted from 1970).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trace {
    #[serde(with = "postcard::fixint::le")]
    pub(crate) secret: u128,
    pub(crate) day: i64,
    /// `None`: it is not known.
    pub(crate) address: Option<IpAddr>,
    /// The permissions that were asked for and held: names with spaces between them, in order. Or [`ADDED_UP`].
    pub(crate) asked: Text,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    /// When it was allowed last; a secret that was only refused was not used.
    pub(crate) used_at: Option<i64>,
    /// Of the last request.
    pub(crate) user_agent: Option<Text>,
    pub(crate) allowed: u64,
    pub(crate) refused: u64,
    /// Allowed only because the whitelist reports and does not refuse.
    pub(crate) reported: u64,
}

/// A text that many have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Text(Arc<str>);

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&str>::deserialize(deserializer).map(Self::from)
    }
}

/// A short list, as any other.
mod list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use smallvec::SmallVec;

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        list: &SmallVec<[T; 1]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        list.as_slice().serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SmallVec<[T; 1]>, D::Error> {
        Vec::deserialize(deserializer).map(SmallVec::from_vec)
    }
}

impl Totals {
    /// How many keys.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&u128, &KeyTotals)> {
        self.keys.iter()
    }

    /// In the order of the keys, so that whoever writes them can go on where they stopped.
    pub(crate) fn into_sorted(self) -> Vec<(u128, KeyTotals)> {
        let mut keys: Vec<_> = self.keys.into_iter().collect();
        keys.sort_unstable_by_key(|(key, _)| *key);
        keys
    }

    /// How often which answer was given.
    pub(crate) fn answered(&self) -> Counts {
        let mut sum = Counts::default();
        for (_, counts) in self.keys.values().flat_map(|key| &key.hours) {
            add(&mut sum, counts);
        }
        sum
    }

    /// Adds verifications of one key that have all this in common.
    pub(super) fn add_row(&mut self, what: &What, seen: &Seen, circumstances: Option<&Circumstances>) {
        self.keys.entry(what.key).or_default().add_row(what, seen, circumstances);
    }

    /// Adds what one key's verifications come to.
    pub(crate) fn add(&mut self, key: u128, new: &KeyTotals) {
        match self.keys.entry(key) {
            Entry::Vacant(place) => _ = place.insert(new.clone()),
            Entry::Occupied(mut known) => known.get_mut().merge(new),
        }
    }
}

impl KeyTotals {
    /// How many requests were allowed, by hour.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = (i64, u64)> {
        self.hours.iter().map(|(hour, [allowed, ..])| (*hour, *allowed))
    }

    fn add_row(&mut self, what: &What, seen: &Seen, circumstances: Option<&Circumstances>) {
        self.organization = seen.organization;
        let mut one = Counts::default();
        if let Some(count) = one.get_mut(usize::from(what.outcome)) {
            *count = seen.count;
        }
        self.add_counts(what.hour, &one);
        if let Some(circumstances) = circumstances {
            self.add_trace(Trace::new(what, seen, circumstances));
        }
    }

    fn add_trace(&mut self, new: Trace) {
        let is_full = self.traces.len() >= TRACES_OF_ONE;
        match self.traces.iter_mut().find(|known| known.is_of(&new)) {
            Some(known) => known.merge(&new),
            None if is_full && !new.is_of_others() => self.add_trace(new.of_others()),
            None => self.traces.push(new),
        }
    }

    fn add_counts(&mut self, hour: i64, more: &Counts) {
        let is_full = self.hours.len() >= HOURS_OF_ONE;
        let known = match self.hours.iter().rposition(|(known, _)| *known == hour) {
            Some(at) => self.hours.get_mut(at),
            None if is_full => self.hours.last_mut(),
            None => None,
        };
        match known {
            Some((_, counts)) => add(counts, more),
            None => self.hours.push((hour, *more)),
        }
    }

    fn merge(&mut self, other: &Self) {
        for (hour, counts) in &other.hours {
            self.add_counts(*hour, counts);
        }
        for new in &other.traces {
            self.add_trace(new.clone());
        }
    }
}

impl Trace {
    fn new(what: &What, seen: &Seen, circumstances: &Circumstances) -> Self {
        let is_allowed = what.outcome == 0;
        let Circumstances { asked, user_agent } = circumstances.clone();
        Self {
            secret: what.secret,
            day: Timestamp::from_micros(seen.last_at).day_number(),
            address: what.address,
            asked,
            first_at: seen.first_at,
            last_at: seen.last_at,
            used_at: is_allowed.then_some(seen.last_at),
            user_agent,
            allowed: if is_allowed { seen.count } else { 0 },
            refused: if is_allowed { 0 } else { seen.count },
            reported: if is_allowed && what.reported { seen.count } else { 0 },
        }
    }

    /// The same without what tells it from others of its day.
    fn of_others(self) -> Self {
        Self { address: None, asked: Text::from(ADDED_UP), ..self }
    }

    fn is_of_others(&self) -> bool {
        &*self.asked == ADDED_UP
    }

    fn is_of(&self, other: &Self) -> bool {
        (self.secret, self.day, self.address) == (other.secret, other.day, other.address) && self.asked == other.asked
    }

    fn merge(&mut self, other: &Self) {
        self.first_at = self.first_at.min(other.first_at);
        if self.last_at <= other.last_at {
            self.last_at = other.last_at;
            self.user_agent.clone_from(&other.user_agent);
        }
        self.used_at = self.used_at.max(other.used_at);
        self.allowed = self.allowed.saturating_add(other.allowed);
        self.refused = self.refused.saturating_add(other.refused);
        self.reported = self.reported.saturating_add(other.reported);
    }
}

fn add(sum: &mut Counts, more: &Counts) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
}

/// The calendar hour in UTC, counted from 1970.
pub(crate) fn hour(at: Timestamp) -> i64 {
    at.micros().div_euclid(HOUR_MICROS)
}

/// When that hour begins.
pub(crate) fn begin_of_hour(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour.saturating_mul(HOUR_MICROS))
}

const HOUR_MICROS: i64 = 3_600_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_trace_has_room_for_is_one_of_all_others_and_nothing_is_lost() {
        let (mut key, mut other) = (KeyTotals::default(), KeyTotals::default());
        let asked = Circumstances { asked: "orders.read".into(), user_agent: None };
        for number in 0..1_000_u32 {
            let (address, at) = (Some(IpAddr::from(number.to_be_bytes())), i64::from(number));
            let what = What { key: 1, secret: 1, address, hour: 0, circumstances: 0, outcome: 0, reported: true };
            let part = if number % 2 == 0 { &mut key } else { &mut other };
            part.add_row(&what, &Seen { organization: 2, first_at: at, last_at: at, count: 3 }, Some(&asked));
        }
        key.merge(&other);
        assert_eq!(key.traces.len(), TRACES_OF_ONE + 1);
        let sum = |of: fn(&Trace) -> u64| key.traces.iter().map(of).sum::<u64>();
        assert_eq!((sum(|trace| trace.allowed), sum(|trace| trace.reported)), (3_000, 3_000));
        let used_at = key.traces.iter().filter_map(|trace| trace.used_at).max();
        assert_eq!(used_at, Some(999), "its last use is known all the same");
    }

    #[test]
    fn what_no_hour_has_room_for_is_counted_in_the_last() {
        let mut key = KeyTotals::default();
        for hour in 0..100 {
            let what = What { key: 1, secret: 1, address: None, hour, circumstances: 0, outcome: 0, reported: false };
            let at = begin_of_hour(hour).micros();
            key.add_row(&what, &Seen { organization: 2, first_at: at, last_at: at, count: 1 }, None);
        }
        assert_eq!(key.hours.len(), HOURS_OF_ONE);
        assert_eq!(key.allowed().map(|(_, allowed)| allowed).sum::<u64>(), 100);
    }
}
