//! Every secret by its digest: a table in which each secret fills one line of the processor's cache.
//!
//! The digest says where its line lies, and the line holds what a verification needs, so of a million keys one line has
//! to come from memory. A map that keeps pointers to its entries, and entries with pointers to their keys, reads four
//! that wait for each other.
//!
//! Readers take no lock and never wait. A place is written before its first word says that it is taken, and from then on
//! only its last word changes, as a whole. Writers come one at a time, which [`Filling`] sees to: there is only one.
//!
//! Nothing is ever taken out, for a secret that was revoked has to be known as such. A table that becomes too full is
//! moved into one of twice the size, some places with every secret that is added. Until that is done there are two, and
//! secrets are looked for in both.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use shared::{KeyId, SecretId};
use zerocopy::FromZeros as _;

use crate::keyring::pepper::SecretDigest;

/// Eight words of eight bytes: a line of the cache, on nearly every processor.
const WORDS: usize = 8;

/// One secret, or none: three words of its digest, its id, its key's id, and what may change about it. The first word is
/// 0 as long as the place is free.
type Place = [AtomicU64; WORDS];

/// A new table has so many places for each secret that it is made for.
const ROOM: usize = 2;
/// Every table has room for that many secrets.
const SECRETS_MIN: usize = 512;
/// A table is moved when more than five of eight places are taken. Then it takes 1.8 looks to find a secret, and 4.1 to
/// know that there is none; neighbours come from memory together.
const FULL: (usize, usize) = (5, 8);
/// So many places are moved with every secret that is added: enough to be done long before the larger table is full too,
/// and few enough that nobody has to wait for them.
const MOVED_AT_ONCE: usize = 8;
/// So many secrets before the table is full, the next one is made.
const SOON: usize = 2_000;

/// The part of a digest by which it is known. 192 bits of a keyed digest are as many as nobody can guess, and all of it
/// would not fit into a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark([u64; 3]);

impl From<&SecretDigest> for Mark {
    fn from(digest: &SecretDigest) -> Self {
        let [first, second, third, _] = digest.words();
        Self([first.max(1), second, third])
    }
}

impl Mark {
    /// Where it is looked for first.
    pub(super) const fn first(self) -> u64 {
        self.0[0]
    }

    /// Compared in constant time once the first words are the same.
    fn is_of(self, place: &Place) -> bool {
        let [_, second, third, ..] = place;
        (second.load(Ordering::Relaxed) ^ self.0[1]) | (third.load(Ordering::Relaxed) ^ self.0[2]) == 0
    }
}

/// A secret as it lies in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mark: Mark,
    pub(super) secret: SecretId,
    pub(super) key: KeyId,
    /// What may change; what it means is the index's affair.
    pub(super) changing: u64,
}

/// The table.
pub(super) struct Table {
    places: ArcSwap<Both>,
}

/// The table in use and, while it is moved, the one before.
struct Both {
    now: Arc<Places>,
    before: Option<Arc<Places>>,
}

/// What the one who writes has to know.
#[derive(Debug, Default)]
pub(super) struct Filling {
    /// How many secrets there are.
    secrets: usize,
    /// How many of them are in the table in use.
    here: usize,
    /// How many places of the table before were moved.
    moved: usize,
    /// Where the table is moved to when it is full.
    room: Option<Places>,
}

impl Filling {
    pub(super) const fn secrets(&self) -> usize {
        self.secrets
    }

    /// For when it is needed.
    pub(super) fn take_in(&mut self, room: Option<Places>) {
        self.room = room.or_else(|| self.room.take());
    }
}

impl Default for Table {
    fn default() -> Self {
        Self { places: ArcSwap::from_pointee(Both { now: Arc::new(Places::new(SECRETS_MIN)), before: None }) }
    }
}

impl Table {
    /// Makes room for so many secrets, if there are none yet.
    pub(super) fn reserve(&self, filling: &Filling, secrets: usize) {
        if filling.secrets == 0 {
            let now = Arc::new(Places::new(secrets.max(SECRETS_MIN)));
            self.places.store(Arc::new(Both { now, before: None }));
        }
    }

    /// How large the next table has to be, if it will be needed soon and is not there yet.
    pub(super) fn wanted(&self, filling: &Filling) -> Option<usize> {
        let both = self.places.load();
        let is_soon = (filling.here + SOON) * FULL.1 >= both.now.all().len() * FULL.0;
        (is_soon && both.before.is_none() && filling.room.is_none()).then(|| twice(&both.now))
    }

    pub(super) fn find(&self, mark: Mark) -> Option<Entry> {
        let both = self.places.load();
        let place = both.now.find(mark).or_else(|| both.before.as_ref()?.find(mark))?;
        Some(entry(mark, place))
    }

