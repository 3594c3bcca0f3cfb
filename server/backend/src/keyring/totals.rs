//! What many verifications come to: for each key, how often which answer was given in which hour, and from where it was
//! used and what for.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    ops::Deref,
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::Timestamp;
use smallvec::SmallVec;

use super::{
    index::ById,
    record::{Circumstances, Note, Notes, OUTCOMES},
};

/// How often each of [`OUTCOMES`] was the answer.
pub(crate) type Counts = [u64; OUTCOMES.len()];

/// Of one key, so many traces between two looks into memory; what more there is appears in the counts alone.
const TRACES_OF_A_SECOND: usize = 16;
/// The same, until the database has them.
const TRACES_OF_ONE: usize = 256;
/// Of one key, so many hours. Only a database that is away for days lets more wait; then the totals stay exact, and the
/// hours do not.
const HOURS_OF_ONE: usize = 48;

/// The sum of many notes. Keys are kept as numbers, because writing them out would take longer than everything else here.
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
    pub(crate) address: Option<IpAddr>,
    /// The permissions that were asked for and held: names with spaces between them, in order.
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

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

    /// Adds what a full list has.
    pub(super) fn add_notes(&mut self, notes: &[Note], circumstances: &[Circumstances]) {
        for note in notes {
            let key = self.keys.entry(note.key.bits()).or_default();
            key.add_note(note, circumstances.get(note.circumstances as usize));
        }
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
    /// Begins anew, in the same memory.
    fn clear(&mut self) {
        self.hours.clear();
        self.traces.clear();
    }

    /// How many requests were allowed, by hour.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = (i64, u64)> {
        self.hours.iter().map(|(hour, [allowed, ..])| (*hour, *allowed))
    }

    fn add_note(&mut self, note: &Note, circumstances: Option<&Circumstances>) {
        self.organization = note.organization.bits();
        let mut one = Counts::default();
        if let Some(count) = one.get_mut(usize::from(note.outcome)) {
            *count = u64::from(note.count);
        }
        // Those of a second across the full hour belong to the hour in which it ends.
        self.add_counts(hour(note.last_at), &one);
        if let Some(circumstances) = circumstances {
            self.trace(note, circumstances);
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

    fn trace(&mut self, note: &Note, circumstances: &Circumstances) {
        let (first_at, last_at) = (note.first_at.micros(), note.last_at.micros());
        let (secret, day) = (note.secret.bits(), note.last_at.day_number());
        let known = self.traces.iter().position(|known| {
            known.secret == secret
                && known.address == note.address
                && known.day == day
                && known.asked == circumstances.asked
        });
        if known.is_none() {
            if self.traces.len() >= TRACES_OF_A_SECOND {
                return;
            }
            self.traces.push(Trace {
                secret,
                day,
                address: note.address,
                asked: circumstances.asked.clone(),
                first_at,
                last_at,
                used_at: None,
                user_agent: None,
                allowed: 0,
                refused: 0,
                reported: 0,
            });
        }
        let place = known.unwrap_or_else(|| self.traces.len() - 1);
        let Some(trace) = self.traces.get_mut(place) else { return };
        trace.first_at = trace.first_at.min(first_at);
        if trace.last_at <= last_at {
            trace.last_at = last_at;
            trace.user_agent.clone_from(&circumstances.user_agent);
        }
        if note.outcome == 0 {
            trace.used_at = trace.used_at.max(Some(last_at));
            trace.allowed += u64::from(note.count);
            trace.reported += if note.reported { u64::from(note.count) } else { 0 };
        } else {
            trace.refused += u64::from(note.count);
        }
    }

    fn merge(&mut self, other: &Self) {
        for (hour, counts) in &other.hours {
            self.add_counts(*hour, counts);
        }
        for new in &other.traces {
            if let Some(known) = self.traces.iter_mut().find(|known| known.is_of(new)) {
                known.merge(new);
            } else if self.traces.len() < TRACES_OF_ONE {
                self.traces.push(new.clone());
            }
        }
    }
}

impl Trace {
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

/// Which notes belong together, worked out in memory that is used again.
///
/// Sorting small places by key is quicker than looking each key up in a table that does not fit into the processor's
/// caches: with a hundred thousand keys, half the time.
#[derive(Debug, Default)]
pub(crate) struct Summing {
    /// Key, list, and place in the list.
    places: Vec<(u128, u32, u32)>,
    key: KeyTotals,
}

impl Summing {
    /// Calls `with` once for each key in these lists.
    pub(crate) fn each_key(&mut self, lists: &[Notes], mut with: impl FnMut(u128, &KeyTotals)) {
        let Self { places, key } = self;
        places.clear();
        for (list, notes) in (0..).zip(lists) {
            places.extend((0..).zip(&notes.notes).map(|(place, note)| (note.key.bits(), list, place)));
        }
        places.sort_unstable();
        for of_one in places.chunk_by(|one, next| one.0 == next.0) {
            key.clear();
            for (_, list, place) in of_one {
                let Some(list) = lists.get(*list as usize) else { continue };
                let Some(note) = list.notes.get(*place as usize) else { continue };
                key.add_note(note, list.circumstances.get(note.circumstances as usize));
            }
            if let Some((id, ..)) = of_one.first() {
                with(*id, key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{KeyId, OrganizationId, SecretId};

    use super::*;

    fn note(key: u128, at: i64, outcome: u8) -> Note {
        Note {
            key: KeyId::from_bits(key),
            secret: SecretId::from_bits(1),
            organization: OrganizationId::from_bits(2),
            first_at: Timestamp::from_micros(at),
            last_at: Timestamp::from_micros(at),
            address: None,
            count: 1,
            circumstances: 0,
            outcome,
            reported: false,
        }
    }

    #[test]
    fn each_key_is_summed_once_whatever_lists_its_notes_are_in() {
        let list = |notes: Vec<Note>| {
            let mut list = Notes::default();
            list.notes = notes;
            list
        };
        let lists = [
            list(vec![note(1, 0, 0), note(2, 0, 0), note(1, HOUR_MICROS, 0)]),
            list(vec![note(1, 5, 1), note(3, 0, 0)]),
        ];
        let mut seen = Vec::new();
        Summing::default().each_key(&lists, |key, totals| seen.push((key, totals.hours.to_vec())));
        let counts = |allowed, revoked| [allowed, revoked, 0, 0, 0, 0, 0];
        let wanted = [
            (1, vec![(0, counts(1, 1)), (1, counts(1, 0))]),
            (2, vec![(0, counts(1, 0))]),
            (3, vec![(0, counts(1, 0))]),
        ];
        assert_eq!(seen, wanted);
    }

    #[test]
    fn what_no_hour_has_room_for_is_counted_in_the_last() {
        let mut key = KeyTotals::default();
        for hour in 0..100 {
            key.add_note(&note(1, hour * HOUR_MICROS, 0), None);
        }
        assert_eq!(key.hours.len(), HOURS_OF_ONE);
        assert_eq!(key.allowed().map(|(_, allowed)| allowed).sum::<u64>(), 100);
    }
}
