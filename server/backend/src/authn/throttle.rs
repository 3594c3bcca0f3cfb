//! A brake on guessing passwords.
//!
//! After a few free tries each further failure doubles the wait, up to a limit. Three counts are kept: for an
//! account from one address, for an address (many accounts tried from one place), and for an account (one account
//! tried from many places). The last one is only asked of addresses that the account was not used from before, so
//! strangers cannot lock anybody out of their own place.
//!
//! The counts are in memory: a restart forgets them, and costs an attacker nothing but a few free tries.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use shared::{AppError, Timestamp};

/// More than this many subjects at once are not remembered; the oldest go first.
const REMEMBERED: usize = 50_000;
/// After this long without a failure a count is forgotten.
const FORGOTTEN_AFTER_SECONDS: i64 = 3_600;

#[derive(Debug, Clone, Copy)]
struct Rule {
    free_tries: u32,
    longest_wait_seconds: u64,
}

const PAIR: Rule = Rule { free_tries: 5, longest_wait_seconds: 900 };
const ADDRESS: Rule = Rule { free_tries: 30, longest_wait_seconds: 900 };
const ACCOUNT: Rule = Rule { free_tries: 20, longest_wait_seconds: 60 };

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    Pair(String, Option<IpAddr>),
    Address(Option<IpAddr>),
    Account(String),
}

impl Counted {
    const fn rule(&self) -> Rule {
        match self {
            Self::Pair(..) => PAIR,
            Self::Address(_) => ADDRESS,
            Self::Account(_) => ACCOUNT,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    /// How long still to wait at `now`.
    fn wait(self, rule: Rule, now: Timestamp) -> u64 {
        let Some(beyond) = self.count.checked_sub(rule.free_tries) else { return 0 };
        let pause = 1_u64.checked_shl(beyond).unwrap_or(u64::MAX).min(rule.longest_wait_seconds);
        let passed = u64::try_from(now.seconds_since(self.last)).unwrap_or(0);
        pause.saturating_sub(passed)
    }
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    failures: Mutex<HashMap<Counted, Failures>>,
}

/// A try to sign in.
#[derive(Debug)]
pub(crate) struct Attempt {
    account: String,
    address: Option<IpAddr>,
    familiar: bool,
}

impl Attempt {
    /// `familiar`: whether the account was used from this address before.
    pub(crate) fn new(account: &str, address: Option<IpAddr>, familiar: bool) -> Self {
        Self { account: account.to_owned(), address: address.map(|address| address.to_canonical()), familiar }
    }

    fn counted(&self) -> impl Iterator<Item = Counted> {
        let account = (!self.familiar).then(|| Counted::Account(self.account.clone()));
        [Counted::Pair(self.account.clone(), self.address), Counted::Address(self.address)].into_iter().chain(account)
    }
}

impl Throttle {
    /// Counts this try as failed, before it is known how it ends, so that a hundred at the same moment are a
    /// hundred and not one; a success takes it back.
    ///
    /// # Errors
    /// [`AppError::TooManyAttempts`], and then nothing is counted: waiting has to lead somewhere.
    pub(crate) fn begin(&self, attempt: &Attempt, now: Timestamp) -> Result<(), AppError> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = attempt
            .counted()
            .filter_map(|counted| failures.get(&counted).map(|failed| failed.wait(counted.rule(), now)))
            .max()
            .unwrap_or(0);
        if wait > 0 {
            return Err(AppError::TooManyAttempts { retry_after_seconds: wait });
        }
        if failures.len() >= REMEMBERED {
            forget(&mut failures, now);
        }
        for counted in attempt.counted() {
            let failed = failures.entry(counted).or_insert(Failures { count: 0, last: now });
            if now.seconds_since(failed.last) > FORGOTTEN_AFTER_SECONDS {
                failed.count = 0;
            }
            *failed = Failures { count: failed.count.saturating_add(1), last: now };
        }
        Ok(())
    }

    /// The try was a success: whoever knows the password is forgiven.
    pub(crate) fn succeed(&self, attempt: &Attempt) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for counted in attempt.counted() {
            match counted {
                // The address may still be trying other accounts; only this try is taken back.
                Counted::Address(_) => {
                    if let Some(failed) = failures.get_mut(&counted) {
                        failed.count = failed.count.saturating_sub(1);
                    }
                }
                counted => _ = failures.remove(&counted),
            }
        }
    }
}

fn forget(failures: &mut HashMap<Counted, Failures>, now: Timestamp) {
    failures.retain(|_, failed| now.seconds_since(failed.last) <= FORGOTTEN_AFTER_SECONDS);
    if failures.len() >= REMEMBERED {
        let mut ages: Vec<_> = failures.values().map(|failed| failed.last).collect();
        ages.sort_unstable();
        if let Some(middle) = ages.get(ages.len() / 2).copied() {
            failures.retain(|_, failed| failed.last > middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn from(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn wait(throttle: &Throttle, attempt: &Attempt, now: Timestamp) -> u64 {
        match throttle.begin(attempt, now) {
            Ok(()) => 0,
            Err(AppError::TooManyAttempts { retry_after_seconds }) => retry_after_seconds,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_wait_grows_with_every_failure_beyond_the_free_ones() {
        let throttle = Throttle::default();
        let attempt = Attempt::new("ada@example.com", from(1), false);
        for _ in 0..5 {
            assert_eq!(wait(&throttle, &attempt, NOW), 0);
        }
        assert_eq!(wait(&throttle, &attempt, NOW), 1);
        assert_eq!(wait(&throttle, &attempt, NOW.plus_seconds(1)), 0);
        assert_eq!(wait(&throttle, &attempt, NOW.plus_seconds(1)), 2);
    }

    #[test]
    fn a_success_is_forgiven() {
        let throttle = Throttle::default();
        let attempt = Attempt::new("ada@example.com", from(1), true);
        for _ in 0..5 {
            assert_eq!(wait(&throttle, &attempt, NOW), 0);
        }
        throttle.succeed(&attempt);
        assert_eq!(wait(&throttle, &attempt, NOW), 0);
    }

    #[test]
    fn strangers_cannot_lock_out_somebody_at_their_usual_place() {
        let throttle = Throttle::default();
        for stranger in 0..60 {
            _ = throttle.begin(&Attempt::new("ada@example.com", from(stranger), false), NOW);
        }
        assert!(
            wait(&throttle, &Attempt::new("ada@example.com", from(200), false), NOW) > 0,
            "an unfamiliar place waits"
        );
        assert_eq!(
            wait(&throttle, &Attempt::new("ada@example.com", from(201), true), NOW),
            0,
            "a familiar one does not"
        );
    }

    #[test]
    fn one_address_cannot_try_many_accounts() {
        let throttle = Throttle::default();
        for account in 0..30 {
            assert_eq!(wait(&throttle, &Attempt::new(&format!("{account}@example.com"), from(1), false), NOW), 0);
        }
        assert!(wait(&throttle, &Attempt::new("31@example.com", from(1), false), NOW) > 0);
    }
}
