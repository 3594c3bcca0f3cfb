//! What a verification leaves behind in memory: counts, the last use, and why something was refused.
//!
//! No lock is waited for and nothing is lost by two threads at once: counts are atomic numbers. A key that is used gets a
//! [`Recorded`] and waits in a queue, once, until [`crate::usage`] comes and takes it away: few of a million keys are in
//! use at any moment. So all of this is bounded by the number of keys, and the details of refusals by a queue of fixed
//! length.

use std::{
    hint::{black_box, spin_loop},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwapOption, Guard};
use crossbeam_queue::{ArrayQueue, SegQueue};
use shared::{KeyId, SecretId, Timestamp, verify::Refusal};
use smallvec::SmallVec;

use super::{AskedPermission, Question, index::KeySlot};

/// What a genuine secret was answered with.
pub(crate) const OUTCOMES: [Option<Refusal>; 7] = [
    None,
    Some(Refusal::Revoked),
    Some(Refusal::Paused),
    Some(Refusal::Expired),
    Some(Refusal::IpNotAllowed),
    Some(Refusal::PermissionMissing),
    Some(Refusal::LimitExceeded),
];

/// How often each of [`OUTCOMES`] was the answer.
pub(crate) type Counts = [u32; OUTCOMES.len()];

/// How many refusals wait with their details at most; more are counted only.
const REFUSALS_MAX: usize = 2_048;
/// Of one key and one reason, so many refusals between two flushes are kept with their details.
const REFUSALS_OF_ONE: u32 = 20;
/// How many keys are fetched at once.
const BATCH: usize = 64;
/// How often a lock that is held for some instructions is tried before the detail is given up.
const TRIES: usize = 100;

/// A secret was presented from one address with one question: how often since the last time. It was allowed or refused
/// each time; what was both has two of these.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) secret: SecretId,
    pub(crate) address: Option<IpAddr>,
    /// What was asked for. Nothing when it was refused: whoever holds a secret could ask for a million other names.
    pub(crate) asked: Asked,
    pub(crate) first_at: Timestamp,
    pub(crate) last_at: Timestamp,
    pub(crate) user_agent: Option<Box<str>>,
    pub(crate) allowed: u32,
    pub(crate) refused: u32,
    /// Allowed only because the whitelist reports and does not refuse.
    pub(crate) reported: u32,
}

/// The permissions that a question names.
pub(crate) type Asked = SmallVec<[AskedPermission; 1]>;

/// How a request came to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Allowed {
    /// Only because the whitelist reports and does not refuse.
    pub(crate) reported: bool,
}

/// One refusal of a genuine secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusalNote {
    pub(crate) key: KeyId,
    pub(crate) at: Timestamp,
    pub(crate) refusal: Refusal,
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: Option<Box<str>>,
    pub(crate) request_id: Box<str>,
    /// What was asked for, when that was missing.
    pub(crate) permissions: Box<str>,
}

/// What a key was used for since the last time: hardly ever more than one thing.
type Traces = SmallVec<[Trace; 1]>;

/// Of one key, so many traces between two flushes; what more there is appears in the counts alone.
const TRACES_OF_ONE: usize = 16;

/// What has gathered in one key.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    counts: [AtomicU32; OUTCOMES.len()],
    traces: Mutex<Traces>,
}

/// Where a key's slot keeps it: empty while the key is not used. Whoever fills it puts the key into the queue.
pub(crate) type RecordedPlace = ArcSwapOption<Recorded>;

/// What has gathered in one key since the last time.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) slot: Arc<KeySlot>,
    pub(crate) counts: Counts,
    pub(crate) traces: Traces,
}

/// Which keys have something to tell, the details of refusals, and what belongs to no key.
#[derive(Debug)]
pub(crate) struct Recorder {
    waiting: SegQueue<Arc<KeySlot>>,
    /// Taken away, but still being written to by a request that had found it before.
    unsettled: Mutex<Vec<(Arc<KeySlot>, Arc<Recorded>)>>,
    refusals: ArrayQueue<RefusalNote>,
    /// Refusals whose details found no room.
    details_dropped: AtomicU64,
    /// What genuine secrets were answered with, as far as it was taken, in the order of [`OUTCOMES`].
    answered: [AtomicU64; OUTCOMES.len()],
    /// Refusals of what is no genuine secret, in the order of [`Refusal::ALL`].
    strangers: [AtomicU64; Refusal::ALL.len()],
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            waiting: SegQueue::new(),
            unsettled: Mutex::default(),
            refusals: ArrayQueue::new(REFUSALS_MAX),
            details_dropped: AtomicU64::new(0),
            answered: Default::default(),
            strangers: Default::default(),
        }
    }
}

