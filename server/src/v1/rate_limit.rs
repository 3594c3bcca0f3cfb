//! How often one key may call the routes that manage something.
//!
//! Counted in memory, in each process by itself, so that one busy script cannot hold up an organization's changes, which
//! are made one after the other. Verification is not counted here.

use std::{
    fmt,
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use http::{HeaderMap, HeaderValue};
use shared::KeyId;

use super::limits::{LIMIT, POLICY};

/// How many requests a key may send in a minute, unless the operator says otherwise.
pub const PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).unwrap();
const MINUTE: Duration = Duration::from_secs(60);
/// After how many requests keys that have been quiet are forgotten.
const FORGET_EVERY: u64 = 4_096;

type Limiter = RateLimiter<KeyId, DashMapStateStore<KeyId>, DefaultClock, StateInformationMiddleware>;

/// What every key has left.
pub struct RateLimit {
    per_minute: NonZeroU32,
    limiter: Limiter,
    clock: DefaultClock,
    asked: AtomicU64,
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit").field("per_minute", &self.per_minute).finish_non_exhaustive()
    }
}

/// What one key has left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    per_minute: u32,
    remaining: u32,
    /// Until when the whole allowance is there again, in seconds.
    reset: u64,
    /// For how long nothing more is answered; `None`: this request is.
    pub retry_after: Option<u64>,
}

impl RateLimit {
    /// Allows every key so many requests a minute.
    #[must_use]
    pub fn new(per_minute: NonZeroU32) -> Self {
        let limiter = RateLimiter::dashmap(Quota::per_minute(per_minute)).with_middleware();
        Self { per_minute, limiter, clock: DefaultClock::default(), asked: AtomicU64::new(0) }
    }

    /// Counts a request of `key`.
    #[must_use]
    pub fn count(&self, key: KeyId) -> Standing {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let (remaining, retry_after) = match self.limiter.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(seconds(until.wait_time_from(self.clock.now())).max(1))),
        };
        let used = u64::from(self.per_minute.get() - remaining.min(self.per_minute.get()));
        let reset = (used * MINUTE.as_secs()).div_ceil(u64::from(self.per_minute.get()));
        Standing { per_minute: self.per_minute.get(), remaining, reset, retry_after }
    }
}

/// Rounded up: whoever comes back after that long is not too early.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

impl Standing {
    /// Says it, as "`RateLimit` header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers) writes it.
    pub fn write(&self, headers: &mut HeaderMap) {
        let policy = format!("\"management\";q={};w={}", self.per_minute, MINUTE.as_secs());
        let limit = format!("\"management\";r={};t={}", self.remaining, self.reset);
        for (name, text) in [(POLICY, policy), (LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_uses_up_its_own_allowance_and_nobody_elses() {
        let limit = RateLimit::new(NonZeroU32::new(3).expect("not zero"));
        let [one, other] = [KeyId::from_bits(1), KeyId::from_bits(2)];
        let left: Vec<_> = (0..3).map(|_| limit.count(one).remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limit.count(one);
        assert!(refused.retry_after.is_some_and(|after| (1..=20).contains(&after)), "{refused:?}");
        assert_eq!(limit.count(other).retry_after, None);
    }

    #[test]
    fn the_fields_are_structured_as_the_draft_wants_them() {
        let mut headers = HeaderMap::new();
        Standing { per_minute: 600, remaining: 599, reset: 1, retry_after: None }.write(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"management\";q=600;w=60");
        assert_eq!(headers["ratelimit"], "\"management\";r=599;t=1");
    }

    #[test]
    fn keys_that_are_quiet_are_forgotten() {
        let limit = RateLimit::new(NonZeroU32::new(1_000_000_000).expect("not zero"));
        for bits in 0..u128::from(FORGET_EVERY) * 3 {
            _ = limit.count(KeyId::from_bits(bits));
        }
        assert!(limit.limiter.len() <= usize::try_from(FORGET_EVERY).expect("small") * 2);
    }
}
