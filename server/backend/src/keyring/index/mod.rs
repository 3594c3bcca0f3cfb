//! The resident index: from a secret's digest to everything the rules look at, in memory.
//!
//! Readers never wait. What lies behind a secret is a few steps of which only the first is long: its line in the
//! [`table`], from there to a [`Cell`] with the immutable state of its key, which is swapped whole, so a reader sees all
//! of a change or none of it. Most keys differ in nothing that the rules look at and share one cell, which the processor
//! has at hand.
//!
//! Whatever changes takes a lock, and what it needs to know of the keys lies behind that lock.

mod organization;
mod table;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use arc_swap::{ArcSwap, Guard};
use shared::{KeyId, OrganizationId, RoleId, SecretId, Timestamp, key::KeyStatus};

pub(crate) use self::organization::OrganizationSlot;
use self::table::{Entry, Filling, Mark, Places, Table};
use super::{
    decide::{KeyState, OrganizationState},
    pepper::SecretDigest,
};

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

    fn write_u128(&mut self, value: u128) {
        // The lower half of an id is random; see [`crate::random::time_ordered_bits`].
        self.0 = u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0);
    }
}

/// Keys and roles by their ids, which nobody outside chooses.
pub(crate) type ById = BuildHasherDefault<PassThrough>;

/// Every secret, key and organization.
pub(crate) struct Index {
    table: Table,
    /// Their numbers are kept in the table.
    cells: boxcar::Vec<Cell>,
    /// When secrets retire, in microseconds since 1970. The first is no moment.
    retirements: boxcar::Vec<AtomicI64>,
    organizations: RwLock<HashMap<OrganizationId, Arc<OrganizationSlot>>>,
    writing: Mutex<Writing>,
}

/// What the rules look at: for one key, or for all plain ones of a role.
#[derive(Debug)]
pub(crate) struct Cell {
    organization: Arc<OrganizationSlot>,
    state: ArcSwap<KeyState>,
}

impl Cell {
    pub(crate) const fn organization(&self) -> &Arc<OrganizationSlot> {
        &self.organization
    }

    pub(crate) fn state(&self) -> Guard<Arc<KeyState>> {
        self.state.load()
    }
}

/// A secret that was found.
#[derive(Debug)]
pub(crate) struct Found<'i> {
    pub(crate) secret: SecretId,
    pub(crate) key: KeyId,
    /// What it is refused as although its state does not say so yet.
    pub(crate) held: Option<KeyStatus>,
    pub(crate) retires_at: Option<Timestamp>,
    pub(crate) cell: &'i Cell,
}

/// A key that was found by its id.
#[derive(Debug)]
pub(crate) struct FoundKey {
    pub(crate) organization: Arc<OrganizationSlot>,
    pub(crate) state: Arc<KeyState>,
    pub(crate) held: Option<KeyStatus>,
}

/// What is behind the lock.
#[derive(Default)]
struct Writing {
    filling: Filling,
    /// The keys by some bits of their ids. One large map would keep everybody waiting whenever it grows.
    shards: HashMap<u128, Shard, ById>,
    /// Which cell keys share that have no more than a role and a status.
    plain: HashMap<(OrganizationId, RoleId, KeyStatus), u32>,
}

#[derive(Default)]
struct Shard {
    /// A tree, because it has little room to spare and none to move: a hash map would take twice as much memory, and
    /// into a sorted list keys that were made at the same time would be put slowly.
    records: BTreeMap<KeyId, Record>,
    /// Of those keys that have any.
    extras: HashMap<KeyId, Extras, ById>,
}

const SHARDS: u128 = 1_024;

/// What has to be known of a key to change its lines in the table.
#[derive(Debug, Clone, Copy)]
struct Record {
    /// With this word the digest of its newest secret begins; 0 before there is one.
    first: u64,
    cell: u32,
    held: Held,
}

/// What most keys do not have.
#[derive(Debug, Default)]
struct Extras {
    /// The first words of the digests of older secrets.
    older: Vec<u64>,
    /// The cell that is its own, once it needed one.
    cell: Option<u32>,
}

/// In place of the number of a cell, where there is none.
const NONE: u32 = u32::MAX;

/// Why a key is refused although its state does not say so yet. The larger is the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    Not,
    Paused,
    Revoked,
}

impl Held {
    const ALL: [Self; 3] = [Self::Not, Self::Paused, Self::Revoked];

    fn as_what(status: KeyStatus) -> Self {
        if status == KeyStatus::Revoked { Self::Revoked } else { Self::Paused }
    }

    const fn status(self) -> Option<KeyStatus> {
        match self {
            Self::Not => None,
            Self::Paused => Some(KeyStatus::Paused),
            Self::Revoked => Some(KeyStatus::Revoked),
        }
    }
}

