//! The whitelist: the addresses that an organization's keys may be used from, and each key's own list.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{KeyId, NetworkId, Timestamp, field, network::Network, page::Page, role::KeyHolder};

/// How long a label may be, in characters after trimming.
pub const LABEL_MAX: usize = 80;
/// How many entries a whitelist may have, whatever the plan says.
pub const ENTRIES_MAX: u64 = 10_000;
/// How many addresses may be added at once.
pub const LINES_MAX: usize = 200;
/// How many addresses a key's own list may have.
pub const KEY_NETWORKS_MAX: usize = 100;
/// How far back "report only" looks.
pub const REPORT_DAYS: i64 = 7;
/// How far back it is looked for those whom switching on would shut out.
pub const PREVIEW_DAYS: i64 = 30;
/// How many callers are shown one by one.
pub const CALLERS_SHOWN: usize = 100;
/// How long a search text may be; more is cut off.
pub const SEARCH_MAX: usize = 100;

/// What is done about requests from addresses that are not on the whitelist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhitelistMode {
    /// Nothing.
    Off,
    /// They are allowed and counted.
    Report,
    /// They are refused.
    On,
}

impl WhitelistMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Report, Self::On];

    /// The word in the database and in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Report => "report",
            Self::On => "on",
        }
    }

    /// The mode with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.code() == code)
    }

    /// The word on the page.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Report => "Report only",
            Self::On => "On",
        }
    }
}

/// One entry of the whitelist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistEntry {
    /// Which.
    pub id: NetworkId,
    /// The address or the range.
    pub network: Network,
    /// What people call it; may be empty.
    pub label: String,
    /// Counts the edits.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// Whoever added it: a member's email, or a key's name and ID.
    pub created_by: String,
}

impl WhitelistEntry {
    /// `203.0.113.0/24 (Office)`
    #[must_use]
    pub fn said(&self) -> String {
        let Self { network, label, .. } = self;
        if label.is_empty() { network.to_string() } else { format!("{network} ({label})") }
    }

    /// Whether a search finds it: by a part of its text or its label, in lower case, or by an address that it contains.
    #[must_use]
    pub fn matches(&self, wanted: &str) -> bool {
        self.network.to_string().contains(wanted)
            || self.label.to_lowercase().contains(wanted)
            || Network::read(wanted).is_ok_and(|network| self.network.contains(network))
    }
}

/// How many entries there are, and how many the plan allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistAllowance {
    /// How many there are.
    pub used: u64,
    /// How many the plan allows; `None` for no limit.
    pub limit: Option<u64>,
    /// The plan's name.
    pub plan: String,
}

impl WhitelistAllowance {
    /// Whether there is no room for another one.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.used >= self.limit.unwrap_or(ENTRIES_MAX).min(ENTRIES_MAX)
    }

    /// `3 / 50 IPs used`
    #[must_use]
    pub fn said(&self) -> String {
        let used = self.used;
        self.limit.map_or_else(|| format!("{used} IPs used"), |limit| format!("{used} / {limit} IPs used"))
    }
}

/// The whitelist as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistStanding {
    /// What it does.
    pub mode: WhitelistMode,
    /// Counts the changes of the mode and of the entries.
    pub version: i64,
    /// How many entries there are.
    pub allowance: WhitelistAllowance,
}

/// A key in use from an address that is not on the whitelist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistCaller {
    /// Which key; `None` when the person looking may not see keys.
    pub key: Option<KeyHolder>,
    /// From where; `None` when that was not known, which no list allows.
    pub address: Option<Network>,
    /// How many requests.
    pub requests: u64,
    /// When the last one was.
    pub last_at: Timestamp,
}

/// Keys in use from addresses that are not on the whitelist, by key and address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistCallers {
    /// Those with the latest requests first, at most [`CALLERS_SHOWN`].
    pub callers: Vec<WhitelistCaller>,
    /// How many there are.
    pub total: u64,
    /// How many requests of theirs there were.
    pub requests: u64,
    /// How many more requests there were from addresses that were not kept one by one, as a key had too many of them on a
    /// day: nobody can say whether those are on the whitelist.
    pub scattered: u64,
    /// When this was read.
    pub now: Timestamp,
}

/// Which entries the table shows: the part of the page that lives in its URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistListParams {
    /// Part of an address or a label, or an address that entries contain. Empty: no search.
    pub search: String,
    /// Which page, from 1.
    pub page: u32,
}

impl Default for WhitelistListParams {
    fn default() -> Self {
        Self { search: String::new(), page: 1 }
    }
}

impl WhitelistListParams {
    /// Reads the query of `/whitelist`. A link may be old or mistyped: what it does not understand, it leaves at its
    /// default.
    pub fn from_query<'q>(get: impl Fn(&str) -> Option<Cow<'q, str>>) -> Self {
        Self {
            search: get("q").map(|v| field::search(&v, SEARCH_MAX)).unwrap_or_default(),
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
        if self.page > 1 {
            pairs.push(("page", self.page.to_string()));
        }
        pairs
    }
}

/// One page of the whitelist, and what the page around it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistList {
    /// The entries, newest first.
    pub page: Page<WhitelistEntry>,
    /// The whitelist as a whole.
    pub standing: WhitelistStanding,
    /// Who would have been refused in the last [`REPORT_DAYS`]; only for [`WhitelistMode::Report`].
    pub reported: Option<WhitelistCallers>,
    /// When this was read.
    pub now: Timestamp,
}

/// An address with its label, as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistLine {
    /// An address or a range.
    pub address: String,
    /// What people call it; may be empty.
    pub label: String,
}

