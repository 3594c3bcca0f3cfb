//! The audit trail: who did what, or tried to, as pages show it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, field};

/// How long a search text may be; more is cut off.
pub const SEARCH_MAX: usize = 100;
/// How long the name of an action, an id of whoever acted, of a target or of a request may be; longer ones match nothing.
pub const ID_MAX: usize = 100;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused: whoever tried it may not do it. Nothing was changed.
    Refused,
}

impl Outcome {
    /// The word in the database, in addresses and in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The outcome with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Done, Self::Refused].into_iter().find(|outcome| outcome.code() == code)
    }
}

/// Which entries a list shows: the part of the page that lives in its URL, but for the place in the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuditParams {
    /// Part of who acted, of the target's id, or of what is told of it. Empty: no search.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub search: String,
    /// The id of whoever acted: a member, a key, `operator` or `stranger`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// An action (`key.revoke`), or what all actions of a group start with (`key`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The id of what it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The id of the request that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Only what was done, or only what was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Not before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl AuditParams {
    /// Reads the query of `/audit`. A link may be old or mistyped: what it does not understand, it leaves out.
    pub fn from_query<'q>(get: impl Fn(&str) -> Option<Cow<'q, str>>) -> Self {
        let id = |name: &str| get(name).map(|text| field::search(&text, ID_MAX)).filter(|text| !text.is_empty());
        let end_of = |name: &str| get(name).and_then(|day| Timestamp::end_of_day(&day));
        Self {
            search: get("q").map(|text| field::search(&text, SEARCH_MAX)).unwrap_or_default(),
            actor: id("actor"),
            action: id("action"),
            target: id("target"),
            request: id("request"),
            outcome: get("outcome").and_then(|word| Outcome::from_code(&word)),
            from: end_of("from").map(|end| end.plus_days(-1)),
            to: end_of("to"),
        }
    }

    /// The fields that are set, as query pairs; the inverse of [`Self::from_query`]. Both days are whole.
    #[must_use]
    pub fn to_query(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("q", Some(&self.search).filter(|text| !text.is_empty())),
            ("actor", self.actor.as_ref()),
            ("action", self.action.as_ref()),
            ("target", self.target.as_ref()),
            ("request", self.request.as_ref()),
        ];
        let days = [("from", self.from.map(Timestamp::day)), ("to", self.to.map(Timestamp::last_day))];
        let outcome = self.outcome.map(|outcome| ("outcome", outcome.code().to_owned()));
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?.clone())));
        let days = days.into_iter().filter_map(|(name, day)| Some((name, day?)));
        texts.chain(outcome).chain(days).collect()
    }

    /// Whether anything narrows the list.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        *self != Self::default()
    }
}

/// One thing that an entry tells: a field before and after, or something that has no before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which field, in words: `Expires at`.
    pub field: String,
    /// What it was; `None` for nothing.
    pub before: Option<String>,
    /// What it is; `None` for nothing.
    pub after: Option<String>,
}

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number in the organization's chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The id of whoever did it.
    pub actor: String,
    /// A member's email, or a key's name and ID.
    pub actor_label: String,
    /// Noun and verb: `key.revoke`.
    pub action: String,
    /// What was done, as a person would say it: `Revoked the key Billing`.
    pub sentence: String,
    /// The id of what it was done to; may be empty.
    pub target: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether something became something else, so that differences matter.
    pub is_change: bool,
    /// What it was and what it is.
    pub changes: Vec<Change>,
    /// The reason that was given for it, or why it was refused.
    pub why: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Ties it to the log and to the answer.
    pub request_id: String,
    /// The entry's hash, which the next one carries, in hexadecimal digits.
    pub hash: String,
}

/// A part of the list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditList {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<String>,
    /// When this was read.
    pub now: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, String)]) -> AuditParams {
        AuditParams::from_query(|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| Cow::Borrowed(value.as_str()))
        })
    }

    #[test]
    fn the_query_reads_back_as_it_was_written() {
        let day = Timestamp::end_of_day("2026-11-23").expect("a day");
        let params = AuditParams {
            search: "Billing".to_owned(),
            actor: Some("mem_1".to_owned()),
            action: Some("key".to_owned()),
            target: Some("key_1".to_owned()),
            request: Some("req_1".to_owned()),
            outcome: Some(Outcome::Refused),
            from: Some(day.plus_days(-1)),
            to: Some(day),
        };
        let pairs = params.to_query();
        assert_eq!(read(&pairs), params);
        assert!(pairs.contains(&("from", "2026-11-23".to_owned())) && pairs.contains(&("to", "2026-11-23".to_owned())));
        assert_eq!(read(&[]), AuditParams::default());
        assert_eq!(read(&[("outcome", "x".to_owned()), ("from", "soon".to_owned())]), AuditParams::default());
    }
}