/// What may change about a secret, in the one word that the table has for it: the cell in the lower half, then which of
/// the retirements, and why it is held in the uppermost bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Changing {
    cell: u32,
    /// 0: it does not retire.
    retirement: u32,
    held: Held,
}

const RETIREMENT_BITS: u32 = 30;
const LAST_RETIREMENT: u32 = (1 << RETIREMENT_BITS) - 1;

impl Changing {
    fn word(self) -> u64 {
        u64::from(self.cell)
            | u64::from(self.retirement.min(LAST_RETIREMENT)) << u32::BITS
            | (self.held as u64) << (u32::BITS + RETIREMENT_BITS)
    }

    fn read(word: u64) -> Self {
        let half = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or(NONE);
        let held = usize::try_from(word >> (u32::BITS + RETIREMENT_BITS)).unwrap_or(0);
        Self {
            cell: half(word),
            retirement: half(word >> u32::BITS & u64::from(LAST_RETIREMENT)),
            held: Held::ALL.get(held).copied().unwrap_or(Held::Revoked),
        }
    }
}

impl Default for Index {
    fn default() -> Self {
        Self {
            table: Table::default(),
            cells: boxcar::Vec::new(),
            retirements: boxcar::vec![AtomicI64::new(i64::MAX)],
            organizations: RwLock::default(),
            writing: Mutex::default(),
        }
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} secrets)", self.len())
    }
}

impl Index {
    /// Makes room, so that loading does not grow the table step by step.
    pub(crate) fn reserve(&self, keys: usize) {
        self.table.reserve(&self.writing().filling, keys);
    }

