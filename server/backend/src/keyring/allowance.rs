//! How much may be asked still: the limits of a key, and the month of its organization.
//!
//! A window opens with the first request in it, and lasts as long as its name says. Until it closes, exactly so many
//! requests are allowed, however many threads ask at once: when it opened and how many there were lie in one atomic
//! word. Not the generic cell rate algorithm, which lets requests trickle in again before a full window has passed: here
//! the number is the number, and when there will be more is known to the moment.
//!
//! A request counts everywhere or nowhere. All limits are looked at before any is charged ([`super::decide`]), and should
//! another thread be quicker meanwhile, what was charged is given back.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use shared::{
    Timestamp,
    limit::{REQUESTS_MAX, RateLimit, Window, WindowUse},
    verify::Refusal,
};
use smallvec::SmallVec;

use super::index::OrganizationSlot;

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Of the key.
    Window(Window),
    /// Of the organization: the calendar month in UTC.
    Month,
}

impl Period {
    /// The word in JSON and in headers, and after "a".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Window(window) => window.name(),
            Self::Month => "month",
        }
    }
}

/// One limit after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What it is about.
    pub period: Period,
    /// How long that lasts, in seconds.
    pub seconds: u64,
    /// How many requests are allowed in it.
    pub requests: u64,
    /// How many of them are left.
    pub remaining: u64,
    /// When all of them are there again.
    pub resets_at: Timestamp,
    /// The same in seconds from now, rounded up: whoever comes back after that long is not too early.
    pub resets_in: u64,
}

/// Everything that a key is limited by, the shortest period first. Mostly nothing, or the month alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing(SmallVec<[Limit; 1]>);

impl Standing {
    /// Each of the limits.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.0
    }

    /// The limit that has to be waited for: of those that are used up, the one that takes the longest.
    #[must_use]
    pub fn used_up(&self) -> Option<&Limit> {
        self.0.iter().filter(|limit| limit.remaining == 0).max_by_key(|limit| limit.resets_at)
    }

    fn add(&mut self, period: Period, requests: u64, used: u64, [from, to]: [Timestamp; 2], now: Timestamp) {
        let micros = to.micros().saturating_sub(now.micros());
        self.0.push(Limit {
            period,
            seconds: u64::try_from(to.seconds_since(from)).unwrap_or(0),
            requests,
            remaining: requests.saturating_sub(used),
            resets_at: to,
            resets_in: u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000).max(1),
        });
    }
}

/// What a key is limited to, and how much of it is used.
#[derive(Debug, Clone)]
pub(crate) struct KeyLimits {
    /// In the order of [`Window::ALL`]; 0 for no limit.
    requests: [u32; WINDOWS],
    /// Outlives the limits: an edit does not fill it up again.
    used: Arc<[Used; WINDOWS]>,
}

const WINDOWS: usize = Window::ALL.len();

impl KeyLimits {
    /// Of which nothing is used yet.
    pub(crate) fn new(limits: &[RateLimit]) -> Self {
        let of = |window| limits.iter().find(|limit| limit.window == window).map_or(0, |limit| limit.requests);
        Self { requests: Window::ALL.map(of), used: Arc::default() }
    }

    /// Goes on from what was used before these limits were set.
    pub(crate) fn go_on_from(&mut self, before: &Self) {
        self.used = Arc::clone(&before.used);
    }

    /// Only the windows that are limited.
    fn each(&self) -> impl Iterator<Item = (Window, u32, &Used)> {
        let all = Window::ALL.into_iter().zip(self.requests).zip(&*self.used);
        all.filter(|((_, requests), _)| *requests > 0).map(|((window, requests), used)| (window, requests, used))
    }

    /// Whether one of them is.
    pub(crate) fn are_used_up(&self, now: Timestamp) -> bool {
        self.each().any(|(window, requests, used)| used.read(window, now).count >= requests.into())
    }

    /// For a page: what is used of each limit.
    pub(crate) fn used(&self, now: Timestamp) -> Vec<WindowUse> {
        let used = self.each().map(|(window, _, used)| {
            let open = used.read(window, now);
            let used = u32::try_from(open.count).unwrap_or(u32::MAX);
            WindowUse { window, used, resets_at: (used > 0).then(|| open.closes(window)) }
        });
        used.collect()
    }
}

impl PartialEq for KeyLimits {
    /// What is used is no part of what is allowed.
    fn eq(&self, other: &Self) -> bool {
        self.requests == other.requests
    }
}

