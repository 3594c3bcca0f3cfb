//! Rotation: a key gets another secret, and the one before goes on working for a while, so that nothing stops.

use serde::{Deserialize, Serialize};

use crate::{
    KeyId, Timestamp,
    key::{Environment, LastUsed},
};

/// How long the old secret goes on working at the most.
pub const OVERLAP_DAYS_MAX: u32 = 30;
/// A retiring secret that was not used for so long is safe to retire: whoever had it has moved on.
pub const QUIET_SECONDS: i64 = 86_400;
/// After how many days a key is due for rotation, unless the organization says otherwise: those in production, and the
/// others.
pub const DUE_DAYS: DueDays = DueDays { production: 90, others: 180 };
/// The most that an organization may choose there.
pub const DUE_DAYS_MAX: i64 = 3_650;

/// What the dialog offers, in seconds, with its word.
pub const OVERLAPS: [(u32, &str); 4] = [(0, "None"), (3_600, "1 hour"), (86_400, "24 hours"), (7 * 86_400, "7 days")];

/// After how many days keys are due for rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueDays {
    /// Keys in production.
    pub production: i64,
    /// Keys for staging and development.
    pub others: i64,
}

impl DueDays {
    /// When a secret that was made at `created_at` is due.
    #[must_use]
    pub const fn of(self, environment: Environment, created_at: Timestamp) -> Timestamp {
        created_at.plus_days(match environment {
            Environment::Production => self.production,
            Environment::Staging | Environment::Development => self.others,
        })
    }
}

/// How a key is to be rotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotateParams {
    /// Which key.
    pub id: KeyId,
    /// The version that was seen. Whoever sends the same twice is refused the second time.
    pub version: i64,
    /// For how long the secret of now goes on working, in seconds; 0: it ends at once.
    pub overlap_seconds: u32,
    /// Whether a rotation that is under way may be ended for this one.
    #[serde(default)]
    pub force: bool,
}

/// The secret before the current one, while it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiringSecret {
    /// Its last four characters.
    pub last4: String,
    /// Until when it works.
    pub retires_at: Timestamp,
    /// `None`: it was never used.
    pub last_used: Option<LastUsed>,
}

impl RetiringSecret {
    /// Whether nobody seems to need it any more.
    #[must_use]
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        self.last_used.as_ref().is_none_or(|used| now.seconds_since(used.at) >= QUIET_SECONDS)
    }
}

/// Checks after how many days keys are due for rotation.
///
/// # Errors
/// The sentence to show under the field.
pub fn due_days(text: &str) -> Result<i64, String> {
    let days = text.trim().parse().ok().filter(|days| (1..=DUE_DAYS_MAX).contains(days));
    days.ok_or_else(|| format!("Give a whole number of days from 1 to {DUE_DAYS_MAX}."))
}

/// Checks for how long the old secret is to go on working.
///
/// # Errors
/// The sentence to show under the field.
pub fn overlap(seconds: u32) -> Result<u32, String> {
    if seconds <= OVERLAP_DAYS_MAX * 86_400 {
        Ok(seconds)
    } else {
        Err(format!("The old secret key can go on working for at most {OVERLAP_DAYS_MAX} days."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_due_earlier() {
        let made = Timestamp::from_micros(0);
        assert_eq!(DUE_DAYS.of(Environment::Production, made), made.plus_days(90));
        assert_eq!(DUE_DAYS.of(Environment::Staging, made), made.plus_days(180));
        assert_eq!(DUE_DAYS.of(Environment::Development, made), made.plus_days(180));
    }

    #[test]
    fn an_overlap_is_thirty_days_at_most() {
        assert_eq!(overlap(30 * 86_400), Ok(2_592_000));
        assert!(overlap(30 * 86_400 + 1).is_err());
    }
}
