//! Alerts: what somebody should look at, when it is raised, and who hears of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{AlertId, KeyId, Timestamp, key::words, page::Page, webhook::WebhookList};

/// Refusals are counted over so many seconds.
pub const WINDOW_SECONDS: i64 = 300;
/// How low and how high a threshold can be.
pub const THRESHOLD_BOUNDS: (u32, u32) = (5, 10_000);
/// How many days before a key expires somebody is told, each once.
pub const EXPIRY_DAYS: [i64; 3] = [1, 7, 14];
/// How much of a plan's limit is used when somebody is told, in percent, each once.
pub const PLAN_PERCENTS: [u64; 2] = [100, 80];
/// For how many days a key can be muted, besides for good.
pub const MUTE_DAYS: [i64; 3] = [1, 7, 30];

words! {
    /// What an alert is about.
    AlertKind {
        /// One key was refused unusually often.
        KeyRefusals = "key_refusals", "Refusals of a key";
        /// Requests from one address were.
        AddressRefusals = "address_refusals", "Refusals from an address";
        /// Requests of the whole organization were.
        OrganizationRefusals = "organization_refusals", "Refusals in all";
        /// A key is used from a network that it was never used from before.
        NewNetwork = "new_network", "New network";
        /// A key was not used for a long time.
        Unused = "unused", "Unused key";
        /// A key expires soon.
        Expiring = "expiring", "Expiring key";
        /// A secret is old.
        RotationDue = "rotation_due", "Rotation due";
        /// Little is left of what the plan allows.
        PlanLimit = "plan_limit", "Plan limit";
        /// Somebody said that a key is compromised, and contained it.
        Compromised = "compromised", "Compromised key";
    }
}

impl AlertKind {
    /// Whether a key can be muted for it: it is about one, and there may be good reasons not to look at it.
    #[must_use]
    pub const fn can_be_muted(self) -> bool {
        !matches!(self, Self::AddressRefusals | Self::OrganizationRefusals | Self::PlanLimit | Self::Compromised)
    }
}

words! {
    /// Which alerts the list shows.
    AlertFilter {
        /// Those that nobody has acknowledged.
        Open = "open", "Open";
        /// Those that somebody has.
        Acknowledged = "acknowledged", "Acknowledged";
        /// Every one.
        All = "all", "All";
    }
}

/// The key that an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AlertKey))]
pub struct KeyRef {
    /// Which.
    pub id: KeyId,
    /// What it is called.
    pub name: String,
}

/// Who has seen to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// When.
    pub at: Timestamp,
    /// A member's email, or a key's name and ID.
    pub by: String,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertView {
    /// Which.
    pub id: AlertId,
    /// What it is about.
    pub kind: AlertKind,
    /// What has happened, in a sentence.
    pub message: String,
    /// The key that it is about, if it is about one.
    pub key: Option<KeyRef>,
    /// Where the refused requests came from, or the use.
    pub address: Option<String>,
    /// How many refusals there were; 1 for what happens once.
    pub times: u64,
    /// When it was raised.
    pub opened_at: Timestamp,
    /// When it happened last.
    pub last_at: Timestamp,
    /// Who has seen to it; `None`: nobody yet.
    pub acknowledged: Option<Acknowledgement>,
    /// Until when the key is muted for this kind; `Some(None)` for good.
    pub muted: Option<Option<Timestamp>>,
}

/// Which alerts the page shows: the part of it that lives in its URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertListParams {
    /// Acknowledged or not.
    pub state: AlertFilter,
    /// Only of this kind.
    pub kind: Option<AlertKind>,
    /// Only about this key.
    pub key: Option<KeyId>,
    /// Which page, from 1.
    pub page: u32,
}

impl Default for AlertListParams {
    fn default() -> Self {
        Self { state: AlertFilter::Open, kind: None, key: None, page: 1 }
    }
}

