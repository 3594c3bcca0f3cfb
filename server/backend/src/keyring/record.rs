//! What a verification leaves behind in memory: a note of fixed size, at the end of a list.
//!
//! That is the cheapest thing that memory can do. With a hundred thousand keys in use in a second, touching something of
//! each of them once more would cost more than the decision about it. A key that is used again and again finds its note
//! at hand and is counted on it. What the notes come to is worked out once a second ([`crate::usage`]), behind the
//! verifications' backs.
//!
//! There are several lists, and each thread keeps to one of them. Who finds a list in use, because it is just being taken
//! away, goes to the next. A list that is full is put aside for an empty one. When too many wait there, because whoever
//! takes them is held up, it is summed up where it is, which takes a while; so nothing is lost, and memory is bounded by
//! the number of keys.

use std::{
    collections::HashMap,
    hint::spin_loop,
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use shared::{KeyId, OrganizationId, SecretId, Timestamp, verify::Refusal};
use smallvec::SmallVec;

use super::{
    AskedPermission, Question,
    index::Found,
    tally::{Circumstances, Seen, Tally, What},
    totals::{self, Text},
};

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

/// How many notes a list holds: a quarter of a second of a busy processor, 3 MiB.
const NOTES_MAX: usize = 1 << 15;
/// How many full lists wait for each of those in use: two seconds and more of all processors.
const ASIDE_MAX: usize = 8;
/// How many notes of a list are at hand: as many as leave room in the processor's caches for everything else.
const AT_HAND: usize = 256;
/// Against how many of the last circumstances a new request's are compared.
const COMPARED: usize = 8;
/// How many refusals of a list wait with their details at most; more are counted only.
const REFUSALS_MAX: usize = 2_048;
/// Of one key and one reason, so many of them are kept, and one more that stands for all from other addresses.
const REFUSALS_OF_ONE: usize = 20;
/// How often all lists are tried before one is waited for. That all of them are in use takes as many threads that were
/// interrupted in the middle of some instructions.
const TRIES: usize = 100;

/// How a request came to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Allowed {
    /// Only because the whitelist reports and does not refuse.
    pub(crate) reported: bool,
}

/// Verifications of a genuine secret that differ in nothing but the moment.
#[derive(Debug, Clone, Copy)]
struct Note {
    key: KeyId,
    secret: SecretId,
    organization: OrganizationId,
    first_at: Timestamp,
    last_at: Timestamp,
    address: Option<IpAddr>,
    /// How many. None: this is no note yet.
    count: u32,
    /// Which of the list's circumstances.
    circumstances: u32,
    /// Which of [`OUTCOMES`].
    outcome: u8,
    reported: bool,
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
    /// For how many it stands: this one, and those for the same reason that found no room, from the same address or, when
    /// it has none, from all other addresses.
    pub(crate) times: u64,
}

/// A list, with what its notes refer to.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    notes: Vec<Note>,
    /// The last ones, each at the place that its key has: empty until the list is used.
    at_hand: Vec<Note>,
    circumstances: Vec<Circumstances>,
    /// For each of them the permissions as they were asked for: that is compared faster than their names.
    permissions: Vec<SmallVec<[AskedPermission; 1]>>,
    refusals: Vec<RefusalNote>,
    /// Which of the refusals are of which key, and why.
    refused: HashMap<(KeyId, Refusal), SmallVec<[usize; 1]>>,
    /// What the notes come to that were here when it was full.
    summed: Tally,
}

/// Apart from its neighbours, so that processors do not fight over a line of cache (64 bytes, fetched in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
struct List(Mutex<Notes>);

/// Lists that nobody writes to.
#[derive(Debug, Default)]
struct Aside {
    full: Vec<Notes>,
    /// Empty ones, whose memory is used again: the system would hand it out anew page by page, cleared.
    empty: Vec<Notes>,
}

/// All lists, and what belongs to no key.
#[derive(Debug)]
pub(crate) struct Recorder {
    lists: Box<[List]>,
    aside: Mutex<Aside>,
    /// Refusals whose details found no room.
    details_dropped: AtomicU64,
    /// What genuine secrets were answered with, as far as it was taken and given back, in the order of [`OUTCOMES`].
    answered: [AtomicU64; OUTCOMES.len()],
    /// Refusals of what is no genuine secret, in the order of [`Refusal::ALL`].
    strangers: [AtomicU64; Refusal::ALL.len()],
}

