//! What was taken from memory, and its sum.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    net::IpAddr,
};

use serde::{Deserialize, Serialize};
use shared::Timestamp;

use super::hour;
use crate::keyring::{
    index::ById,
    record::{Counts, LastUse, OUTCOMES, Recorder, RefusalNote, Taken},
};

/// How many numbers may wait before those of a new hour are added to the hour before. Only a database that is away for
/// long lets so many wait; then the totals stay exact, and the hours do not.
const NUMBERS_MAX: usize = 2_000_000;
/// How many refusals may wait with their details; the oldest are forgotten first.
const REFUSALS_MAX: usize = 20_000;

/// What one look into memory found: one entry of the journal. Ids are kept as numbers, because writing them out would
/// take longer than everything else here.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Chunk {
    numbers: Vec<Number>,
    uses: Vec<Use>,
    refusals: Vec<Refused>,
}

/// One key's answers within an hour.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Number {
    key: u128,
    hour: i64,
    organization: u128,
    counts: [u64; OUTCOMES.len()],
}

/// When and from where a secret was used last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Use {
    pub(super) secret: u128,
    pub(super) at: i64,
    pub(super) address: Option<IpAddr>,
    pub(super) user_agent: Option<Box<str>>,
}

/// One refusal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) key: u128,
    pub(super) at: i64,
    pub(super) reason: Box<str>,
    pub(super) address: Option<IpAddr>,
    pub(super) user_agent: Option<Box<str>>,
    pub(super) request_id: Box<str>,
    pub(super) permissions: Box<str>,
}

impl Chunk {
    /// Takes what has gathered. Counts are those of the hour in which they are taken, which may be a second late.
    pub(super) fn take(recorder: &Recorder, now: Timestamp) -> Self {
        let hour = hour(now);
        let mut chunk = Self::default();
        for Taken { slot, counts, last_uses } in recorder.take() {
            let (key, organization) = (slot.id().bits(), slot.organization().id().bits());
            slot.organization().catch_up(now, u64::from(counts.first().copied().unwrap_or(0)));
            chunk.numbers.push(Number { key, hour, organization, counts: wide(counts) });
            chunk.uses.extend(last_uses.into_iter().map(Use::from));
        }
        chunk.refusals = recorder.take_refusals().into_iter().map(Refused::from).collect();
        chunk
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.uses.len() + self.refusals.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn wide(counts: Counts) -> [u64; OUTCOMES.len()] {
    counts.map(u64::from)
}

impl From<LastUse> for Use {
    fn from(LastUse { secret, at, address, user_agent }: LastUse) -> Self {
        Self { secret: secret.bits(), at: at.micros(), address, user_agent }
    }
}

impl From<RefusalNote> for Refused {
    fn from(note: RefusalNote) -> Self {
        let RefusalNote { key, at, refusal, address, user_agent, request_id, permissions } = note;
        let reason = refusal.reason().into();
        Self { key: key.bits(), at: at.micros(), reason, address, user_agent, request_id, permissions }
    }
}

/// The sum of many chunks.
#[derive(Debug, Default)]
pub(super) struct Totals {
    numbers: HashMap<(u128, i64), Sum, ById>,
    uses: HashMap<u128, Use, ById>,
    refusals: VecDeque<Refused>,
}

/// An organization and its key's answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum {
    pub(super) organization: u128,
    pub(super) counts: [u64; OUTCOMES.len()],
}

impl Sum {
    /// How many requests were allowed.
    pub(super) const fn allowed(&self) -> u64 {
        let [allowed, ..] = self.counts;
        allowed
    }
}

impl Totals {
    /// Adds what was taken.
    pub(super) fn add(&mut self, chunk: Chunk) {
        for Number { key, hour, organization, counts } in chunk.numbers {
            let is_full = self.numbers.len() >= NUMBERS_MAX;
            let known_before = is_full && self.numbers.contains_key(&(key, hour - 1));
            let hour = if known_before { hour - 1 } else { hour };
            let sum = self.numbers.entry((key, hour)).or_insert(Sum { organization, counts: [0; OUTCOMES.len()] });
            for (sum, count) in sum.counts.iter_mut().zip(counts) {
                *sum = sum.saturating_add(count);
            }
        }
        for new in chunk.uses {
            match self.uses.entry(new.secret) {
                Entry::Vacant(place) => {
                    place.insert(new);
                }
                Entry::Occupied(mut known) if known.get().at <= new.at => {
                    known.insert(new);
                }
                Entry::Occupied(_) => {}
            }
        }
        self.refusals.extend(chunk.refusals);
        let too_many = self.refusals.len().saturating_sub(REFUSALS_MAX);
        self.refusals.drain(..too_many);
    }

    /// The same as one chunk.
    pub(super) fn into_chunk(self) -> Chunk {
        let Sums { numbers, uses, refusals } = self.into_sums();
        let number = |((key, hour), sum): ((u128, i64), Sum)| Number {
            key,
            hour,
            organization: sum.organization,
            counts: sum.counts,
        };
        Chunk { numbers: numbers.into_iter().map(number).collect(), uses, refusals }
    }

    /// In a fixed order.
    pub(super) fn into_sums(self) -> Sums {
        let mut numbers: Vec<_> = self.numbers.into_iter().collect();
        numbers.sort_unstable_by_key(|(id, _)| *id);
        let mut uses: Vec<_> = self.uses.into_values().collect();
        uses.sort_unstable_by_key(|last| last.secret);
        Sums { numbers, uses, refusals: self.refusals.into() }
    }

    /// How many entries there are, of all kinds.
    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.uses.len() + self.refusals.len()
    }
}

/// The sum of a segment, in an order that depends on nothing but the segment: that is what the marks in the database count
/// by.
#[derive(Debug)]
pub(super) struct Sums {
    numbers: Vec<((u128, i64), Sum)>,
    uses: Vec<Use>,
    refusals: Vec<Refused>,
}

impl Sums {
    /// How many entries there are, of all kinds.
    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.uses.len() + self.refusals.len()
    }

    /// The numbers from the one at `from` on.
    pub(super) fn numbers_from(&self, from: usize) -> &[((u128, i64), Sum)] {
        self.numbers.get(from..).unwrap_or_default()
    }

    /// At most `most` entries of one kind, from the one at `from` on. Not empty unless `from` is the end.
    pub(super) fn slice(&self, from: usize, most: usize) -> Slice<'_> {
        fn part<T>(all: &[T], from: usize, most: usize) -> Option<&[T]> {
            all.get(from..).filter(|rest| !rest.is_empty()).map(|rest| rest.get(..most).unwrap_or(rest))
        }
        let after_numbers = from.saturating_sub(self.numbers.len());
        if let Some(numbers) = part(&self.numbers, from, most) {
            Slice::Numbers(numbers)
        } else if let Some(uses) = part(&self.uses, after_numbers, most) {
            Slice::Uses(uses)
        } else {
            let from = after_numbers.saturating_sub(self.uses.len());
            Slice::Refusals(part(&self.refusals, from, most).unwrap_or_default())
        }
    }
}

/// What one transaction writes.
pub(super) enum Slice<'s> {
    /// Key and hour, and what was answered.
    Numbers(&'s [((u128, i64), Sum)]),
    Uses(&'s [Use]),
    Refusals(&'s [Refused]),
}

impl Slice<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Uses(uses) => uses.len(),
            Self::Refusals(refusals) => refusals.len(),
        }
    }
}
