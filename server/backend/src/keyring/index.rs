//! The resident index: from a secret's digest to everything the rules look at, in memory.
//!
//! Readers never wait. A key, an organization: each has a slot that stays, and in it an immutable state that is
//! swapped whole, so a reader sees all of a change or none of it.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, Guard};
use shared::{KeyId, OrganizationId, RoleId, SecretId, Timestamp, key::KeyStatus};

use super::{
    decide::{KeyState, OrganizationState},
    pepper::SecretDigest,
};

impl Hash for SecretDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Any eight bytes of a keyed digest are as good as a hash of it.
        state.write_u64(self.0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)));
    }
}

/// Takes what it is given: for keys that are random already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = self.0.rotate_left(8) ^ value;
    }

    fn write_u128(&mut self, value: u128) {
        // The lower half of an id is random; see [`crate::random::time_ordered_bits`].
        self.write_u64(u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0));
    }
}

/// Keys and roles by their ids, which nobody outside chooses.
pub(crate) type ById = BuildHasherDefault<PassThrough>;
type Digests = papaya::HashMap<SecretDigest, SecretEntry, BuildHasherDefault<PassThrough>>;
/// The digests, for as long as somebody looks at them.
pub(crate) type Pinned<'i> =
    papaya::HashMapRef<'i, SecretDigest, SecretEntry, BuildHasherDefault<PassThrough>, papaya::LocalGuard<'i>>;

/// Every secret, key and organization.
///
/// Only the digests are read by verifications. A key's slot hangs on its secrets; by its id it is found when something
/// changes, which may wait for a lock.
#[derive(Default)]
pub(crate) struct Index {
    secrets: Digests,
    keys: RwLock<HashSet<SlotById, ById>>,
    organizations: papaya::HashMap<OrganizationId, Arc<OrganizationSlot>>,
    /// Most keys differ in nothing that the rules look at, and share one state: 64 bytes less for each, and one line of
    /// the processor's cache less to wait for.
    plain_states: Mutex<HashMap<(RoleId, KeyStatus), Arc<KeyState>>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} secrets)", self.secrets.len())
    }
}

impl Index {
    /// Makes room, so that loading does not grow the maps step by step.
    pub(crate) fn reserve(&self, keys: usize) {
        self.secrets.pin().reserve(keys);
        self.keys.write().unwrap_or_else(PoisonError::into_inner).reserve(keys);
    }

    /// The digests. What is found in them stays valid for as long as this does.
    pub(crate) fn secrets(&self) -> Pinned<'_> {
        self.secrets.pin()
    }

    pub(crate) fn key(&self, id: KeyId) -> Option<Arc<KeySlot>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&id).map(|slot| Arc::clone(&slot.0))
    }

    pub(crate) fn organization(&self, id: OrganizationId) -> Option<Arc<OrganizationSlot>> {
        self.organizations.pin().get(&id).cloned()
    }

    /// How many secrets there are.
    pub(crate) fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Gives an organization its state; makes its slot when it is new.
    pub(crate) fn put_organization(&self, id: OrganizationId, state: OrganizationState) -> Arc<OrganizationSlot> {
        let organizations = self.organizations.pin();
        if let Some(slot) = organizations.get(&id) {
            slot.state.store(Arc::new(state));
            return Arc::clone(slot);
        }
        let state = ArcSwap::from_pointee(state);
        let slot = Arc::new(OrganizationSlot { id, state, month: AtomicU64::new(0), known: AtomicU64::new(0) });
        organizations.insert(id, Arc::clone(&slot));
        slot
    }

    /// Gives keys their states; makes the slots of new ones. The lock that this takes is held for all of them, so not too
    /// many at once.
    pub(crate) fn put_keys(&self, keys: impl IntoIterator<Item = (KeyId, Arc<OrganizationSlot>, KeyState)>) {
        let mut slots = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for (id, organization, mut state) in keys {
            if let Some(slot) = slots.get(&id) {
                if let (Some(limits), Some(before)) = (&mut state.limits, &slot.0.state().limits) {
                    limits.go_on_from(before);
                }
                slot.0.state.store(self.shared_state(state));
                continue;
            }
            let state = self.shared_state(state);
            slots.insert(SlotById(Arc::new(KeySlot {
                id,
                organization,
                state: ArcSwap::new(state),
                held: AtomicU8::new(NOT_HELD),
            })));
        }
    }

    fn shared_state(&self, state: KeyState) -> Arc<KeyState> {
        if state.expires_at.is_some() || state.networks.is_some() || state.limits.is_some() {
            return Arc::new(state);
        }
        let mut states = self.plain_states.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(states.entry((state.role, state.status)).or_insert_with(|| Arc::new(state)))
    }

    /// Makes secrets known, or notes that they retire. Those of unknown keys are left out.
    pub(crate) fn put_secrets(
        &self,
        secrets: impl IntoIterator<Item = (SecretDigest, SecretId, KeyId, Option<Timestamp>)>,
    ) {
        let (slots, known) = (self.keys.read().unwrap_or_else(PoisonError::into_inner), self.secrets.pin());
        for (digest, id, key, retires_at) in secrets {
            let retires_at = retires_at.map_or(NEVER, Timestamp::micros);
            if let Some(slot) = slots.get(&key)
                && known.get(&digest).is_none_or(|entry| entry.retires_at != retires_at)
            {
                known.insert(digest, SecretEntry { id, key: Arc::clone(&slot.0), retires_at });
            }
        }
    }
}

