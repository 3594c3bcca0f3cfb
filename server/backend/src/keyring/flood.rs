//! Whoever sends one secret after another that nobody issued is not listened to for a while.
//!
//! Guessing 256 bits is hopeless, so this does not protect secrets; it keeps a flood from costing more than it must.
//! The flood is stopped before its secrets are digested and looked up. Secrets that were seen to be genuine are let
//! through all the same: behind one address there may be a misconfigured client and a hundred others. All of it lies in
//! tables of fixed size, however many secrets and addresses there are.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::atomic::{AtomicI64, AtomicU16, Ordering},
};

use shared::Timestamp;

use super::secret::WellFormed;

/// How many unknown secrets one address may send at once.
const BURST: i64 = 200;
/// After how many microseconds it may send another one: 20 a second.
const INTERVAL: i64 = 50_000;
/// How far ahead of time an address may be before it has to wait.
const TOLERANCE: i64 = BURST * INTERVAL;
/// Addresses share an entry when there are many more than this; then one may have to wait for the other's flood, with
/// secrets that were never seen to be genuine.
const ADDRESSES: usize = 16_384;
/// How many genuine secrets are remembered, roughly: one for each lower half of a checksum.
const GENUINE: usize = 1 << u16::BITS;

/// The tables.
pub(super) struct Flood {
    /// For each address: when it would be at rest again, in microseconds since 1970, if every unknown secret took
    /// [`INTERVAL`] (the generic cell rate algorithm, ITU-T I.371).
    at_rest: Box<[AtomicI64]>,
    /// The largest of them, so that in quiet times one look is enough.
    last_at_rest: AtomicI64,
    /// The upper halves of the checksums of secrets that were genuine when they were seen; the lower halves are their
    /// places.
    genuine: Box<[AtomicU16]>,
    hasher: RandomState,
}

impl std::fmt::Debug for Flood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flood").field("last_at_rest", &self.last_at_rest).finish_non_exhaustive()
    }
}

impl Default for Flood {
    fn default() -> Self {
        Self {
            at_rest: (0..ADDRESSES).map(|_| AtomicI64::new(0)).collect(),
            last_at_rest: AtomicI64::new(0),
            genuine: (0..GENUINE).map(|_| AtomicU16::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Flood {
    /// Whether this secret from there is refused unseen.
    pub(super) fn refuses(&self, address: Option<IpAddr>, secret: WellFormed<'_>, now: Timestamp) -> bool {
        let patience = now.micros().saturating_add(TOLERANCE);
        if self.last_at_rest.load(Ordering::Relaxed) <= patience {
            return false;
        }
        // What is further ahead was noted before the clock was set back, and says nothing any more.
        let is_ahead = |at: i64| at > patience && at <= patience.saturating_add(INTERVAL);
        address.and_then(|address| self.at_rest(address)).is_some_and(|at| is_ahead(at.load(Ordering::Relaxed)))
            && self.genuine(secret).is_none_or(|(seen, upper)| seen.load(Ordering::Relaxed) != upper)
    }

    /// Notes a well-formed secret that does not exist.
    pub(super) fn note_unknown(&self, address: Option<IpAddr>, now: Timestamp) {
        let Some(at_rest) = address.and_then(|address| self.at_rest(address)) else { return };
        let now = now.micros();
        let next = |at: i64| at.clamp(now, now.saturating_add(TOLERANCE)).saturating_add(INTERVAL);
        let before = at_rest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| Some(next(at)));
        self.last_at_rest.fetch_max(next(before.unwrap_or(now)), Ordering::Relaxed);
    }

    /// Notes a secret that exists.
    pub(super) fn note_genuine(&self, secret: WellFormed<'_>) {
        let Some((seen, upper)) = self.genuine(secret) else { return };
        if seen.load(Ordering::Relaxed) != upper {
            seen.store(upper, Ordering::Relaxed);
        }
    }

    fn at_rest(&self, address: IpAddr) -> Option<&AtomicI64> {
        let hash = match address.to_canonical() {
            IpAddr::V4(address) => self.hasher.hash_one(address),
            // One customer has at least so many addresses (RFC 6177).
            IpAddr::V6(address) => self.hasher.hash_one(address.to_bits() >> 64),
        };
        self.at_rest.get(usize::try_from(hash % ADDRESSES as u64).ok()?)
    }

    /// Where this secret is remembered, and as what. That is never 0, which stands for none.
    fn genuine(&self, secret: WellFormed<'_>) -> Option<(&AtomicU16, u16)> {
        let [low_a, low_b, high_a, high_b] = secret.checksum().to_le_bytes();
        let place = self.genuine.get(usize::from(u16::from_le_bytes([low_a, low_b])))?;
        Some((place, u16::from_le_bytes([high_a, high_b]).max(1)))
    }
}

#[cfg(test)]
mod tests {
    use shared::key::Environment;

    use super::*;
    use crate::keyring::secret::SecretKey;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const FLOODING: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

    fn flooded() -> Flood {
        let flood = Flood::default();
        for _ in 0..=BURST {
            flood.note_unknown(FLOODING, NOW);
        }
        flood
    }

    #[test]
    fn a_flood_is_refused_and_a_genuine_secret_from_the_same_address_is_not() {
        let (flood, ours, theirs) =
            (flooded(), SecretKey::mint(Environment::Production), SecretKey::mint(Environment::Production));
        flood.note_genuine(ours.well_formed());
        assert!(flood.refuses(FLOODING, theirs.well_formed(), NOW));
        assert!(!flood.refuses(FLOODING, ours.well_formed(), NOW));
        assert!(!flood.refuses(None, theirs.well_formed(), NOW));
    }

    #[test]
    fn other_addresses_are_listened_to() {
        let (flood, secret) = (flooded(), SecretKey::mint(Environment::Production));
        // Some of them share the flood's entry; hardly two of a hundred do.
        let refused = (0..100_u8).filter(|n| flood.refuses(Some([10, 0, 0, *n].into()), secret.well_formed(), NOW));
        assert!(refused.count() <= 1);
    }

    #[test]
    fn after_a_pause_an_address_is_listened_to_again() {
        let (flood, secret) = (flooded(), SecretKey::mint(Environment::Production));
        let later = Timestamp::from_micros(NOW.micros() + INTERVAL);
        assert!(!flood.refuses(FLOODING, secret.well_formed(), later));
        flood.note_unknown(FLOODING, later);
        assert!(flood.refuses(FLOODING, secret.well_formed(), later));
        assert!(!flood.refuses(FLOODING, secret.well_formed(), later.plus_seconds(1)));
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let (flood, secret) = (flooded(), SecretKey::mint(Environment::Production));
        let earlier = NOW.plus_seconds(-86_400);
        assert!(!flood.refuses(FLOODING, secret.well_formed(), earlier));
        flood.note_unknown(FLOODING, earlier);
        assert!(!flood.refuses(FLOODING, secret.well_formed(), earlier.plus_seconds(1)));
    }

    #[test]
    fn one_customer_of_ipv6_is_one_address() {
        let (flood, secret) = (Flood::default(), SecretKey::mint(Environment::Production));
        for n in 0..=u128::try_from(BURST).expect("positive") {
            let address = std::net::Ipv6Addr::from_bits((0x2001_0db8 << 96) + n);
            flood.note_unknown(Some(address.into()), NOW);
        }
        assert!(flood.refuses("2001:db8::ffff:ffff:1".parse().ok(), secret.well_formed(), NOW));
    }
}
