//! API keys as people see and change them.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    KeyId, RoleId, Timestamp,
    alert::MuteView,
    explain::RefusalView,
    field,
    limit::RateLimitsView,
    page::Page,
    role::{RoleChoice, RoleRef},
    rotation::RetiringSecret,
    usage::UsageSeries,
    whitelist::KeyNetworks,
};

/// How long a key's name may be, in characters after trimming.
pub const NAME_MAX: usize = 80;
/// How long the reason for a revocation may be, in characters after trimming.
pub const REASON_MAX: usize = 200;
/// How long the notes about a key may be, in characters after trimming.
pub const NOTES_MAX: usize = 2_000;
/// How long the line that says where a key is deployed may be, in characters after trimming.
pub const DEPLOYED_TO_MAX: usize = 200;
/// How long a search text may be; more is cut off.
pub const SEARCH_MAX: usize = 100;
/// After how many days without a request a key counts as unused.
pub const UNUSED_DAYS: i64 = 90;
/// How many days before its date a key counts as expiring.
pub const EXPIRING_DAYS: i64 = 14;
/// Refusals rise when there were at least so many in the last 24 hours …
pub const RISING_MIN: i64 = 10;
/// … and more than so many times the average of 24 hours in the [`RISING_DAYS`] days before.
pub const RISING_FACTOR: i64 = 2;
/// How many days the last 24 hours are compared with.
pub const RISING_DAYS: i64 = 7;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $code)] $variant,)*
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some([$($code,)*])).into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl $name {
            /// All of them, in the order in which pages offer them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in URLs, JSON and the database.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The word on pages.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The inverse of [`Self::code`].
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.code() == code)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a key is used. It is part of the secret, so that a leaked one tells how bad the leak is.
    Environment {
        /// Live traffic.
        Production = "production", "Production";
        /// The rehearsal.
        Staging = "staging", "Staging";
        /// Somebody's desk.
        Development = "development", "Development";
    }
}

words! {
    /// What a key is at a given moment. Only active keys verify.
    KeyStatus {
        /// Verifies.
        Active = "active", "Active";
        /// Refused until somebody resumes it.
        Paused = "paused", "Paused";
        /// Refused because its date has passed; moving the date brings it back.
        Expired = "expired", "Expired";
        /// Refused for good.
        Revoked = "revoked", "Revoked";
    }
}

words! {
    /// Which keys the table shows.
    StatusFilter {
        /// All that can still be used or brought back.
        Current = "current", "Not revoked";
        /// Only active ones.
        Active = "active", "Active";
        /// Only paused ones.
        Paused = "paused", "Paused";
        /// Only those past their date.
        Expired = "expired", "Expired";
        /// Only revoked ones.
        Revoked = "revoked", "Revoked";
        /// Every key there ever was.
        All = "all", "All";
    }
}

words! {
    /// What a key may need somebody's attention for. Only active keys do.
    Attention {
        /// It made no request for [`UNUSED_DAYS`] days, and is older than that.
        Unused = "unused", "Unused for 90 days";
        /// Its secret is older than the organization wants it to be ([`crate::rotation::DueDays`]).
        Due = "due", "Due for rotation";
        /// It expires within [`EXPIRING_DAYS`] days.
        Expiring = "expiring", "Expiring soon";
        /// It was refused far more often in the last 24 hours than on the days before.
        Rising = "rising", "Refusals rising";
    }
}

words! {
    /// By which column the table is sorted.
    KeySort {
        /// When it was made.
        Created = "created", "Created";
        /// By name, without regard to case.
        Name = "name", "Name";
        /// When it was last used; keys never used come last in either direction.
        LastUsed = "last_used", "Last used";
    }
}

/// What the table shows: the part of the page that lives in its URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyListParams {
    /// Part of a name, a key ID, or the last four characters of a secret. Empty: no search.
    pub search: String,
    /// Only keys with this role.
    pub role: Option<RoleId>,
    /// Only keys of this environment.
    pub environment: Option<Environment>,
    /// Only keys in this state.
    pub status: StatusFilter,
    /// Only keys that made no request for [`UNUSED_DAYS`] days, or never did.
    pub unused: bool,
    /// Only keys that need attention for this.
    pub attention: Option<Attention>,
    /// The column.
    pub sort: KeySort,
    /// Smallest first.
    pub ascending: bool,
    /// Which page, from 1.
    pub page: u32,
}

impl Default for KeyListParams {
    fn default() -> Self {
        Self {
            search: String::new(),
            role: None,
            environment: None,
            status: StatusFilter::Current,
            unused: false,
            attention: None,
            sort: KeySort::Created,
            ascending: false,
            page: 1,
        }
    }
}