impl AlertListParams {
    /// Reads the query of `/alerts`. A link may be old or mistyped: what it does not understand, it leaves at its default.
    pub fn from_query<'q>(get: impl Fn(&str) -> Option<Cow<'q, str>>) -> Self {
        Self {
            state: get("state").and_then(|v| AlertFilter::from_code(&v)).unwrap_or(AlertFilter::Open),
            kind: get("kind").and_then(|v| AlertKind::from_code(&v)),
            key: get("key").and_then(|v| v.parse().ok()),
            page: get("page").and_then(|v| v.parse().ok()).unwrap_or(1).max(1),
        }
    }

    /// The fields that differ from the default, as query pairs; the inverse of [`Self::from_query`].
    #[must_use]
    pub fn to_query(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if self.state != AlertFilter::Open {
            pairs.push(("state", self.state.code().to_owned()));
        }
        if let Some(kind) = self.kind {
            pairs.push(("kind", kind.code().to_owned()));
        }
        if let Some(key) = self.key {
            pairs.push(("key", key.to_string()));
        }
        if self.page > 1 {
            pairs.push(("page", self.page.to_string()));
        }
        pairs
    }

    /// Whether anything narrows the list.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.state != AlertFilter::Open || self.kind.is_some() || self.key.is_some()
    }
}

/// One page of the alerts, and what the page around it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertList {
    /// Newest first.
    pub page: Page<AlertView>,
    /// How many nobody has acknowledged, whatever the filters.
    pub open: u64,
    /// Whether there ever was one.
    pub any: bool,
    /// The key that the list is narrowed to, if there is such a key.
    pub key: Option<KeyRef>,
    /// When this was read.
    pub now: Timestamp,
}

/// From when on refusals are a burst, and which alerts are mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSettings {
    /// So many refusals of one key within [`WINDOW_SECONDS`].
    pub key_refusals: u32,
    /// So many from one address.
    pub address_refusals: u32,
    /// So many in all.
    pub organization_refusals: u32,
    /// The kinds that the Owner and the Admins hear of by mail.
    pub mailed: Vec<AlertKind>,
    /// Counts the edits.
    pub version: i64,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            key_refusals: 20,
            address_refusals: 50,
            organization_refusals: 200,
            mailed: AlertKind::ALL.to_vec(),
            version: 0,
        }
    }
}

/// The settings of the alerts, for the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSettingsView {
    /// What is set.
    pub settings: AlertSettings,
    /// Whether a mail server is set up. Without one no alert is mailed.
    pub has_mail: bool,
}

/// A key whose alerts of one kind are not raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteView {
    /// The key.
    pub key: KeyRef,
    /// The kind.
    pub kind: AlertKind,
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
    /// Who has muted it.
    pub by: String,
}

/// Everything that the settings' page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSettingsPage {
    /// From when on there are alerts, and which are mailed.
    pub settings: AlertSettingsView,
    /// Which keys are muted, and for what.
    pub mutes: Vec<MuteView>,
    /// Where alerts are posted to; `None` for those who may not see it.
    pub webhooks: Option<WebhookList>,
}

/// Checks a threshold.
///
/// # Errors
/// The sentence to show under the field.
pub fn threshold(text: &str) -> Result<u32, String> {
    let (min, max) = THRESHOLD_BOUNDS;
    let number = text.trim().parse().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| format!("The threshold must be a whole number from {min} to {max}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_reads_back_as_it_was_written() {
        let params = AlertListParams {
            state: AlertFilter::All,
            kind: Some(AlertKind::NewNetwork),
            key: Some(KeyId::from_bits(7)),
            page: 3,
        };
        let pairs = params.to_query();
        let read = AlertListParams::from_query(|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| Cow::Borrowed(value.as_str()))
        });
        assert_eq!(read, params);
        assert_eq!(AlertListParams::from_query(|_| None), AlertListParams::default());
    }

    #[test]
    fn a_threshold_has_bounds() {
        assert_eq!(threshold(" 20 "), Ok(20));
        for bad in ["", "4", "10001", "-7", "2.5", "many"] {
            assert!(threshold(bad).is_err_and(|why| why.contains("from 5 to 10000")), "{bad}");
        }
    }
}