impl Recorder {
    /// Notes what a genuine secret was answered.
    pub(crate) fn note(
        &self,
        slot: &Arc<KeySlot>,
        secret: SecretId,
        question: &Question<'_>,
        outcome: Result<Allowed, Refusal>,
        now: Timestamp,
    ) {
        let open = self.open(slot);
        let Some(recorded) = open.as_ref() else { return };
        let before = recorded.count(outcome);
        recorded.trace(secret, question, outcome, now);
        if let Err(refusal) = outcome
            && before < REFUSALS_OF_ONE
        {
            self.note_refusal(slot.id(), question, refusal, now);
        }
    }

    /// What the key has gathered so far; begins with nothing when it has just been taken away. Never `None`.
    fn open(&self, slot: &Arc<KeySlot>) -> Guard<Option<Arc<Recorded>>> {
        loop {
            let open = slot.recorded().load();
            if open.is_some() {
                return open;
            }
            if slot.recorded().compare_and_swap(&open, Some(Arc::default())).is_none() {
                self.waiting.push(Arc::clone(slot));
            }
        }
    }

    /// Notes the refusal of what is no genuine secret.
    pub(crate) fn note_stranger(&self, refusal: Refusal) {
        if let Some(count) = self.strangers.get(refusal as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn note_refusal(&self, key: KeyId, question: &Question<'_>, refusal: Refusal, at: Timestamp) {
        let permissions = match refusal {
            Refusal::PermissionMissing => question.permissions_in_words().into(),
            _ => Box::default(),
        };
        let note = RefusalNote {
            key,
            at,
            refusal,
            address: question.address,
            user_agent: question.user_agent.map(Into::into),
            request_id: question.request_id.into(),
            permissions,
        };
        if self.refusals.push(note).is_err() {
            self.details_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many keys have something to tell.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// What has gathered so far, in the order of first notes. What comes while this goes on is for the next time.
    pub(crate) fn take(&self) -> impl Iterator<Item = Taken> {
        let unsettled = std::mem::take(&mut *self.unsettled());
        let mut left = self.waiting.len();
        let batches = std::iter::from_fn(move || {
            let batch: Vec<_> = (0..left.min(BATCH)).map_while(|_| self.waiting.pop()).collect();
            left -= batch.len();
            (!batch.is_empty()).then(|| take_away(batch))
        });
        std::iter::once(unsettled).chain(batches).flatten().filter_map(|(slot, recorded)| {
            match Arc::try_unwrap(recorded) {
                Ok(recorded) => {
                    let taken = recorded.into_taken(slot);
                    for (total, count) in self.answered.iter().zip(taken.counts) {
                        total.fetch_add(u64::from(count), Ordering::Relaxed);
                    }
                    Some(taken)
                }
                Err(recorded) => {
                    self.unsettled().push((slot, recorded));
                    None
                }
            }
        })
    }

    fn unsettled(&self) -> MutexGuard<'_, Vec<(Arc<KeySlot>, Arc<Recorded>)>> {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The details of refusals that have gathered so far.
    pub(crate) fn take_refusals(&self) -> Vec<RefusalNote> {
        (0..self.refusals.len()).map_while(|_| self.refusals.pop()).collect()
    }

    /// How many refusals are known by their number alone.
    pub(crate) fn details_dropped(&self) -> u64 {
        self.details_dropped.load(Ordering::Relaxed)
    }

    /// How often genuine secrets were answered with what, as far as that was taken.
    pub(crate) fn answered(&self) -> impl Iterator<Item = (Option<Refusal>, u64)> {
        OUTCOMES.into_iter().zip(&self.answered).map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }

    /// How often strangers were refused, and why.
    pub(crate) fn strangers(&self) -> impl Iterator<Item = (Refusal, u64)> {
        let counts = Refusal::ALL.into_iter().zip(&self.strangers);
        counts
            .filter(|(refusal, _)| !refusal.needs_genuine_secret())
            .map(|(refusal, count)| (refusal, count.load(Ordering::Relaxed)))
    }
}

/// Empties the slots of these keys.
///
/// A second after its last use each of them lies far from the processor, and so does what it has gathered. Looking at all
/// of them first lets it fetch many at once, where an atomic act makes it wait for every single one.
fn take_away(batch: Vec<Arc<KeySlot>>) -> Vec<(Arc<KeySlot>, Arc<Recorded>)> {
    black_box(batch.iter().filter(|slot| slot.held().is_some()).count());
    let taken: Vec<_> =
        batch.into_iter().filter_map(|slot| slot.recorded().swap(None).map(|recorded| (slot, recorded))).collect();
    black_box(taken.iter().map(|(_, recorded)| Arc::strong_count(recorded)).sum::<usize>());
    taken
}

impl Trace {
    fn add(&mut self, outcome: Result<Allowed, Refusal>) {
        match outcome {
            Ok(Allowed { reported }) => {
                self.allowed = self.allowed.saturating_add(1);
                self.reported = self.reported.saturating_add(u32::from(reported));
            }
            Err(_) => self.refused = self.refused.saturating_add(1),
        }
    }
}

impl Recorded {
    /// Counts, and says how often that was the answer since the last time before.
    fn count(&self, outcome: Result<Allowed, Refusal>) -> u32 {
        // In the order of [`OUTCOMES`], which a test holds.
        let at = outcome.map_or_else(|refusal| (refusal as usize).wrapping_sub(Refusal::Revoked as usize) + 1, |_| 0);
        self.counts.get(at).map_or(0, |count| count.fetch_add(1, Ordering::Relaxed))
    }

    fn trace(&self, secret: SecretId, question: &Question<'_>, outcome: Result<Allowed, Refusal>, at: Timestamp) {
        // Whoever holds it notes a use of the same moment.
        let Some(mut traces) = self.traces() else { return };
        let asked: &[AskedPermission] = if outcome.is_ok() { &question.permissions } else { &[] };
        let known = traces.iter_mut().find(|known| {
            known.secret == secret
                && known.address == question.address
                && known.asked.as_slice() == asked
                && (known.refused == 0) == outcome.is_ok()
        });
        if let Some(known) = known {
            known.last_at = known.last_at.max(at);
            if known.user_agent.as_deref() != question.user_agent {
                known.user_agent = question.user_agent.map(Into::into);
            }
            known.add(outcome);
        } else if traces.len() < TRACES_OF_ONE {
            let mut new = Trace {
                secret,
                address: question.address,
                asked: asked.into(),
                first_at: at,
                last_at: at,
                user_agent: question.user_agent.map(Into::into),
                allowed: 0,
                refused: 0,
                reported: 0,
            };
            new.add(outcome);
            traces.push(new);
        }
    }

    fn traces(&self) -> Option<MutexGuard<'_, Traces>> {
        for _ in 0..TRIES {
            match self.traces.try_lock() {
                Ok(traces) => return Some(traces),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => spin_loop(),
            }
        }
        None
    }

    /// Nobody writes to it any more.
    fn into_taken(self, slot: Arc<KeySlot>) -> Taken {
        let counts = self.counts.map(AtomicU32::into_inner);
        Taken { slot, counts, traces: self.traces.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_counted_in_its_own_place() {
        for (at, outcome) in OUTCOMES.into_iter().enumerate() {
            let recorded = Recorded::default();
            recorded.count(outcome.map_or(Ok(Allowed::default()), Err));
            let counts = recorded.counts.map(AtomicU32::into_inner);
            assert_eq!((counts[at], counts.iter().sum::<u32>()), (1, 1), "{outcome:?}");
        }
    }

    #[test]
    fn every_refusal_of_a_genuine_secret_has_a_place() {
        for refusal in Refusal::ALL.into_iter().filter(|refusal| refusal.needs_genuine_secret()) {
            assert!(OUTCOMES.contains(&Some(refusal)), "{refusal:?}");
        }
    }
}