impl Default for Recorder {
    /// Two lists for each processor, and some for threads that find theirs in use.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            lists: std::iter::repeat_with(List::default).take(2 * processors + 2).collect(),
            aside: Mutex::default(),
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
        found: &Found<'_>,
        question: &Question<'_>,
        outcome: Result<Allowed, Refusal>,
        now: Timestamp,
    ) {
        let Some(mut list) = self.list() else { return };
        if list.is_full() {
            self.make_room(&mut list);
        }
        list.add(found, question, outcome, now);
        if let Err(refusal) = outcome
            && !list.add_details(found.key, question, refusal, now)
        {
            self.details_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// This thread's, or the first after it that nobody uses at this moment. Never `None`.
    fn list(&self) -> Option<MutexGuard<'_, Notes>> {
        let (before, from) = self.lists.split_at_checked(own_place() % self.lists.len().max(1))?;
        for _ in 0..TRIES {
            for List(notes) in from.iter().chain(before) {
                let free = try_locked(notes);
                if free.is_some() {
                    return free;
                }
            }
            spin_loop();
        }
        from.first().map(|List(notes)| locked(notes))
    }

    /// Goes on with an empty list. While somebody else looks at those aside, with the full one for a little longer.
    fn make_room(&self, list: &mut Notes) {
        let Some(mut aside) = try_locked(&self.aside) else { return };
        if aside.full.len() >= ASIDE_MAX * self.lists.len() {
            drop(aside);
            list.sum_up();
            return;
        }
        let mut full = std::mem::replace(list, aside.empty.pop().unwrap_or_default());
        full.put_down();
        // How many of these are kept is counted by the second, not by the list.
        std::mem::swap(&mut full.refusals, &mut list.refusals);
        std::mem::swap(&mut full.refused, &mut list.refused);
        aside.full.push(full);
    }

    /// Notes the refusal of what is no genuine secret.
    pub(crate) fn note_stranger(&self, refusal: Refusal) {
        if let Some(count) = self.strangers.get(refusal as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many notes wait.
    pub(crate) fn waiting(&self) -> usize {
        let aside: usize = locked(&self.aside).full.iter().map(Notes::waiting).sum();
        aside + self.lists.iter().map(|List(notes)| locked(notes).waiting()).sum::<usize>()
    }

    /// What has gathered so far. [`Self::give_back`] wants the lists when they are done with.
    pub(crate) fn take(&self) -> Vec<Notes> {
        let mut taken = std::mem::take(&mut locked(&self.aside).full);
        for List(notes) in &self.lists {
            // Not while the list is held: whoever makes room holds them the other way round.
            let empty = locked(&self.aside).empty.pop().unwrap_or_default();
            let list = std::mem::replace(&mut *locked(notes), empty);
            if list.is_empty() { locked(&self.aside).empty.push(list) } else { taken.push(list) }
        }
        taken.iter_mut().for_each(Notes::put_down);
        taken
    }

    /// Counts what these say, and keeps their memory for the next time.
    pub(crate) fn give_back(&self, mut lists: Vec<Notes>) {
        for list in &mut lists {
            for note in &list.notes {
                self.count_answer(usize::from(note.outcome), u64::from(note.count));
            }
            for (outcome, count) in list.summed.answered().into_iter().enumerate() {
                self.count_answer(outcome, count);
            }
            list.clear();
        }
        // More than that were needed only because somebody was held up.
        lists.truncate(ASIDE_MAX);
        locked(&self.aside).empty.append(&mut lists);
    }

    fn count_answer(&self, outcome: usize, more: u64) {
        if let Some(count) = self.answered.get(outcome) {
            count.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// How many refusals are known by their number alone.
    pub(crate) fn details_dropped(&self) -> u64 {
        self.details_dropped.load(Ordering::Relaxed)
    }

    /// How often genuine secrets were answered with what, as far as that was taken and given back.
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

/// Threads are numbered as they come.
fn own_place() -> usize {
    static COMING: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PLACE: usize = COMING.fetch_add(1, Ordering::Relaxed);
    }
    PLACE.with(|place| *place)
}

fn locked<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `None`: somebody else has it.
fn try_locked<T>(it: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match it.try_lock() {
        Ok(it) => Some(it),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Notes {
    fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.summed.is_empty() && self.at_hand.iter().all(|note| note.count == 0)
    }

    const fn is_full(&self) -> bool {
        self.notes.len() >= NOTES_MAX
    }

    fn waiting(&self) -> usize {
        self.notes.len() + self.at_hand.iter().filter(|note| note.count > 0).count()
    }

    /// Puts what is at hand to the others.
    fn put_down(&mut self) {
        for note in self.at_hand.iter_mut().filter(|note| note.count > 0) {
            self.notes.push(*note);
            note.count = 0;
        }
    }

    /// Forgets everything but the memory it took.
    fn clear(&mut self) {
        self.forget_notes();
        self.refusals.clear();
        self.refused.clear();
        self.summed = Tally::default();
    }

    /// Makes room where there is none elsewhere.
    fn sum_up(&mut self) {
        self.put_down();
        self.summed.add_rows(&self.circumstances, self.notes.iter().map(Note::row));
        self.forget_notes();
    }

    fn forget_notes(&mut self) {
        self.notes.clear();
        self.circumstances.clear();
        self.permissions.clear();
    }

    /// What the rows refer to.
    pub(crate) fn circumstances(&self) -> &[Circumstances] {
        &self.circumstances
    }

    /// The notes.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (What, Seen)> {
        self.notes.iter().map(Note::row)
    }

    /// The details of refusals.
    pub(crate) fn take_refusals(&mut self) -> std::vec::Drain<'_, RefusalNote> {
        self.refusals.drain(..)
    }

    /// What the notes come to that were here when it was full; mostly nothing.
    pub(crate) const fn summed(&self) -> &Tally {
        &self.summed
    }

    fn add(&mut self, found: &Found<'_>, question: &Question<'_>, outcome: Result<Allowed, Refusal>, at: Timestamp) {
        // Whoever holds a secret could ask for a million names that it does not hold.
        let permissions: &[AskedPermission] = if outcome.is_ok() { &question.permissions } else { &[] };
        let note = Note {
            key: found.key,
            secret: found.secret,
            organization: found.cell.organization().id(),
            first_at: at,
            last_at: at,
            address: question.address,
            count: 1,
            circumstances: self.place_of(permissions, question.user_agent),
            outcome: place(outcome),
            reported: outcome.is_ok_and(|allowed| allowed.reported),
        };
        if self.at_hand.is_empty() {
            self.at_hand.resize(AT_HAND, Note { count: 0, ..note });
            // All at once: to grow it would be to copy it. What is not used of it is not there.
            self.notes.reserve_exact(NOTES_MAX + AT_HAND);
        }
        let place = usize::try_from(found.key.bits() % AT_HAND as u128).unwrap_or(0);
        let Some(at_hand) = self.at_hand.get_mut(place) else { return };
        if at_hand.is_like(&note) {
            at_hand.count = at_hand.count.saturating_add(1);
            at_hand.first_at = at_hand.first_at.min(at);
            at_hand.last_at = at_hand.last_at.max(at);
            return;
        }
        let before = std::mem::replace(at_hand, note);
        if before.count > 0 {
            self.notes.push(before);
        }
    }

    /// Where in the list's circumstances these are.
    fn place_of(&mut self, permissions: &[AskedPermission], user_agent: Option<&str>) -> u32 {
        let latest = self.circumstances.iter().zip(&self.permissions).enumerate().rev().take(COMPARED);
        let known = latest
            .into_iter()
            .find(|(_, (known, asked))| known.user_agent.as_deref() == user_agent && asked.as_slice() == permissions);
        let at = match known {
            Some((at, _)) => at,
            None => {
                let user_agent = user_agent.map(Text::from);
                self.circumstances.push(Circumstances { asked: in_order(permissions), user_agent });
                self.permissions.push(permissions.into());
                self.circumstances.len() - 1
            }
        };
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Whether it is known by more than its number.
    fn add_details(&mut self, key: KeyId, question: &Question<'_>, refusal: Refusal, at: Timestamp) -> bool {
        let of_one = self.refused.entry((key, refusal)).or_default();
        let is_full = self.refusals.len() >= REFUSALS_MAX;
        if is_full || of_one.len() >= REFUSALS_OF_ONE {
            let is_like = |at: &&usize| self.refusals.get(**at).is_some_and(|note| note.address == question.address);
            let others = of_one.last().filter(|_| of_one.len() > REFUSALS_OF_ONE);
            let like = of_one.iter().find(is_like).or(others).copied();
            if let Some(note) = like.and_then(|at| self.refusals.get_mut(at)) {
                note.times += 1;
                return true;
            }
        }
        if is_full {
            return false;
        }
        let address = question.address.filter(|_| of_one.len() < REFUSALS_OF_ONE);
        of_one.push(self.refusals.len());
        let permissions = match refusal {
            Refusal::PermissionMissing => question.permissions_in_words().into(),
            _ => Box::default(),
        };
        self.refusals.push(RefusalNote {
            key,
            at,
            refusal,
            address,
            user_agent: question.user_agent.map(Into::into),
            request_id: question.request_id.into(),
            permissions,
            times: 1,
        });
        true
    }
}

impl Note {
    fn is_like(&self, other: &Self) -> bool {
        self.key == other.key
            && self.secret == other.secret
            && self.address == other.address
            && (self.circumstances, self.outcome, self.reported) == (other.circumstances, other.outcome, other.reported)
            && self.count > 0
    }

    fn row(&self) -> (What, Seen) {
        let what = What {
            key: self.key.bits(),
            secret: self.secret.bits(),
            address: self.address,
            // Those of a second across the full hour belong to the hour in which it ends.
            hour: totals::hour(self.last_at),
            circumstances: self.circumstances,
            outcome: self.outcome,
            reported: self.reported,
        };
        let (first_at, last_at) = (self.first_at.micros(), self.last_at.micros());
        (what, Seen { organization: self.organization.bits(), first_at, last_at, count: u64::from(self.count) })
    }
}

/// The same question in other words is the same question.
fn in_order(permissions: &[AskedPermission]) -> Text {
    let mut names: SmallVec<[&str; 1]> = permissions.iter().map(AskedPermission::name).collect();
    names.sort_unstable();
    names.dedup();
    Text::from(names.join(" ").as_str())
}

/// Where in [`OUTCOMES`] it stands, which a test holds.
fn place(outcome: Result<Allowed, Refusal>) -> u8 {
    outcome.map_or_else(|refusal| (refusal as u8).wrapping_sub(Refusal::Revoked as u8) + 1, |_| 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_own_place() {
        for (at, outcome) in OUTCOMES.into_iter().enumerate() {
            let outcome = outcome.map_or(Ok(Allowed::default()), Err);
            assert_eq!(usize::from(place(outcome)), at, "{outcome:?}");
        }
    }

    #[test]
    fn every_refusal_of_a_genuine_secret_has_a_place() {
        for refusal in Refusal::ALL.into_iter().filter(|refusal| refusal.needs_genuine_secret()) {
            assert!(OUTCOMES.contains(&Some(refusal)), "{refusal:?}");
        }
    }

    #[test]
    fn full_lists_wait_aside_and_when_too_many_do_nothing_is_lost_all_the_same() {
        let (recorder, owner) = (Recorder::default(), OrganizationId::from_bits(1));
        // So many that full lists fill all the room aside, and one more is summed up twice.
        let keys = NOTES_MAX * (ASIDE_MAX * recorder.lists.len() + 3);
        let circumstances = Circumstances { asked: Text::from("a"), user_agent: None };
        for number in 0..keys {
            let mut list = recorder.list().expect("there is one");
            if list.is_full() {
                recorder.make_room(&mut list);
            }
            if list.circumstances.is_empty() {
                list.circumstances.push(circumstances.clone());
            }
            let id = number as u128;
            list.notes.push(Note {
                key: KeyId::from_bits(id),
                secret: SecretId::from_bits(id),
                organization: owner,
                first_at: Timestamp::from_micros(0),
                last_at: Timestamp::from_micros(0),
                address: None,
                count: 1,
                circumstances: 0,
                outcome: 0,
                reported: false,
            });
        }
        let taken = recorder.take();
        assert!(taken.len() <= ASIDE_MAX * recorder.lists.len() + 1);
        assert!(taken.iter().all(|list| list.rows().len() <= NOTES_MAX));
        recorder.give_back(taken);
        assert_eq!(recorder.answered().next(), Some((None, keys as u64)));
        assert!(recorder.take().is_empty(), "nothing is counted twice");
    }

    #[test]
    fn a_note_is_ninety_six_bytes() {
        assert_eq!(size_of::<Note>(), 96);
    }
}