    /// Adds a secret that is not there.
    pub(super) fn add(&self, filling: &mut Filling, entry: Entry) {
        let mut both = self.places.load_full();
        if both.before.is_none() && filling.here * FULL.1 >= both.now.all().len() * FULL.0 {
            let room = filling.room.take().filter(|room| room.all().len() > both.now.all().len());
            let now = room.unwrap_or_else(|| Places::new(twice(&both.now)));
            both = Arc::new(Both { now: Arc::new(now), before: Some(Arc::clone(&both.now)) });
            self.places.store(Arc::clone(&both));
            (filling.here, filling.moved) = (0, 0);
        }
        filling.secrets += 1;
        filling.here += usize::from(both.now.add(entry));
        let Some(before) = &both.before else { return };
        let rest = before.all().get(filling.moved..).unwrap_or_default();
        for place in rest.iter().take(MOVED_AT_ONCE) {
            if let Some(moved) = entry_in(place) {
                filling.here += usize::from(both.now.add(moved));
            }
        }
        filling.moved += MOVED_AT_ONCE;
        if filling.moved >= before.all().len() {
            self.places.store(Arc::new(Both { now: Arc::clone(&both.now), before: None }));
        }
    }

    /// Changes what may change about the secrets of this key that begin with this word of a mark.
    pub(super) fn change(&self, _: &mut Filling, first: u64, key: KeyId, to: impl Fn(u64) -> u64) {
        let both = self.places.load();
        // In both: a reader may have missed it in one, and find it in the other.
        for places in std::iter::once(&both.now).chain(&both.before) {
            for place in places.beginning_with(first).filter(|place| entry_in(place).is_some_and(|it| it.key == key)) {
                let [.., changing] = place;
                changing.store(to(changing.load(Ordering::Relaxed)), Ordering::Release);
            }
        }
    }
}

/// The places of a table, each at the beginning of a line.
#[derive(Debug)]
pub(super) struct Places {
    words: Vec<AtomicU64>,
    /// The first word that lies there.
    first: usize,
}

impl Places {
    /// Free ones, for so many secrets.
    pub(super) fn new(secrets: usize) -> Self {
        let words = secrets * ROOM * WORDS + WORDS - 1;
        // Fresh memory of the system is clear. Clearing it here would take a tenth of a second for a million keys.
        let words =
            AtomicU64::new_vec_zeroed(words).unwrap_or_else(|_| (0..words).map(|_| AtomicU64::new(0)).collect());
        let beyond = words.as_ptr().addr() / size_of::<AtomicU64>() % WORDS;
        Self { first: (WORDS - beyond) % WORDS, words }
    }

    fn all(&self) -> &[Place] {
        self.words.get(self.first..).unwrap_or_default().as_chunks().0
    }

    /// Those that may hold a mark with this first word, up to the first that is free.
    fn from(&self, first: u64) -> impl Iterator<Item = (&Place, u64)> {
        let all = self.all();
        // Marks are evenly spread, so this part of the whole table lies before it.
        let home = (u128::from(first) * all.len() as u128) >> u64::BITS;
        let (before, after) = all.split_at_checked(usize::try_from(home).unwrap_or(0)).unwrap_or_default();
        after.iter().chain(before).map(|place| (place, place[0].load(Ordering::Acquire)))
    }

    fn beginning_with(&self, first: u64) -> impl Iterator<Item = &Place> {
        let taken = self.from(first).take_while(|(_, word)| *word != 0);
        taken.filter(move |(_, word)| *word == first).map(|(place, _)| place)
    }

    fn find(&self, mark: Mark) -> Option<&Place> {
        self.beginning_with(mark.first()).find(|place| mark.is_of(place))
    }

    /// Whether there was none yet.
    fn add(&self, entry: Entry) -> bool {
        let Entry { mark, secret, key, changing } = entry;
        for (place, first) in self.from(mark.first()) {
            if first == 0 {
                let [secret_high, secret_low] = halves(secret.bits());
                let [key_high, key_low] = halves(key.bits());
                let [first, second, third] = mark.0;
                let rest = [second, third, secret_high, secret_low, key_high, key_low, changing];
                place.iter().skip(1).zip(rest).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
                place[0].store(first, Ordering::Release);
                return true;
            }
            if first == mark.first() && mark.is_of(place) {
                return false;
            }
        }
        false
    }
}

/// For how many secrets the table after this one is made.
fn twice(places: &Places) -> usize {
    places.all().len() * 2 / ROOM
}

fn entry_in(place: &Place) -> Option<Entry> {
    let first = place[0].load(Ordering::Acquire);
    let mark = Mark([first, place[1].load(Ordering::Relaxed), place[2].load(Ordering::Relaxed)]);
    (first != 0).then(|| entry(mark, place))
}

fn entry(mark: Mark, place: &Place) -> Entry {
    let [_, _, _, secret_high, secret_low, key_high, key_low, changing] = place;
    Entry {
        mark,
        secret: SecretId::from_bits(whole(secret_high, secret_low)),
        key: KeyId::from_bits(whole(key_high, key_low)),
        changing: changing.load(Ordering::Acquire),
    }
}