impl WhitelistLine {
    /// Reads lines such as `203.0.113.0/24 Office`; between the two may stand a comma, a semicolon, a tab or a `#`.
    pub fn read_all(text: &str) -> Vec<Self> {
        let is_between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '#');
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let read = |line: &str| {
            let (address, label) = line.split_once(is_between).unwrap_or((line, ""));
            Self { address: address.to_owned(), label: label.trim_start_matches(is_between).to_owned() }
        };
        lines.map(read).collect()
    }
}

/// What `Add IP` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistCreateParams {
    /// What is added.
    pub line: WhitelistLine,
    /// Whether it is added even if there is something to warn about.
    pub accept: bool,
}

/// What `Add IPs` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistAddParams {
    /// What is added, at most [`LINES_MAX`].
    pub lines: Vec<WhitelistLine>,
    /// Whether that is added, too, which there is something to warn about.
    pub accept: bool,
}

/// What became of an entry, and what there is to know about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistSaved {
    /// The entry as it is now.
    pub entry: WhitelistEntry,
    /// That it is very broad, or overlaps others.
    pub warnings: Vec<String>,
}

/// What became of one of many lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineOutcome {
    /// It is on the whitelist now.
    Added(WhitelistSaved),
    /// It was left out until somebody accepts this.
    Unsure {
        /// What there is to warn about.
        warnings: Vec<String>,
    },
    /// It cannot be added.
    Refused {
        /// Why.
        message: String,
    },
}

/// What `Save Changes` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistUpdateParams {
    /// Which entry.
    pub id: NetworkId,
    /// The version that the form was filled from.
    pub version: i64,
    /// What it is to be.
    pub line: WhitelistLine,
    /// Whether it is saved even if there is something to warn about.
    pub accept: bool,
}

/// What the switch sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhitelistModeParams {
    /// The version of the whole that the person has seen.
    pub version: i64,
    /// What it is to do from now on.
    pub mode: WhitelistMode,
    /// Whether it may be switched on while it is empty, so that nobody gets through.
    pub accept_empty: bool,
}

/// A key's own list: from where it may be used, whatever else the whitelist says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyNetworks {
    /// Whose.
    pub key: KeyId,
    /// In order; none: from anywhere.
    pub networks: Vec<Network>,
}

/// What `Save Changes` of a key's own list sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyNetworksUpdateParams {
    /// The list when the form was loaded.
    pub before: KeyNetworks,
    /// All of the list from now on, as typed.
    pub networks: Vec<String>,
}

/// Cleans a label; it may stay empty.
///
/// # Errors
/// A sentence for whoever has typed it.
pub fn label(text: &str) -> Result<String, String> {
    field::optional_line("The label", text, LABEL_MAX).map(Option::unwrap_or_default)
}

/// Cleans a key's own list: in order, each network once.
///
/// # Errors
/// A sentence that names the line.
pub fn key_networks<S: AsRef<str>>(lines: &[S]) -> Result<Vec<Network>, String> {
    let read = |(at, line): (usize, &S)| Network::read(line.as_ref()).map_err(|why| format!("Line {}: {why}", at + 1));
    let mut networks = lines.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    networks.sort_unstable();
    networks.dedup();
    match networks.len() {
        0..=KEY_NETWORKS_MAX => Ok(networks),
        n => Err(format!("A key's own list may have at most {KEY_NETWORKS_MAX} entries; this has {n}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_reads_back_as_it_was_written() {
        let params = WhitelistListParams { search: "10.0.0.0/8".to_owned(), page: 3 };
        let pairs = params.to_query();
        let read = WhitelistListParams::from_query(|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| Cow::Borrowed(value.as_str()))
        });
        assert_eq!(read, params);
        assert_eq!(WhitelistListParams::from_query(|_| None), WhitelistListParams::default());
    }

    #[test]
    fn pasted_lines_have_an_address_and_perhaps_a_label() {
        let text =
            "203.0.113.0/24 Office Berlin\n\n  2001:db8::/48\t# Data centre\r\n198.51.100.7, VPN; old\n192.0.2.1";
        let lines = WhitelistLine::read_all(text);
        let read: Vec<_> = lines.iter().map(|line| (line.address.as_str(), line.label.as_str())).collect();
        assert_eq!(
            read,
            [
                ("203.0.113.0/24", "Office Berlin"),
                ("2001:db8::/48", "Data centre"),
                ("198.51.100.7", "VPN; old"),
                ("192.0.2.1", "")
            ]
        );
    }

    #[test]
    fn a_keys_own_list_is_sorted_and_names_the_line_that_is_wrong() {
        let networks = key_networks(&["10.0.0.1", "2001:db8::/32", "10.0.0.0/8", "10.0.0.9/8"]).expect("a list");
        assert_eq!(
            networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.0/8", "10.0.0.1", "2001:db8::/32"]
        );
        assert!(key_networks(&["10.0.0.1", "x"]).is_err_and(|why| why.starts_with("Line 2: ")));
        let many: Vec<_> = (0..=KEY_NETWORKS_MAX).map(|n| format!("10.0.0.{n}")).collect();
        assert!(key_networks(&many).is_err_and(|why| why.contains("at most 100")));
    }

    #[test]
    fn an_entry_is_found_by_its_text_its_label_and_an_address_within() {
        let entry = WhitelistEntry {
            id: NetworkId::from_bits(1),
            network: "10.0.0.0/8".parse().expect("a network"),
            label: "Büro Köln".to_owned(),
            version: 1,
            created_at: Timestamp::from_micros(0),
            created_by: String::new(),
        };
        for wanted in ["", "10.0", "köln", "10.200.3.4", "10.1.0.0/16", "::ffff:10.1.1.1"] {
            assert!(entry.matches(wanted), "{wanted}");
        }
        for wanted in ["11.0.0.1", "berlin", "0.0.0.0/0"] {
            assert!(!entry.matches(wanted), "{wanted}");
        }
    }
}