    /// What is known of the secret with this digest.
    pub(crate) fn find(&self, digest: &SecretDigest) -> Option<Found<'_>> {
        let entry = self.table.find(Mark::from(digest))?;
        let Changing { cell, retirement, held } = Changing::read(entry.changing);
        Some(Found {
            secret: entry.secret,
            key: entry.key,
            held: held.status(),
            retires_at: self.retirement(retirement),
            cell: self.cell(cell)?,
        })
    }

    /// What is known of a key. Waits for a lock, so this is not for verifications.
    pub(crate) fn key(&self, id: KeyId) -> Option<FoundKey> {
        let (cell, held) = self.writing().record(id).map(|record| (record.cell, record.held))?;
        let cell = self.cell(cell)?;
        Some(FoundKey {
            organization: Arc::clone(&cell.organization),
            state: cell.state.load_full(),
            held: held.status(),
        })
    }

    /// Refuses a key from now on, before the change is durable. Stays until [`Self::release`], whatever the database
    /// does: a revocation that could not be saved goes on refusing.
    pub(crate) fn hold(&self, id: KeyId, status: KeyStatus) {
        self.set_held(id, |held| held.max(Held::as_what(status)));
    }

    /// The state itself says it now. A revocation that could not be saved outlives the end of a pause.
    pub(crate) fn release(&self, id: KeyId, status: KeyStatus) {
        let of = Held::as_what(status);
        self.set_held(id, |held| if held > of { held } else { Held::Not });
    }

    fn set_held(&self, id: KeyId, to: impl Fn(Held) -> Held) {
        let mut writing = self.writing();
        let Some(record) = writing.record(id) else { return };
        record.held = to(record.held);
        self.refer(&mut writing, id);
    }

    pub(crate) fn organization(&self, id: OrganizationId) -> Option<Arc<OrganizationSlot>> {
        self.organizations.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// How many secrets there are.
    pub(crate) fn len(&self) -> usize {
        self.writing().filling.secrets()
    }

    /// Gives an organization its state; makes its slot when it is new.
    pub(crate) fn put_organization(&self, id: OrganizationId, state: OrganizationState) -> Arc<OrganizationSlot> {
        let mut organizations = self.organizations.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = organizations.get(&id) {
            slot.put(state);
            return Arc::clone(slot);
        }
        let slot = Arc::new(OrganizationSlot::new(id, state));
        organizations.insert(id, Arc::clone(&slot));
        slot
    }

    /// Gives keys their states; makes new ones known. The lock that this takes is held for all of them, so not too many at
    /// once.
    pub(crate) fn put_keys(&self, keys: impl IntoIterator<Item = (KeyId, Arc<OrganizationSlot>, KeyState)>) {
        let mut writing = self.writing();
        for (id, organization, mut state) in keys {
            let known = writing.record(id).copied();
            let before = known.and_then(|record| self.cell(record.cell)).map(Cell::state);
            if let (Some(limits), Some(before)) = (&mut state.limits, before.as_ref().and_then(|it| it.limits.as_ref()))
            {
                limits.go_on_from(before);
            }
            let cell = if state.is_plain() {
                let shared = writing.plain.entry((organization.id(), state.role, state.status));
                *shared.or_insert_with(|| self.new_cell(organization, state))
            } else {
                let own = &mut writing.shard(id).extras.entry(id).or_default().cell;
                match own.and_then(|number| Some((number, self.cell(number)?))) {
                    Some((number, own)) => {
                        own.state.store(Arc::new(state));
                        number
                    }
                    None => *own.insert(self.new_cell(organization, state)),
                }
            };
            let record = Record { cell, ..known.unwrap_or(Record { first: 0, cell, held: Held::Not }) };
            writing.shard(id).records.insert(id, record);
            if known.is_some_and(|known| known.cell != cell) {
                self.refer(&mut writing, id);
            }
        }
    }

    /// Makes secrets known, or notes that they retire. Those of unknown keys are left out.
    pub(crate) fn put_secrets(
        &self,
        secrets: impl IntoIterator<Item = (SecretDigest, SecretId, KeyId, Option<Timestamp>)>,
    ) {
        // While nobody waits: the system may have to clear the memory first.
        let room = self.table.wanted(&self.writing().filling).map(Places::new);
        let mut writing = self.writing();
        writing.filling.take_in(room);
        for (digest, secret, key, retires_at) in secrets {
            let mark = Mark::from(&digest);
            if let Some(known) = self.table.find(mark) {
                let before = Changing::read(known.changing).retirement;
                let retirement = self.put_retirement(before, retires_at);
                if retirement != before {
                    let retire = |word| Changing { retirement, ..Changing::read(word) }.word();
                    self.table.change(&mut writing.filling, mark.first(), key, retire);
                }
                continue;
            }
            let shard = writing.shard(key);
            let Some(record) = shard.record(key) else { continue };
            let Record { cell, held, .. } = *record;
            let older = std::mem::replace(&mut record.first, mark.first());
            if older != 0 {
                shard.extras.entry(key).or_default().older.push(older);
            }
            let retirement = self.put_retirement(0, retires_at);
            let changing = Changing { cell, retirement, held }.word();
            self.table.add(&mut writing.filling, Entry { mark, secret, key, changing });
        }
    }

    /// Writes what a key's record says into the lines of its secrets.
    fn refer(&self, writing: &mut Writing, id: KeyId) {
        let shard = writing.shard(id);
        let Some(record) = shard.record(id).copied() else { return };
        let older = shard.extras.get(&id).map(|extras| extras.older.clone()).unwrap_or_default();
        for first in older.into_iter().chain((record.first != 0).then_some(record.first)) {
            let refer = |word| Changing { cell: record.cell, held: record.held, ..Changing::read(word) }.word();
            self.table.change(&mut writing.filling, first, id, refer);
        }
    }

    fn cell(&self, number: u32) -> Option<&Cell> {
        self.cells.get(usize::try_from(number).ok()?)
    }

    fn new_cell(&self, organization: Arc<OrganizationSlot>, state: KeyState) -> u32 {
        let number = self.cells.push(Cell { organization, state: ArcSwap::from_pointee(state) });
        u32::try_from(number).unwrap_or(NONE)
    }

    /// What has no place has retired: of two mistakes, that is the safe one.
    fn retirement(&self, number: u32) -> Option<Timestamp> {
        // Of most secrets nothing has to be looked up.
        if number == 0 {
            return None;
        }
        let place = usize::try_from(number).ok().and_then(|number| self.retirements.get(number));
        let at = place.map_or(i64::MIN, |at| at.load(Ordering::Acquire));
        (at != i64::MAX).then_some(Timestamp::from_micros(at))
    }

    /// Sets when a secret retires, and returns the number of that.
    fn put_retirement(&self, number: u32, at: Option<Timestamp>) -> u32 {
        let at = at.map_or(i64::MAX, Timestamp::micros);
        match usize::try_from(number).ok().filter(|number| *number > 0).and_then(|it| self.retirements.get(it)) {
            Some(retirement) => {
                retirement.store(at, Ordering::Release);
                number
            }
            None if at == i64::MAX => 0,
            // Beyond the last number there is no place.
            None => u32::try_from(self.retirements.push(AtomicI64::new(at))).unwrap_or(LAST_RETIREMENT),
        }
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing {
    fn shard(&mut self, id: KeyId) -> &mut Shard {
        // Random bits, and others than the map in the shard goes by.
        self.shards.entry(id.bits() >> 32 & (SHARDS - 1)).or_default()
    }

    fn record(&mut self, id: KeyId) -> Option<&mut Record> {
        self.shard(id).record(id)
    }
}

impl Shard {
    fn record(&mut self, id: KeyId) -> Option<&mut Record> {
        self.records.get_mut(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::allowance::KeyLimits;

    fn plain(status: KeyStatus) -> KeyState {
        KeyState { status, expires_at: None, role: RoleId::from_bits(1), networks: None, limits: None }
    }

    fn digest(number: u8) -> SecretDigest {
        SecretDigest([number; 32])
    }

    /// With its keys 1 and 2, each with a secret of the same number.
    fn index() -> (Index, Arc<OrganizationSlot>) {
        let index = Index::default();
        let owner = index.put_organization(OrganizationId::from_bits(1), OrganizationState::default());
        for number in [1, 2] {
            let id = KeyId::from_bits(number.into());
            index.put_keys([(id, Arc::clone(&owner), plain(KeyStatus::Active))]);
            index.put_secrets([(digest(number), SecretId::from_bits(number.into()), id, None)]);
        }
        (index, owner)
    }

    #[test]
    fn a_key_has_thirty_two_bytes_beside_its_line() {
        assert_eq!(size_of::<(KeyId, Record)>(), 32);
    }

    #[test]
    fn what_may_change_fits_into_a_word() {
        for (cell, retirement, held) in [
            (0, 0, Held::Not),
            (NONE, 0, Held::Paused),
            (7, (1 << RETIREMENT_BITS) - 1, Held::Revoked),
            (NONE, 1, Held::Not),
        ] {
            let changing = Changing { cell, retirement, held };
            assert_eq!(Changing::read(changing.word()), changing);
        }
    }

    #[test]
    fn a_change_reaches_every_secret_of_its_key_and_no_other_key() {
        let (index, owner) = index();
        let (one, at) = (KeyId::from_bits(1), Timestamp::from_micros(5));
        let [first, second, other] = [digest(1), digest(3), digest(2)];
        index
            .put_secrets([(first, SecretId::from_bits(1), one, Some(at)), (second, SecretId::from_bits(3), one, None)]);
        let retires_at = |digest| index.find(&digest).expect("it is there").retires_at;
        assert_eq!([first, second, other].map(retires_at), [Some(at), None, None]);
        index.put_secrets([(first, SecretId::from_bits(1), one, None)]);
        assert_eq!(retires_at(first), None, "it stays after all");

        let status = |digest: SecretDigest| {
            let found = index.find(&digest).expect("it is there");
            found.held.unwrap_or(found.cell.state().status)
        };
        let statuses = || [first, second, other].map(status);
        const ACTIVE: KeyStatus = KeyStatus::Active;
        index.hold(one, KeyStatus::Paused);
        assert_eq!(statuses(), [KeyStatus::Paused, KeyStatus::Paused, ACTIVE]);
        index.release(one, KeyStatus::Paused);
        assert_eq!(statuses(), [ACTIVE; 3]);
        let expiring = KeyState { expires_at: Some(at), ..plain(ACTIVE) };
        for state in [plain(KeyStatus::Revoked), expiring, plain(KeyStatus::Paused)] {
            let (said, expires_at) = (state.status, state.expires_at);
            index.put_keys([(one, Arc::clone(&owner), state)]);
            assert_eq!(statuses(), [said, said, ACTIVE]);
            assert_eq!(index.find(&first).expect("it is there").cell.state().expires_at, expires_at);
            assert_eq!(index.key(one).expect("it is there").state.status, said);
        }
        assert_eq!((index.len(), index.find(&first).map(|found| found.secret.bits())), (3, Some(1)));
    }

    #[test]
    fn a_secret_of_an_unknown_key_is_left_out() {
        let (index, _) = index();
        index.put_secrets([(digest(9), SecretId::from_bits(9), KeyId::from_bits(9), None)]);
        assert!(index.find(&digest(9)).is_none() && index.key(KeyId::from_bits(9)).is_none());
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
        let take = || slot().state.limits.as_ref().is_none_or(|limits| limits.charge_alone(now).is_ok());
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
        let (index, _) = index();
        let id = KeyId::from_bits(1);
        let held = || (index.key(id).and_then(|key| key.held), index.find(&digest(1)).and_then(|found| found.held));
        index.hold(id, KeyStatus::Revoked);
        index.hold(id, KeyStatus::Paused);
        assert_eq!(held(), (Some(KeyStatus::Revoked), Some(KeyStatus::Revoked)));
        index.release(id, KeyStatus::Paused);
        assert_eq!(held(), (Some(KeyStatus::Revoked), Some(KeyStatus::Revoked)), "that was the pause");
        index.release(id, KeyStatus::Revoked);
        assert_eq!(held(), (None, None));
    }
}