fn halves(bits: u128) -> [u64; 2] {
    [bits >> u64::BITS, bits & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or(0))
}

fn whole(high: &AtomicU64, low: &AtomicU64) -> u128 {
    u128::from(high.load(Ordering::Relaxed)) << u64::BITS | u128::from(low.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        sync::atomic::{AtomicBool, AtomicUsize},
        thread,
    };

    use proptest::prelude::*;

    use super::*;

    fn entry_of(first: u64, number: u64) -> Entry {
        let (secret, key) = (SecretId::from_bits(u128::from(number) << 40), KeyId::from_bits(u128::from(number)));
        Entry { mark: Mark([first, number, 7]), secret, key, changing: 0 }
    }

    /// Marks are spread over the whole range, as digests are.
    fn spread(number: u64) -> u64 {
        (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn a_place_lies_on_one_line() {
        for secrets in [1, 1_000, 100_000] {
            let places = Places::new(secrets);
            assert_eq!(places.all().as_ptr().addr() % 64, 0);
            assert_eq!(places.all().len(), secrets * ROOM);
        }
    }

    #[test]
    fn a_digest_that_begins_with_zeros_is_one_like_any_other() {
        let (table, mut filling) = (Table::default(), Filling::default());
        let digests = [0, 1].map(|second| {
            let mut bytes = [0; 32];
            bytes[8] = second;
            SecretDigest(bytes)
        });
        let marks = digests.each_ref().map(Mark::from);
        assert_eq!(table.find(marks[0]), None);
        for (mark, number) in marks.into_iter().zip(1..) {
            table.add(&mut filling, Entry { mark, ..entry_of(1, number) });
        }
        let found = marks.map(|mark| table.find(mark).map(|entry| entry.key.bits()));
        assert_eq!(found, [Some(1), Some(2)]);
    }

    proptest! {
        /// A small range of first words: they meet, run into each other, and over the end.
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0..40_u64, 0..4_u64, any::<u64>()), 0..3_000)) {
            let (table, mut filling, mut model) = (Table::default(), Filling::default(), HashMap::new());
            for (first, number, changing) in steps {
                let first = u64::MAX - first * (u64::MAX / 20_000);
                let entry = entry_of(first, number);
                if model.contains_key(&(first, number)) {
                    table.change(&mut filling, first, entry.key, |_| changing);
                } else {
                    table.add(&mut filling, Entry { changing, ..entry });
                }
                model.insert((first, number), changing);
                let found = table.find(entry.mark).expect("it was added");
                prop_assert_eq!(found, Entry { changing, ..entry });
            }
            for ((first, number), changing) in &model {
                let entry = entry_of(*first, *number);
                prop_assert_eq!(table.find(entry.mark), Some(Entry { changing: *changing, ..entry }));
                prop_assert_eq!(table.find(entry_of(*first, number + 4).mark), None);
            }
            prop_assert_eq!(filling.secrets(), model.len());
        }
    }

    /// While it grows from nothing to many times its size, each secret is there from the moment it was added, and what was
    /// changed stays changed.
    #[test]
    fn nothing_is_missed_while_it_grows() {
        const SECRETS: u64 = 200_000;
        let (table, added, is_over) = (Table::default(), AtomicUsize::new(0), AtomicBool::new(false));
        let looked = thread::scope(|scope| {
            let readers: Vec<_> = (0..2_u64)
                .map(|reader| {
                    let (table, added, is_over) = (&table, &added, &is_over);
                    scope.spawn(move || {
                        let (mut looked, mut at) = (0_u64, reader);
                        while !is_over.load(Ordering::Acquire) {
                            let there = added.load(Ordering::Acquire) as u64;
                            at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                            let Some(number) = (at >> 33).checked_rem(there) else { continue };
                            let found = table.find(entry_of(spread(number), number).mark).expect("it was added");
                            assert_eq!((found.key.bits(), found.changing), (u128::from(number), number + 1));
                            assert_eq!(table.find(entry_of(spread(number), number + 1).mark), None);
                            looked += 1;
                        }
                        looked
                    })
                })
                .collect();
            let mut filling = Filling::default();
            for number in 0..SECRETS {
                let entry = entry_of(spread(number), number);
                table.add(&mut filling, entry);
                table.change(&mut filling, spread(number), entry.key, |before| before + number + 1);
                added.store(usize::try_from(number + 1).expect("fits"), Ordering::Release);
            }
            is_over.store(true, Ordering::Release);
            readers.into_iter().map(|reader| reader.join().expect("no reader missed anything")).sum::<u64>()
        });
        assert!(looked > 0);
        for number in 0..SECRETS {
            assert!(table.find(entry_of(spread(number), number).mark).is_some());
        }
    }
}