impl KeyListParams {
    /// Reads the query of `/keys`. A link may be old or mistyped: what it does not understand, it leaves at its default.
    pub fn from_query<'q>(get: impl Fn(&str) -> Option<Cow<'q, str>>) -> Self {
        let default = Self::default();
        let sort = get("sort").and_then(|v| KeySort::from_code(&v)).unwrap_or(default.sort);
        Self {
            search: get("q").map(|v| search(&v)).unwrap_or_default(),
            role: get("role").and_then(|v| v.parse().ok()),
            environment: get("environment").and_then(|v| Environment::from_code(&v)),
            status: get("status").and_then(|v| StatusFilter::from_code(&v)).unwrap_or(default.status),
            unused: get("unused").is_some_and(|v| v == "true"),
            attention: get("attention").and_then(|v| Attention::from_code(&v)),
            sort,
            // Names read from A, dates from the newest.
            ascending: get("order").map_or(sort == KeySort::Name, |v| v == "asc"),
            page: get("page").and_then(|v| v.parse().ok()).unwrap_or(1).max(1),
        }
    }

    /// The fields that differ from the default, as query pairs; the inverse of [`Self::from_query`].
    #[must_use]
    pub fn to_query(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if !self.search.is_empty() {
            pairs.push(("q", self.search.clone()));
        }
        if let Some(role) = self.role {
            pairs.push(("role", role.to_string()));
        }
        if let Some(environment) = self.environment {
            pairs.push(("environment", environment.code().to_owned()));
        }
        if self.status != StatusFilter::Current {
            pairs.push(("status", self.status.code().to_owned()));
        }
        if self.unused {
            pairs.push(("unused", "true".to_owned()));
        }
        if let Some(attention) = self.attention {
            pairs.push(("attention", attention.code().to_owned()));
        }
        if self.sort != KeySort::Created {
            pairs.push(("sort", self.sort.code().to_owned()));
        }
        if self.ascending != (self.sort == KeySort::Name) {
            pairs.push(("order", if self.ascending { "asc" } else { "desc" }.to_owned()));
        }
        if self.page > 1 {
            pairs.push(("page", self.page.to_string()));
        }
        pairs
    }

    /// Whether anything narrows the list, so that an empty one means "no match" and not "no keys".
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !self.search.is_empty()
            || self.role.is_some()
            || self.environment.is_some()
            || self.status != StatusFilter::Current
            || self.unused
            || self.attention.is_some()
    }
}

/// When and from where a key was last used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUsed {
    /// When.
    pub at: Timestamp,
    /// The client's address.
    pub address: String,
}

/// Who ended a key, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Whoever did it: a member's email, or a key's name and ID.
    pub by: String,
    /// The reason given, if any.
    pub reason: Option<String>,
}

/// A key as the table and the dialogs show it. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// The public identifier; fixed for ever.
    pub id: KeyId,
    /// The label people gave it.
    pub name: String,
    /// Its role.
    pub role: RoleRef,
    /// Where it is used.
    pub environment: Environment,
    /// What it is at the moment of the answer.
    pub status: KeyStatus,
    /// Counts the edits; an edit names the version it was made from.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whoever made it.
    pub created_by: String,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// The last four characters of its current secret, to tell which one an application holds.
    pub secret_last4: String,
    /// When that was made.
    pub secret_created_at: Timestamp,
    /// When it is time for another one. `None` for a key that is revoked.
    pub rotation_due_at: Option<Timestamp>,
    /// The secret before it, as long as that works, too.
    pub retiring: Option<RetiringSecret>,
    /// `None`: never used.
    pub last_used: Option<LastUsed>,
    /// Set when revoked.
    pub revoked: Option<Revocation>,
    /// What people have written down about it; may be empty, and have several lines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Where it is deployed; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub deployed_to: String,
}

/// How many keys count against the plan, and how many it allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAllowance {
    /// Active and paused keys. Revoked and expired ones do not count.
    pub used: u64,
    /// `None`: no limit.
    pub limit: Option<u64>,
    /// The plan's name.
    pub plan: String,
}

impl KeyAllowance {
    /// Whether no further key fits.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.limit.is_some_and(|limit| self.used >= limit)
    }
}

/// Everything the API Keys tab shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    /// The rows of this page.
    pub page: Page<KeyView>,
    /// Whether the organization ever had a key that is not revoked now, whatever the filters.
    pub any: bool,
    /// The plan's limit.
    pub allowance: KeyAllowance,
    /// The roles, for the filter and for the dialogs.
    pub roles: Vec<RoleChoice>,
    /// The server's clock, so that "5 minutes ago" reads the same before and after hydration.
    pub now: Timestamp,
}

/// A key, and what its page needs around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDetail {
    /// The key.
    pub key: KeyView,
    /// What whoever used it last said it is; `None` also when it was never used.
    pub user_agent: Option<String>,
    /// The roles, for the dialogs.
    pub roles: Vec<RoleChoice>,
    /// The server's clock.
    pub now: Timestamp,
}

/// Everything that a key's own page shows: one answer, so that its parts belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPage {
    /// The key itself.
    pub detail: KeyDetail,
    /// From where it may be used.
    pub networks: KeyNetworks,
    /// How often it may be used, and how much of that is used.
    pub limits: RateLimitsView,
    /// How it is used; `None` for those who may not see it.
    pub traffic: Option<KeyTraffic>,
    /// What was done to it last, the newest first; `None` for those who may not see it.
    pub acts: Option<Vec<KeyAct>>,
}