/// A slot that is found by its key's id, without keeping the id twice.
struct SlotById(Arc<KeySlot>);

impl Borrow<KeyId> for SlotById {
    fn borrow(&self) -> &KeyId {
        &self.0.id
    }
}

impl Hash for SlotById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl PartialEq for SlotById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for SlotById {}

/// In place of a moment at which a secret retires: half the size of an `Option`, a million times.
const NEVER: i64 = i64::MAX;

/// One secret. It lies beside its digest.
#[derive(Debug)]
pub(crate) struct SecretEntry {
    id: SecretId,
    key: Arc<KeySlot>,
    /// Microseconds since 1970, or [`NEVER`].
    retires_at: i64,
}

impl SecretEntry {
    pub(crate) const fn id(&self) -> SecretId {
        self.id
    }

    pub(crate) const fn key(&self) -> &Arc<KeySlot> {
        &self.key
    }

    pub(crate) fn retires_at(&self) -> Option<Timestamp> {
        (self.retires_at != NEVER).then_some(Timestamp::from_micros(self.retires_at))
    }
}

/// One key. With the two counts of its `Arc` it fills one line of the processor's cache, which a test holds.
#[derive(Debug)]
pub(crate) struct KeySlot {
    id: KeyId,
    organization: Arc<OrganizationSlot>,
    state: ArcSwap<KeyState>,
    held: AtomicU8,
}

const NOT_HELD: u8 = 0;
const HELD_PAUSED: u8 = 1;
const HELD_REVOKED: u8 = 2;

impl KeySlot {
    pub(crate) const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) const fn organization(&self) -> &Arc<OrganizationSlot> {
        &self.organization
    }

    pub(crate) fn state(&self) -> Guard<Arc<KeyState>> {
        self.state.load()
    }

    /// What it is refused as although its state does not say so yet.
    pub(crate) fn held(&self) -> Option<KeyStatus> {
        match self.held.load(Ordering::Acquire) {
            HELD_PAUSED => Some(KeyStatus::Paused),
            HELD_REVOKED => Some(KeyStatus::Revoked),
            _ => None,
        }
    }

    /// Refuses the key from now on, before the change is durable. Stays until [`Self::release`], whatever the
    /// database does: a revocation that could not be saved goes on refusing.
    pub(crate) fn hold(&self, status: KeyStatus) {
        let held = if status == KeyStatus::Revoked { HELD_REVOKED } else { HELD_PAUSED };
        self.held.fetch_max(held, Ordering::AcqRel);
    }

    /// The state itself says it now.
    pub(crate) fn release(&self) {
        self.held.store(NOT_HELD, Ordering::Release);
    }
}

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
    use crate::keyring::allowance::KeyLimits;

    #[test]
    fn a_key_fills_one_line_of_the_cache() {
        const COUNTS_OF_ARC: usize = 2 * size_of::<usize>();
        assert_eq!(size_of::<KeySlot>() + COUNTS_OF_ARC, 64);
    }

    fn organization() -> Arc<OrganizationSlot> {
        Index::default().put_organization(OrganizationId::from_bits(1), OrganizationState::default())
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

    #[test]
    fn an_edit_of_a_key_does_not_fill_its_limits_up_again() {
        let (index, id) = (Index::default(), KeyId::from_bits(1));
        let owner = index.put_organization(OrganizationId::from_bits(1), OrganizationState::default());
        let put = |status, limits: &[&str]| {
            let limits: Vec<_> = limits.iter().map(|limit| limit.parse().expect("a limit")).collect();
            let limits = (!limits.is_empty()).then(|| Box::new(KeyLimits::new(&limits)));
            let role = RoleId::from_bits(1);
            let state = KeyState { status, expires_at: None, role, networks: None, limits };
            index.put_keys([(id, Arc::clone(&owner), state)]);
        };
        let (slot, now) = (|| index.key(id).expect("it was put there"), Timestamp::from_micros(1_795_446_245_000_000));
        let take = || slot().state().limits.as_ref().is_none_or(|limits| limits.charge_alone(now).is_ok());
        put(KeyStatus::Active, &["2/h"]);
        assert!(take() && take() && !take());
        put(KeyStatus::Paused, &["2/h"]);
        assert!(!take());
        put(KeyStatus::Active, &["3/h"]);
        assert!(take() && !take(), "one more than before");
        put(KeyStatus::Active, &[]);
        assert!(take());
    }

    #[test]
    fn a_revocation_under_way_is_not_softened_by_a_pause() {
        let index = Index::default();
        let organization = index.put_organization(OrganizationId::from_bits(1), OrganizationState::default());
        let state = KeyState {
            status: KeyStatus::Active,
            expires_at: None,
            role: shared::RoleId::from_bits(1),
            networks: None,
            limits: None,
        };
        index.put_keys([(KeyId::from_bits(1), organization, state)]);
        let slot = index.key(KeyId::from_bits(1)).expect("it was put there");
        slot.hold(KeyStatus::Revoked);
        slot.hold(KeyStatus::Paused);
        assert_eq!(slot.held(), Some(KeyStatus::Revoked));
        slot.release();
        assert_eq!(slot.held(), None);
    }
}
