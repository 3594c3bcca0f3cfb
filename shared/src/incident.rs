//! A key that somebody else may have: what is done about it, all at once, and what it was used for.

use serde::{Deserialize, Serialize};

use crate::{
    IncidentId, KeyId, Timestamp, field,
    key::{KeyCreated, KeyView, REASON_MAX, words},
    usage::ReasonCount,
};

/// How many lines of its use a page shows; a download has all that are kept.
pub const LINES_SHOWN: usize = 100;

words! {
    /// What becomes of a compromised key.
    Containment {
        /// It is revoked, and another one takes its place: same name, role, environment, date, networks and limits.
        Replace = "replace", "Revoke and replace";
        /// It is revoked.
        Revoke = "revoke", "Revoke";
        /// It stays and gets another secret; all others end at once.
        Rotate = "rotate", "New secret, no overlap";
    }
}

/// A key is said to be compromised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyContainParams {
    /// Which key.
    pub id: KeyId,
    /// The version that was seen. Whoever sends the same twice is refused the second time.
    pub version: i64,
    /// What becomes of it.
    pub containment: Containment,
    /// What is known about it, for the team and for the audit trail.
    pub reason: String,
}

/// What was done about a compromised key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyContained {
    /// Ties together what the audit trail and the alert say about it.
    pub incident: IncidentId,
    /// The key as it is now.
    pub key: KeyView,
    /// The one in its place, or the key itself with its new secret. `None` when it was only revoked.
    pub created: Option<KeyCreated>,
    /// From this moment on what somebody else may have is refused everywhere.
    pub refused_since: Timestamp,
    /// How long it took from the request to that moment, in milliseconds.
    pub took_ms: u64,
}

/// In place of the permissions, which cannot be called so: all that a key did on a day beside what is kept one by one,
/// from whatever addresses and with whatever questions.
pub const ADDED_UP: &str = "*";

/// From one address, with one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityLine {
    /// Empty when whoever asked did not say, and where [`ADDED_UP`] stands for the permissions.
    pub address: String,
    /// The permissions that were asked for and held, with spaces between them; or [`ADDED_UP`].
    pub permissions: String,
    /// Of the last request.
    pub user_agent: Option<String>,
    /// The first of the days that are counted, at the earliest.
    pub first_at: Timestamp,
    /// When it was asked last.
    pub last_at: Timestamp,
    /// How often it was allowed.
    pub allowed: u64,
    /// How often it was refused.
    pub refused: u64,
}

/// What a key was used for since some moment. Requests are counted by days of UTC, so the first of them counts whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Since when.
    pub since: Timestamp,
    /// When this was read.
    pub now: Timestamp,
    /// The latest first.
    pub lines: Vec<ActivityLine>,
    /// How many more there are.
    pub more: u64,
    /// Why it was refused, from the hour of that moment on (of UTC); most frequent first.
    pub reasons: Vec<ReasonCount>,
}

/// Checks what is known about it; there has to be something.
///
/// # Errors
/// The sentence to show under the field.
pub fn reason(text: &str) -> Result<String, String> {
    let said = field::optional_line("The reason", text, REASON_MAX)?;
    said.ok_or_else(|| "Say what happened, for your team and for whoever reads the audit trail later.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_has_to_be_a_reason() {
        assert_eq!(reason(" it was in a log ").as_deref(), Ok("it was in a log"));
        for bad in ["", "  ", "a\nb", &"x".repeat(REASON_MAX + 1)] {
            assert!(reason(bad).is_err(), "{bad}");
        }
    }
}