impl Eq for KeyLimits {}

/// When a window opened, in milliseconds since 1970, in the upper 44 bits; its requests in the lower 20.
#[derive(Debug, Default)]
struct Used(AtomicU64);

const COUNT_BITS: u32 = 20;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
const _: () = assert!(REQUESTS_MAX as u64 <= COUNT_MASK);

/// The same, apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    opened: u64,
    count: u64,
}

impl Open {
    /// The window that a request at `now` belongs to: the one in the word, or a new one.
    ///
    /// A thread that was held up may come with a moment before the window opened, and belongs to it. A clock that is set
    /// back by more than the window's length opens another one.
    fn at(word: u64, window: Window, now: Timestamp) -> Self {
        let now = u64::try_from(now.micros()).unwrap_or(0) / 1_000;
        let opened = word >> COUNT_BITS;
        if now.abs_diff(opened) < u64::from(window.seconds()) * 1_000 {
            Self { opened, count: word & COUNT_MASK }
        } else {
            Self { opened: now, count: 0 }
        }
    }

    const fn word(self) -> u64 {
        self.opened << COUNT_BITS | self.count
    }

    fn opens(self) -> Timestamp {
        Timestamp::from_micros(i64::try_from(self.opened).unwrap_or(0).saturating_mul(1_000))
    }

    fn closes(self, window: Window) -> Timestamp {
        self.opens().plus_seconds(window.seconds().into())
    }
}

impl Used {
    fn read(&self, window: Window, now: Timestamp) -> Open {
        Open::at(self.0.load(Ordering::Relaxed), window, now)
    }

    /// Counts a request, unless that would be one too many.
    fn charge(&self, window: Window, requests: u32, now: Timestamp) -> Option<Open> {
        let mut charged = None;
        let next = |word| {
            let open = Open::at(word, window, now);
            charged = (open.count < requests.into()).then_some(Open { count: open.count + 1, ..open });
            charged.map(Open::word)
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        charged
    }

    /// Takes a request back out of the window that it was counted in, if that is still open.
    fn give_back(&self, charged: Open) {
        let less = |word: u64| (word >> COUNT_BITS == charged.opened && word & COUNT_MASK > 0).then(|| word - 1);
        _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// All that one request is held against.
pub(crate) struct Allowance<'a> {
    pub(crate) key: Option<&'a KeyLimits>,
    pub(crate) organization: &'a OrganizationSlot,
    /// How many requests a month the plan allows; `None` for no limit.
    pub(crate) monthly: Option<u64>,
}

impl Allowance<'_> {
    /// Counts a request against everything, or refuses it and counts it against nothing.
    pub(crate) fn charge(&self, now: Timestamp) -> Result<(), Refusal> {
        let mut charged = SmallVec::<[(&Used, Open); WINDOWS]>::new();
        let mut all = self.key.into_iter().flat_map(KeyLimits::each);
        let is_within = all.all(|(window, requests, used)| {
            let open = used.charge(window, requests, now);
            charged.extend(open.map(|open| (used, open)));
            open.is_some()
        });
        if is_within && self.monthly.is_none_or(|limit| self.organization.count_request(now, limit)) {
            return Ok(());
        }
        charged.into_iter().for_each(|(used, open)| used.give_back(open));
        Err(Refusal::LimitExceeded)
    }

    /// What is left of each limit.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        let mut standing = Standing::default();
        for (window, requests, used) in self.key.into_iter().flat_map(KeyLimits::each) {
            let open = used.read(window, now);
            let ends = [open.opens(), open.closes(window)];
            standing.add(Period::Window(window), requests.into(), open.count, ends, now);
        }
        if let Some(limit) = self.monthly {
            let month = now.month();
            let ends = [month, month + 1].map(Timestamp::begin_of_month);
            standing.add(Period::Month, limit, self.organization.requests_in(now), ends, now);
        }
        standing
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, thread};

    use shared::OrganizationId;

    use super::*;
    use crate::keyring::{decide::OrganizationState, index::Index};

    const NOW: Timestamp = Timestamp::from_micros(1_795_446_245_000_000);

    fn organization() -> Arc<OrganizationSlot> {
        Index::default().put_organization(OrganizationId::from_bits(1), OrganizationState::default())
    }

    fn limits(texts: &[&str]) -> KeyLimits {
        KeyLimits::new(&texts.iter().map(|text| text.parse().expect("a limit")).collect::<Vec<_>>())
    }

