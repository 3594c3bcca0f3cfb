//! An organization in memory: what its keys are held against, and how many requests they were allowed this month.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::{ArcSwap, Guard};
use shared::{OrganizationId, Timestamp};

use crate::keyring::decide::OrganizationState;

/// One organization.
#[derive(Debug)]
pub(crate) struct OrganizationSlot {
    id: OrganizationId,
    state: ArcSwap<OrganizationState>,
    /// The month in the upper 24 bits, its allowed requests in the lower 40: one word, so the two change together.
    month: AtomicU64,
    /// As many of them, in the same form, as the database is known to have. Only [`crate::usage`] writes it, one after
    /// the other.
    known: AtomicU64,
}

const COUNT_BITS: u32 = 40;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
/// So many seconds before a month begins, somebody may have begun to count in it already: another thread was quicker.
const HELD_UP: i64 = 10;

impl OrganizationSlot {
    pub(super) fn new(id: OrganizationId, state: OrganizationState) -> Self {
        Self { id, state: ArcSwap::from_pointee(state), month: AtomicU64::new(0), known: AtomicU64::new(0) }
    }

    /// Puts another state in the place of this one, whole.
    pub(super) fn put(&self, state: OrganizationState) {
        self.state.store(Arc::new(state));
    }

    pub(crate) const fn id(&self) -> OrganizationId {
        self.id
    }

    pub(crate) fn state(&self) -> Guard<Arc<OrganizationState>> {
        self.state.load()
    }

    /// How many requests were allowed in the month of `now` so far.
    pub(crate) fn requests_in(&self, now: Timestamp) -> u64 {
        counted(self.month.load(Ordering::Relaxed), now).1
    }

    /// Counts a request if fewer than `limit` were allowed in its month, which is one act: of all who ask for the last
    /// one at the same moment, one gets it.
    ///
    /// Without a limit nothing is counted here, so that the threads of a busy server need not fight over it:
    /// [`Self::catch_up`] counts a second later.
    pub(crate) fn count_request(&self, now: Timestamp, limit: u64) -> bool {
        let next = |word| {
            let (month, before) = counted(word, now);
            (before < limit).then(|| in_one_word(month, before + 1))
        };
        self.month.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    /// Counts the allowed requests of an organization without a limit.
    pub(crate) fn catch_up(&self, now: Timestamp, requests: u64) {
        if requests > 0 && self.state().monthly_requests.is_none() {
            self.add_requests(now, requests);
        }
    }

    /// Adds what an earlier life of this process has counted in the month of `now`.
    pub(crate) fn add_requests(&self, now: Timestamp, requests: u64) {
        let add = |word| {
            let (month, before) = counted(word, now);
            Some(in_one_word(month, before.saturating_add(requests)))
        };
        _ = self.month.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Notes that so many of the requests counted here, in the month of `then`, are in the database from now on.
    pub(crate) fn note_written(&self, then: Timestamp, requests: u64) {
        let word = self.known.load(Ordering::Relaxed);
        // What belongs to an earlier month is nobody's concern any more.
        if word >> COUNT_BITS <= month(then) {
            let (month, known) = counted(word, then);
            self.known.store(in_one_word(month, known.saturating_add(requests)), Ordering::Relaxed);
        }
    }

    /// Takes over what the database has for the month of `now`. Whatever is not from here was counted by others; what was
    /// counted here and is not there yet stays counted.
    pub(crate) fn learn(&self, now: Timestamp, in_database: u64) {
        let (month, known) = counted(self.known.load(Ordering::Relaxed), now);
        self.known.store(in_one_word(month, in_database), Ordering::Relaxed);
        self.add_requests(now, in_database.saturating_sub(known));
    }
}

/// The month in which a request at `now` counts, and how many have so far.
fn counted(word: u64, now: Timestamp) -> (u64, u64) {
    let (of_word, of_now) = (word >> COUNT_BITS, month(now));
    let is_held_up = || of_word == of_now + 1 && month(now.plus_seconds(HELD_UP)) == of_word;
    if of_word == of_now || is_held_up() { (of_word, word & COUNT_MASK) } else { (of_now, 0) }
}

fn in_one_word(month: u64, requests: u64) -> u64 {
    month << COUNT_BITS | requests.min(COUNT_MASK)
}

fn month(now: Timestamp) -> u64 {
    u64::try_from(now.month()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization() -> OrganizationSlot {
        OrganizationSlot::new(OrganizationId::from_bits(1), OrganizationState::default())
    }

    #[test]
    fn a_month_begins_at_zero() {
        for last_day in ["2026-12-31", "2028-02-29"] {
            let (slot, next) = (organization(), Timestamp::end_of_day(last_day).expect("a day"));
            let last_moment = Timestamp::from_micros(next.micros() - 1);
            assert!(slot.count_request(last_moment, 2) && slot.count_request(last_moment, 2));
            assert!(!slot.count_request(last_moment, 2));
            assert_eq!((slot.requests_in(last_moment), slot.requests_in(next)), (2, 0));
            assert!(slot.count_request(next, 2));
            assert!(slot.count_request(last_moment, 2), "a thread that was held up counts in the new month");
            assert!(!slot.count_request(next, 2));
        }
    }

    #[test]
    fn what_others_have_counted_is_added_to_what_the_database_does_not_have_yet() {
        let (slot, now) = (organization(), Timestamp::end_of_day("2026-11-23").expect("a day"));
        slot.learn(now, 5);
        for _ in 0..3 {
            assert!(slot.count_request(now, 100));
        }
        assert_eq!(slot.requests_in(now), 8);
        slot.note_written(now, 2);
        slot.learn(now, 7);
        assert_eq!(slot.requests_in(now), 8, "all of it was known");
        slot.learn(now, 17);
        assert_eq!(slot.requests_in(now), 18, "ten are from elsewhere, one of ours is still to be written");
        slot.note_written(now, 1);
        slot.learn(now, 18);
        assert_eq!(slot.requests_in(now), 18);
        let next_month = now.plus_days(30);
        slot.note_written(next_month, 1);
        slot.note_written(now, 1);
        slot.learn(next_month, 1);
        assert_eq!(slot.requests_in(next_month), 0, "it was counted in the month before");
    }
}