/// How a key is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTraffic {
    /// Requests and refusals over the window that is asked for.
    pub usage: UsageSeries,
    /// The last refusals, the newest first.
    pub refusals: Vec<RefusalView>,
    /// The kinds of alerts for which it is muted.
    pub mutes: Vec<MuteView>,
}

/// Something that was done to a key, or tried in vain. The audit trail has all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAct {
    /// When.
    pub at: Timestamp,
    /// What, as a person would say it.
    pub sentence: String,
    /// Who: a member's email, or a key's name and ID.
    pub by: String,
    /// Whether it was refused.
    pub refused: bool,
}

/// What a new key should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCreateParams {
    /// 1 to [`NAME_MAX`] characters after trimming.
    pub name: String,
    /// One the creator may assign.
    pub role: RoleId,
    /// Where it will be used.
    pub environment: Environment,
    /// From when on it is refused; in the future. `None` for never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Drawn by the form when it opens: sending the same form twice makes one key. 16 to 64 letters and digits.
    #[serde(default)]
    pub form_token: Option<String>,
}

/// What a key should become. Every field is sent, as the form shows every field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUpdateParams {
    /// Which key.
    pub id: KeyId,
    /// The version the form was filled from; another one by now is a conflict.
    pub version: i64,
    /// 1 to [`NAME_MAX`] characters after trimming.
    pub name: String,
    /// One the editor may assign, or the one it has.
    pub role: RoleId,
    /// Where it is used.
    pub environment: Environment,
    /// From when on it is refused; `None` for never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// What is written down about a key. It has a form of its own, on the key's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyNotesParams {
    /// Which key.
    pub id: KeyId,
    /// The version the form was filled from; another one by now is a conflict.
    pub version: i64,
    /// Up to [`NOTES_MAX`] characters after trimming, in any number of lines.
    pub notes: String,
    /// Up to [`DEPLOYED_TO_MAX`] characters after trimming.
    pub deployed_to: String,
}

/// A secret on its one way to the person who asked for it.
///
/// It can be serialized because it has to reach the browser once; it cannot be printed by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RevealedSecret(String);

impl RevealedSecret {
    /// Wraps the secret for the one answer that shows it.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RevealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevealedSecret(…)")
    }
}

/// The answer to a creation: the only one that ever holds the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCreated {
    /// The new key.
    pub key: KeyView,
    /// Its secret, shown once.
    pub secret: RevealedSecret,
    /// How many other keys that are not revoked have the same name.
    pub same_name: u64,
}

/// The answer to a revocation or a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRefused {
    /// The key as it is now.
    pub key: KeyView,
    /// From this moment on it is refused everywhere.
    pub refused_since: Timestamp,
    /// How long it took from the request to that moment, in milliseconds.
    pub took_ms: u64,
}

/// Checks a key's name.
///
/// # Errors
/// The sentence to show under the field.
pub fn name(text: &str) -> Result<String, String> {
    field::line("Key Name", text, NAME_MAX)
}

/// What is searched for when somebody has typed this: trimmed, without control characters, and cut at [`SEARCH_MAX`].
#[must_use]
pub fn search(text: &str) -> String {
    field::search(text, SEARCH_MAX)
}

/// Checks the reason for a revocation; empty is fine.
///
/// # Errors
/// The sentence to show under the field.
pub fn reason(text: &str) -> Result<Option<String>, String> {
    field::optional_line("The reason", text, REASON_MAX)
}

/// Checks the notes about a key; empty is fine.
///
/// # Errors
/// The sentence to show under the field.
pub fn notes(text: &str) -> Result<String, String> {
    field::lines("The notes", text, NOTES_MAX)
}

/// Checks the line that says where a key is deployed; empty is fine.
///
/// # Errors
/// The sentence to show under the field.
pub fn deployed_to(text: &str) -> Result<String, String> {
    field::optional_line("Where it is deployed", text, DEPLOYED_TO_MAX).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> KeyListParams {
        KeyListParams::from_query(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into()))
    }

    #[test]
    fn a_view_survives_its_url() {
        let params = KeyListParams {
            search: "billing & co".to_owned(),
            role: Some(RoleId::from_bits(9)),
            environment: Some(Environment::Staging),
            status: StatusFilter::Revoked,
            unused: true,
            attention: Some(Attention::Due),
            sort: KeySort::Name,
            ascending: false,
            page: 3,
        };
        let query = params.to_query();
        let pairs: Vec<_> = query.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(read(&pairs), params);
        assert_eq!(KeyListParams::default().to_query(), []);
        assert_eq!(read(&[]), KeyListParams::default());
    }

    #[test]
    fn a_mistyped_link_falls_back_to_the_default() {
        let params = read(&[
            ("status", "nope"),
            ("role", "key_1"),
            ("page", "-4"),
            ("sort", ""),
            ("unused", "yes"),
            ("attention", ""),
        ]);
        assert_eq!(params, KeyListParams::default());
    }

    #[test]
    fn a_secret_cannot_be_printed_by_accident() {
        assert_eq!(format!("{:?}", RevealedSecret::new("ipaware_prod_x".to_owned())), "RevealedSecret(…)");
    }
}
