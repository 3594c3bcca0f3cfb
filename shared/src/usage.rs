//! How much is used: requests and refusals over time, and the overview.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    key::{Attention, words},
    verify::Refusal,
};

words! {
    /// How far back a chart looks, and in what steps.
    Window {
        /// By the hour.
        Day = "24h", "24 hours";
        /// By the day.
        Month = "30d", "30 days";
        /// By the month.
        Year = "12m", "12 months";
    }
}

/// What verifications with genuine secrets were answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// How many were allowed.
    pub allowed: u64,
    /// How many were refused.
    pub refused: u64,
}

impl Answers {
    /// All of them.
    #[must_use]
    pub const fn requests(self) -> u64 {
        self.allowed.saturating_add(self.refused)
    }

    /// How many of a thousand were allowed, rounded down: what was refused even once is never 100 %. `None` without any.
    #[must_use]
    pub fn allowed_per_mille(self) -> Option<u64> {
        let share = u128::from(self.allowed) * 1_000 / u128::from(self.requests().max(1));
        if self.requests() == 0 { None } else { u64::try_from(share).ok() }
    }
}

/// How well requests fare, by [`Answers::allowed_per_mille`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// At least 99 % are allowed.
    Good,
    /// At least 95 % are.
    Watch,
    /// Fewer are.
    Bad,
}

impl Health {
    /// Of so many in a thousand.
    #[must_use]
    pub const fn of(allowed_per_mille: u64) -> Self {
        match allowed_per_mille {
            990.. => Self::Good,
            950.. => Self::Watch,
            _ => Self::Bad,
        }
    }
}

/// One hour, day or month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// When it begins.
    pub begins: Timestamp,
    /// Short, for an axis: `14:00`, `25 Nov`, `Nov`.
    pub label: String,
    /// Whole: `25 Nov, 14:00`, `Wed 25 Nov 2026`, `November 2026`.
    pub name: String,
    /// What was answered in it.
    pub answers: Answers,
}

/// How often something was refused for the same reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "How often something was refused for the same reason.")
)]
pub struct ReasonCount {
    /// The reason.
    pub reason: Refusal,
    /// How often.
    pub requests: u64,
}

/// Requests and refusals over a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSeries {
    /// How far back.
    pub window: Window,
    /// By whose clocks days and months begin: `Europe/Berlin`.
    pub zone: String,
    /// Every part of the window, the oldest first; the last one is not over yet.
    pub buckets: Vec<Bucket>,
    /// Why requests were refused, most frequent first.
    pub reasons: Vec<ReasonCount>,
}

impl UsageSeries {
    /// All of it together.
    #[must_use]
    pub fn total(&self) -> Answers {
        self.buckets.iter().fold(Answers::default(), |sum, bucket| Answers {
            allowed: sum.allowed.saturating_add(bucket.answers.allowed),
            refused: sum.refused.saturating_add(bucket.answers.refused),
        })
    }
}

/// What the plan allows in a calendar month of UTC, and what was used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The plan's name.
    pub plan: String,
    /// How many allowed requests; `None` for no limit.
    pub limit: Option<u64>,
    /// How many there were.
    pub used: u64,
    /// When it begins anew.
    pub renews_at: Timestamp,
}

impl Quota {
    /// How many are left; `None` for any number.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_sub(self.used))
    }
}

/// The month so far, beside as much of the one before. Months begin by the viewer's clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// Requests of this month, without the hour that is running.
    pub now: u64,
    /// Requests in the same hours of the month before.
    pub before: u64,
}

impl Trend {
    /// By how many percent there are more now, or fewer. `None` when there is nothing to compare with.
    #[must_use]
    pub fn percent(&self) -> Option<i64> {
        let (now, before) = (i128::from(self.now), i128::from(self.before));
        if before == 0 { None } else { i64::try_from((now - before) * 100 / before).ok() }
    }
}

/// What the first page says about usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The last twelve months; the last of them is this one.
    pub year: UsageSeries,
    /// How this month compares.
    pub trend: Trend,
    /// What is left of the plan.
    pub quota: Quota,
    /// How many keys were allowed something this month.
    pub keys_used: u64,
    /// How many keys there are, active and paused ones.
    pub keys: u64,
    /// From how many addresses keys were used this month.
    pub addresses_used: u64,
    /// The server's clock.
    pub now: Timestamp,
}

/// Keys that need attention for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttentionItem {
    /// The reason.
    pub attention: Attention,
    /// How many.
    pub keys: u64,
    /// The names of the first few.
    pub some: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(allowed: u64, refused: u64) -> Option<u64> {
        Answers { allowed, refused }.allowed_per_mille()
    }

    #[test]
    fn a_single_refusal_is_never_rounded_away() {
        assert_eq!(share(0, 0), None);
        assert_eq!(share(5, 0), Some(1_000));
        assert_eq!(share(999_999, 1), Some(999));
        assert_eq!(share(u64::MAX / 2, u64::MAX / 2), Some(500));
        assert_eq!(share(0, 3), Some(0));
    }

    #[test]
    fn health_changes_at_99_and_at_95_percent() {
        assert_eq!([990, 989, 950, 949].map(Health::of), [Health::Good, Health::Watch, Health::Watch, Health::Bad]);
    }

    #[test]
    fn a_trend_needs_something_to_compare_with() {
        let percent = |now, before| Trend { now, before }.percent();
        assert_eq!(
            [percent(5, 0), percent(0, 0), percent(150, 100), percent(0, 7)],
            [None, None, Some(50), Some(-100)]
        );
        assert_eq!(percent(199, 200), Some(0));
    }
}