    fn taken(key: &KeyLimits, organization: &OrganizationSlot, now: Timestamp) -> (bool, Standing) {
        let allowance = Allowance { key: Some(key), organization, monthly: None };
        (allowance.charge(now).is_ok(), allowance.standing(now))
    }

    fn remaining(standing: &Standing) -> Vec<u64> {
        standing.limits().iter().map(|limit| limit.remaining).collect()
    }

    #[test]
    fn a_window_opens_with_its_first_request_and_all_of_it_is_there_again_when_it_closes() {
        let (key, organization) = (limits(&["2/m"]), organization());
        let at = |milliseconds: i64| Timestamp::from_micros(NOW.micros() + milliseconds * 1_000);
        assert!(taken(&key, &organization, at(500)).0);
        assert!(taken(&key, &organization, at(30_000)).0);
        let (allowed, standing) = taken(&key, &organization, at(60_499));
        let limit = standing.used_up().expect("one that is used up");
        assert_eq!((allowed, limit.resets_at, limit.resets_in), (false, at(60_500), 1));
        assert_eq!(remaining(&taken(&key, &organization, at(60_500)).1), [1]);
        let limit = taken(&key, &organization, at(60_500)).1.limits()[0];
        assert_eq!((limit.remaining, limit.resets_in, limit.seconds), (0, 60, 60));
    }

    impl KeyLimits {
        /// For a key whose organization is not limited.
        pub(crate) fn charge_alone(&self, now: Timestamp) -> Result<(), Refusal> {
            Allowance { key: Some(self), organization: &organization(), monthly: None }.charge(now)
        }
    }

    #[test]
    fn a_request_that_one_window_refuses_counts_in_none() {
        let (key, organization) = (limits(&["1/s", "3/h"]), organization());
        assert!(taken(&key, &organization, NOW).0);
        for _ in 0..10 {
            assert!(!taken(&key, &organization, NOW).0);
        }
        let (allowed, standing) = taken(&key, &organization, NOW.plus_seconds(1));
        assert_eq!((allowed, remaining(&standing)), (true, vec![0, 1]));
        assert!(taken(&key, &organization, NOW.plus_seconds(2)).0);
        let (allowed, standing) = taken(&key, &organization, NOW.plus_seconds(3));
        assert_eq!((allowed, remaining(&standing)), (false, vec![1, 0]), "the second is not charged");
        assert_eq!(standing.used_up().map(|limit| limit.period), Some(Period::Window(Window::Hour)));
    }

    #[test]
    fn the_month_is_charged_last_and_its_refusal_counts_in_no_window() {
        let (key, organization) = (limits(&["10/m"]), organization());
        let allowance = Allowance { key: Some(&key), organization: &organization, monthly: Some(2) };
        let allowed = (0..5).filter(|_| allowance.charge(NOW).is_ok());
        assert_eq!(allowed.count(), 2);
        assert_eq!(remaining(&allowance.standing(NOW)), [8, 0]);
    }

    #[test]
    fn other_limits_go_on_from_what_was_used() {
        let (key, organization) = (limits(&["3/h"]), organization());
        for _ in 0..3 {
            taken(&key, &organization, NOW);
        }
        let mut changed = limits(&["5/h", "1/d"]);
        changed.go_on_from(&key);
        assert_eq!(remaining(&taken(&changed, &organization, NOW).1), [1, 0]);
        assert_eq!(changed.used(NOW).iter().map(|window| window.used).collect::<Vec<_>>(), [4, 1]);
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let (key, organization) = (limits(&["1/m"]), organization());
        assert!(taken(&key, &organization, NOW).0);
        assert!(!taken(&key, &organization, NOW.plus_seconds(-59)).0, "a thread that was held up");
        assert!(taken(&key, &organization, NOW.plus_seconds(-60)).0);
    }

    #[test]
    fn thirty_two_threads_get_exactly_what_is_allowed() {
        const ALLOWED: usize = 1_000;
        let (key, organization) = (limits(&["1000/h", "900000/d"]), organization());
        let allowance = Allowance { key: Some(&key), organization: &organization, monthly: Some(5_000) };
        let allowed = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if allowance.charge(NOW).is_ok() {
                            allowed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(allowed.load(Ordering::Relaxed), ALLOWED);
        assert_eq!(remaining(&allowance.standing(NOW)), [0, 900_000 - 1_000, 4_000], "what was refused is given back");
    }
}
