//! What was taken from memory, and its sum.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    net::IpAddr,
};

use serde::{Deserialize, Serialize};
use shared::Timestamp;
use smallvec::SmallVec;

use super::hour;
use crate::keyring::{
    AskedPermission,
    index::ById,
    record::{Asked, Counts, OUTCOMES, Recorder, RefusalNote, Taken, Trace},
};

/// How many numbers may wait before those of a new hour are added to the hour before. Only a database that is away for
/// long lets so many wait; then the totals stay exact, and the hours do not.
const NUMBERS_MAX: usize = 2_000_000;
/// How many refusals may wait with their details; the oldest are forgotten first.
const REFUSALS_MAX: usize = 20_000;
/// How many traces may wait; of what more there is, the counts alone are written.
const TRACES_MAX: usize = 500_000;

/// What one look into memory found: one entry of the journal. Ids are kept as numbers, because writing them out would
/// take longer than everything else here.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Chunk {
    numbers: Vec<Number>,
    uses: Vec<Use>,
    traces: Vec<(Traced, Trail)>,
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

/// Who was where, asking for what, on which day (of UTC, counted from 1970).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Traced {
    pub(super) organization: u128,
    pub(super) day: i64,
    pub(super) key: u128,
    pub(super) address: Option<IpAddr>,
    /// Names with spaces between them, in order.
    pub(super) asked: Box<str>,
}

/// How often, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Trail {
    pub(super) first_at: i64,
    pub(super) last_at: i64,
    pub(super) user_agent: Option<Box<str>>,
    pub(super) allowed: u64,
    pub(super) refused: u64,
    pub(super) reported: u64,
}

impl Trail {
    fn add(&mut self, other: Self) {
        self.first_at = self.first_at.min(other.first_at);
        if self.last_at <= other.last_at {
            (self.last_at, self.user_agent) = (other.last_at, other.user_agent);
        }
        for (sum, more) in [
            (&mut self.allowed, other.allowed),
            (&mut self.refused, other.refused),
            (&mut self.reported, other.reported),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
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
        for Taken { slot, counts, traces } in recorder.take() {
            let (key, organization) = (slot.id().bits(), slot.organization().id().bits());
            slot.organization().catch_up(now, u64::from(counts.first().copied().unwrap_or(0)));
            chunk.numbers.push(Number { key, hour, organization, counts: wide(counts) });
            for trace in traces {
                chunk.uses.extend(last_use(&trace));
                let traced = Traced {
                    organization,
                    day: trace.last_at.day_number(),
                    key,
                    address: trace.address.map(|address| address.to_canonical()),
                    asked: in_order(&trace.asked),
                };
                chunk.traces.push((traced, trace.into()));
            }
        }
        chunk.refusals = recorder.take_refusals().into_iter().map(Refused::from).collect();
        chunk
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.uses.len() + self.traces.len() + self.refusals.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn wide(counts: Counts) -> [u64; OUTCOMES.len()] {
    counts.map(u64::from)
}

/// A secret that was refused all the time was not used.
fn last_use(trace: &Trace) -> Option<Use> {
    let Trace { secret, last_at, address, ref user_agent, allowed, .. } = *trace;
    let user_agent = user_agent.clone();
    (allowed > 0).then(|| Use { secret: secret.bits(), at: last_at.micros(), address, user_agent })
}

/// The same question in other words is the same question.
fn in_order(asked: &Asked) -> Box<str> {
    let mut names: SmallVec<[&str; 1]> = asked.iter().map(AskedPermission::name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" ").into()
}

impl From<Trace> for Trail {
    fn from(trace: Trace) -> Self {
        Self {
            first_at: trace.first_at.micros(),
            last_at: trace.last_at.micros(),
            user_agent: trace.user_agent,
            allowed: u64::from(trace.allowed),
            refused: u64::from(trace.refused),
            reported: u64::from(trace.reported),
        }
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
    traces: HashMap<Traced, Trail>,
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
        for (traced, trail) in chunk.traces {
            if let Some(known) = self.traces.get_mut(&traced) {
                known.add(trail);
            } else if self.traces.len() < TRACES_MAX {
                self.traces.insert(traced, trail);
            }
        }
        self.refusals.extend(chunk.refusals);
        let too_many = self.refusals.len().saturating_sub(REFUSALS_MAX);
        self.refusals.drain(..too_many);
    }

    /// The same as one chunk.
    pub(super) fn into_chunk(self) -> Chunk {
        let Sums { numbers, uses, traces, refusals } = self.into_sums();
        let number = |((key, hour), sum): ((u128, i64), Sum)| Number {
            key,
            hour,
            organization: sum.organization,
            counts: sum.counts,
        };
        Chunk { numbers: numbers.into_iter().map(number).collect(), uses, traces, refusals }
    }

    /// In a fixed order.
    pub(super) fn into_sums(self) -> Sums {
        let mut numbers: Vec<_> = self.numbers.into_iter().collect();
        numbers.sort_unstable_by_key(|(id, _)| *id);
        let mut uses: Vec<_> = self.uses.into_values().collect();
        uses.sort_unstable_by_key(|last| last.secret);
        let mut traces: Vec<_> = self.traces.into_iter().collect();
        traces.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Sums { numbers, uses, traces, refusals: self.refusals.into() }
    }

    /// How many entries there are, of all kinds.
    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.uses.len() + self.traces.len() + self.refusals.len()
    }
}

/// The sum of a segment, in an order that depends on nothing but the segment: that is what the marks in the database count
/// by.
#[derive(Debug)]
pub(super) struct Sums {
    numbers: Vec<((u128, i64), Sum)>,
    uses: Vec<Use>,
    traces: Vec<(Traced, Trail)>,
    refusals: Vec<Refused>,
}

impl Sums {
    /// How many entries there are, of all kinds.
    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.uses.len() + self.traces.len() + self.refusals.len()
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
        let after_uses = after_numbers.saturating_sub(self.uses.len());
        if let Some(numbers) = part(&self.numbers, from, most) {
            Slice::Numbers(numbers)
        } else if let Some(uses) = part(&self.uses, after_numbers, most) {
            Slice::Uses(uses)
        } else if let Some(traces) = part(&self.traces, after_uses, most) {
            Slice::Traces(traces)
        } else {
            let from = after_uses.saturating_sub(self.traces.len());
            Slice::Refusals(part(&self.refusals, from, most).unwrap_or_default())
        }
    }
}

/// What one transaction writes.
pub(super) enum Slice<'s> {
    /// Key and hour, and what was answered.
    Numbers(&'s [((u128, i64), Sum)]),
    Uses(&'s [Use]),
    Traces(&'s [(Traced, Trail)]),
    Refusals(&'s [Refused]),
}

impl Slice<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Uses(uses) => uses.len(),
            Self::Traces(traces) => traces.len(),
            Self::Refusals(refusals) => refusals.len(),
        }
    }
}
