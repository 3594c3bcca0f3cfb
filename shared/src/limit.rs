//! The limits of a single key: how many requests it may make in which window of time.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{AppError, KeyId, Timestamp, field::FieldError};

/// The largest number of requests that a limit may allow. Whoever needs more needs no limit.
pub const REQUESTS_MAX: u32 = 1_000_000;

/// How long a window lasts. A closed list: each is one number on the page, and one counter in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(description = "How long a window lasts."))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Window {
    Second,
    Minute,
    Hour,
    Day,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// The word in JSON and in headers, and after "a" or "per".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Its length, and what the database knows it by.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The inverse of [`Self::seconds`].
    #[must_use]
    pub fn of_seconds(seconds: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|window| i64::from(window.seconds()) == seconds)
    }
}

/// So many requests in such a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// In which window.
    pub window: Window,
    /// How many requests are allowed in it.
    pub requests: u32,
}

/// `10/s`
impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.window.name().get(..1).unwrap_or_default();
        write!(f, "{}/{unit}", self.requests)
    }
}

/// Reads `10/s`, `100/minute`.
impl FromStr for RateLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write it as 10/s, 100/m, 1000/h or 10000/d, with 1 to 1000000 requests";
        let (requests, unit) = text.split_once('/').ok_or(FORM)?;
        let window = Window::ALL.into_iter().find(|window| {
            let name = window.name();
            !unit.is_empty() && (name == unit || name.get(..1) == Some(unit))
        });
        let limit = Self { window: window.ok_or(FORM)?, requests: requests.parse().map_err(|_no_number| FORM)? };
        limit.check().map(|()| limit).map_err(|_out_of_range| FORM)
    }
}

impl RateLimit {
    fn check(self) -> Result<(), String> {
        if (1..=REQUESTS_MAX).contains(&self.requests) { Ok(()) } else { Err(out_of_range(self.window)) }
    }
}

fn out_of_range(window: Window) -> String {
    format!("The requests per {} must be a whole number from 1 to 1,000,000, or empty for no limit.", window.name())
}

/// What was typed beside a window: a number, or nothing for no limit.
///
/// # Errors
/// A sentence that names the window.
pub fn requests(window: Window, text: &str) -> Result<Option<u32>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let requests = text.parse().map_err(|_no_number| out_of_range(window))?;
    RateLimit { window, requests }.check().map(|()| Some(requests))
}

/// The limits of a key: at most one for each window, the shortest first. All of them hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RateLimits(Vec<RateLimit>);

impl RateLimits {
    /// Puts them in order.
    ///
    /// # Errors
    /// [`AppError::Invalid`] names the windows that are there twice or out of range.
    pub fn new(mut limits: Vec<RateLimit>) -> Result<Self, AppError> {
        limits.sort_unstable();
        let mut fields = Vec::new();
        let mut last = None;
        for limit in &limits {
            let window = limit.window;
            if last.replace(window) == Some(window) {
                let message = format!("There may be one limit per {}; there are several.", window.name());
                fields.push(FieldError::new(window.name(), message));
            } else if let Err(message) = limit.check() {
                fields.push(FieldError::new(window.name(), message));
            }
        }
        if fields.is_empty() { Ok(Self(limits)) } else { Err(AppError::Invalid { fields }) }
    }

    /// Without checking: what comes over the wire or out of the database was checked where it was made.
    #[must_use]
    pub fn as_slice(&self) -> &[RateLimit] {
        &self.0
    }

    /// How many requests the window allows; `None` for no limit.
    #[must_use]
    pub fn of(&self, window: Window) -> Option<u32> {
        self.0.iter().find(|limit| limit.window == window).map(|limit| limit.requests)
    }
}

/// `10/s, 1000/h`, or `none`
impl fmt::Display for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.0.split_first() else { return f.write_str("none") };
        first.fmt(f)?;
        others.iter().try_for_each(|limit| write!(f, ", {limit}"))
    }
}

/// What is used of one limit at a moment, as the server that answers has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowUse {
    /// Of which window.
    pub window: Window,
    /// How many requests were allowed since it opened.
    pub used: u32,
    /// When it closes, and all of them are there again; `None` while none is used.
    pub resets_at: Option<Timestamp>,
}

/// A key's limits and how much of them is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimitsView {
    /// Whose.
    pub key: KeyId,
    /// What is allowed.
    pub limits: RateLimits,
    /// What is used, for each of the limits.
    pub used: Vec<WindowUse>,
    /// When that was.
    pub now: Timestamp,
}

/// What `Save Limits` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimitsUpdateParams {
    /// Of which key.
    pub key: KeyId,
    /// The limits when the form was loaded: somebody else may have changed them since.
    pub before: RateLimits,
    /// All limits from now on.
    pub limits: Vec<RateLimit>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(text: &str) -> RateLimit {
        text.parse().expect("a limit")
    }

    #[test]
    fn a_limit_is_read_as_it_is_written() {
        for text in ["10/s", "1/m", "1000/h", "1000000/d"] {
            assert_eq!(limit(text).to_string(), text);
        }
        assert_eq!(limit("5/minute"), RateLimit { window: Window::Minute, requests: 5 });
        for bad in ["", "10", "10/", "/s", "0/s", "1000001/d", "-1/s", "10/w", "10/min", "10 / s", "1e3/h"] {
            assert!(bad.parse::<RateLimit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_typed_is_a_number_in_range_or_nothing() {
        assert_eq!(requests(Window::Hour, " "), Ok(None));
        assert_eq!(requests(Window::Hour, " 1000 "), Ok(Some(1_000)));
        for bad in ["0", "1000001", "-5", "1.5", "1,000", "many"] {
            assert!(requests(Window::Hour, bad).is_err_and(|said| said.contains("per hour")), "{bad}");
        }
    }

    #[test]
    fn limits_are_sorted_and_each_window_is_there_once() {
        let limits = RateLimits::new(vec![limit("1000/h"), limit("10/s")]).expect("limits");
        assert_eq!((limits.to_string().as_str(), limits.of(Window::Hour)), ("10/s, 1000/h", Some(1_000)));
        assert_eq!((RateLimits::default().to_string().as_str(), limits.of(Window::Day)), ("none", None));
        let zero = RateLimit { window: Window::Day, requests: 0 };
        let Err(AppError::Invalid { fields }) = RateLimits::new(vec![limit("1/h"), zero, limit("2/h")]) else {
            panic!("they are wrong");
        };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["hour", "day"]);
    }

    #[test]
    fn a_window_is_known_by_its_length() {
        for window in Window::ALL {
            assert_eq!(Window::of_seconds(window.seconds().into()), Some(window));
        }
        assert_eq!(Window::of_seconds(61), None);
    }
}
