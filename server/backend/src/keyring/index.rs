//! The resident index: from a secret's digest to everything the rules look at, in memory.
//!
//! Readers never wait. A key, an organization: each has a slot that stays, and in it an immutable state that is
//! swapped whole, so a reader sees all of a change or none of it.

use std::{
    hash::{BuildHasherDefault, Hash, Hasher},
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, Guard};
use shared::{KeyId, OrganizationId, SecretId, Timestamp, key::KeyStatus};

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
        self.0 = value;
    }
}

type Digests = papaya::HashMap<SecretDigest, Arc<SecretEntry>, BuildHasherDefault<PassThrough>>;

/// Every secret, key and organization.
#[derive(Default)]
pub(crate) struct Index {
    secrets: Digests,
    keys: papaya::HashMap<KeyId, Arc<KeySlot>>,
    organizations: papaya::HashMap<OrganizationId, Arc<OrganizationSlot>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} secrets)", self.secrets.len())
    }
}

impl Index {
    pub(crate) fn find(&self, digest: &SecretDigest) -> Option<Arc<SecretEntry>> {
        self.secrets.pin().get(digest).cloned()
    }

    pub(crate) fn key(&self, id: KeyId) -> Option<Arc<KeySlot>> {
        self.keys.pin().get(&id).cloned()
    }

    pub(crate) fn organization(&self, id: OrganizationId) -> Option<Arc<OrganizationSlot>> {
        self.organizations.pin().get(&id).cloned()
    }

    pub(crate) fn organizations(&self) -> Vec<Arc<OrganizationSlot>> {
        self.organizations.pin().values().cloned().collect()
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
        let slot = Arc::new(OrganizationSlot { id, state: ArcSwap::from_pointee(state), month: AtomicU64::new(0) });
        organizations.insert(id, Arc::clone(&slot));
        slot
    }

    /// Gives a key its state; makes its slot when it is new.
    pub(crate) fn put_key(&self, id: KeyId, organization: Arc<OrganizationSlot>, state: KeyState) -> Arc<KeySlot> {
        let keys = self.keys.pin();
        if let Some(slot) = keys.get(&id) {
            slot.state.store(Arc::new(state));
            return Arc::clone(slot);
        }
        let slot = Arc::new(KeySlot { id, organization, state: ArcSwap::from_pointee(state), held: AtomicU8::new(0) });
        keys.insert(id, Arc::clone(&slot));
        slot
    }

    /// Makes a secret known, or notes that it retires.
    pub(crate) fn put_secret(
        &self,
        digest: SecretDigest,
        id: SecretId,
        key: &Arc<KeySlot>,
        retires_at: Option<Timestamp>,
    ) {
        let secrets = self.secrets.pin();
        if secrets.get(&digest).is_some_and(|entry| entry.retires_at == retires_at) {
            return;
        }
        let entry = SecretEntry {
            id,
            key: Arc::clone(key),
            retires_at,
            last_use: Mutex::new(None),
            queued: AtomicBool::new(false),
        };
        secrets.insert(digest, Arc::new(entry));
    }
}

/// One secret.
#[derive(Debug)]
pub(crate) struct SecretEntry {
    id: SecretId,
    key: Arc<KeySlot>,
    retires_at: Option<Timestamp>,
    /// Not yet written to the database. Only ever tried, never waited for.
    last_use: Mutex<Option<(Timestamp, IpAddr)>>,
    /// Whether it waits in the queue of [`super::usage`] already.
    queued: AtomicBool,
}

impl SecretEntry {
    pub(crate) const fn id(&self) -> SecretId {
        self.id
    }

    pub(crate) const fn key(&self) -> &Arc<KeySlot> {
        &self.key
    }

    pub(crate) const fn retires_at(&self) -> Option<Timestamp> {
        self.retires_at
    }

    /// Notes a use; says whether the entry has to be queued for writing.
    ///
    /// When another thread notes a use of the same secret at this very moment, one of the two is enough.
    pub(crate) fn note_use(&self, at: Timestamp, address: IpAddr) -> bool {
        let Ok(mut last_use) = self.last_use.try_lock() else { return false };
        if last_use.is_none_or(|(before, _)| before < at) {
            *last_use = Some((at, address));
        }
        drop(last_use);
        !self.queued.swap(true, Ordering::AcqRel)
    }

    /// Takes the noted use for writing.
    pub(crate) fn take_use(&self) -> Option<(Timestamp, IpAddr)> {
        // First open for the next queueing, then take: a use noted in between is queued again and not lost.
        self.queued.store(false, Ordering::Release);
        self.last_use.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}

/// One key.
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
}

const COUNT_BITS: u32 = 40;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

impl OrganizationSlot {
    pub(crate) const fn id(&self) -> OrganizationId {
        self.id
    }

    pub(crate) fn state(&self) -> Guard<Arc<OrganizationState>> {
        self.state.load()
    }

    /// How many requests were allowed in the month of `now` so far.
    pub(crate) fn requests_in(&self, now: Timestamp) -> u64 {
        let word = self.month.load(Ordering::Relaxed);
        if word >> COUNT_BITS == month(now) { word & COUNT_MASK } else { 0 }
    }

    pub(crate) fn count_request(&self, now: Timestamp) {
        self.add_requests(month(now), 1);
    }

    /// Adds what other lives of this process, or other processes, have counted.
    pub(crate) fn add_requests(&self, month: u64, requests: u64) {
        let add = |word: u64| {
            let before = if word >> COUNT_BITS == month { word & COUNT_MASK } else { 0 };
            Some((month << COUNT_BITS) | before.saturating_add(requests).min(COUNT_MASK))
        };
        _ = self.month.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// The month and its count, for writing.
    pub(crate) fn month_and_requests(&self) -> (i64, u64) {
        let word = self.month.load(Ordering::Relaxed);
        (i64::try_from(word >> COUNT_BITS).unwrap_or(0), word & COUNT_MASK)
    }
}

fn month(now: Timestamp) -> u64 {
    u64::try_from(now.month()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_at_zero() {
        let index = Index::default();
        let slot = index.put_organization(OrganizationId::from_bits(1), OrganizationState::default());
        let december = Timestamp::end_of_day("2026-12-30").expect("a day");
        slot.count_request(december);
        slot.count_request(december);
        assert_eq!(slot.requests_in(december), 2);
        let january = december.plus_days(1);
        assert_eq!(slot.requests_in(january), 0);
        slot.count_request(january);
        assert_eq!(slot.requests_in(january), 1);
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
        };
        let slot = index.put_key(KeyId::from_bits(1), organization, state);
        slot.hold(KeyStatus::Revoked);
        slot.hold(KeyStatus::Paused);
        assert_eq!(slot.held(), Some(KeyStatus::Revoked));
        slot.release();
        assert_eq!(slot.held(), None);
    }
}
