//! What an alert tells: the facts as they are stored, and the sentence that pages, mails and messages say.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    IncidentId, Timestamp,
    alert::{Acknowledgement, AlertView, KeyRef, WINDOW_SECONDS},
    incident::Containment,
};

use crate::{
    db::{anydb::Moment, row::alert::AlertRow},
    failure::Failure,
};

/// The facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub(crate) enum Detail {
    /// So many refusals are a burst; `address` is set when they come from one.
    Burst { threshold: u32, address: Option<String> },
    /// A network of the key that is new.
    Network { network: String, address: String },
    /// Since when the key is not used; `None`: it never was.
    Unused { last_used_at: Option<Timestamp> },
    /// When the key expires, and within how many days that is.
    Expiring { expires_at: Timestamp, days: i64 },
    /// From when the secret is.
    Rotation { made_at: Timestamp, days: i64 },
    /// What was done about it, and what is known.
    Compromised { incident: IncidentId, reason: String, containment: Containment },
    /// How much of which limit is used.
    Limit { what: Limit, percent: u64, used: u64, limit: u64 },
}

/// A limit of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    Requests,
    Keys,
}

impl Limit {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Keys => "keys",
        }
    }
}

impl Detail {
    fn address(&self) -> Option<&str> {
        match self {
            Self::Burst { address, .. } => address.as_deref(),
            Self::Network { address, .. } => Some(address),
            _ => None,
        }
    }

    /// `key` is what the key is called, if the alert is about one.
    fn sentence(&self, key: Option<&str>, times: i64) -> String {
        let of = match (self, key) {
            (Self::Burst { address: Some(address), .. }, _) => format!("from {address}"),
            (_, Some(key)) => format!("of {key}"),
            (_, None) => "of all keys together".to_owned(),
        };
        let key = key.unwrap_or_default();
        let minutes = WINDOW_SECONDS / 60;
        match self {
            Self::Burst { threshold, .. } => {
                format!("{times} requests {of} were refused; {threshold} within {minutes} minutes are a burst.")
            }
            Self::Network { network, address } => {
                format!("{key} is used from {address}, and was never used from {network} before.")
            }
            Self::Unused { last_used_at: Some(at) } => {
                format!("{key} was not used since {}. Revoke it if nobody needs it.", at.day())
            }
            Self::Unused { last_used_at: None } => format!("{key} was never used. Revoke it if nobody needs it."),
            Self::Expiring { expires_at, .. } => format!("{key} expires at {}.", expires_at.exact()),
            Self::Rotation { made_at, days } => {
                format!("The secret of {key} is from {}, and due for rotation after {days} days.", made_at.day())
            }
            Self::Compromised { incident, reason, containment } => {
                let done = match containment {
                    Containment::Revoke => "It is revoked.",
                    Containment::Replace => "It is revoked, and another key takes its place.",
                    Containment::Rotate => "It has a new secret, and all others are refused.",
                };
                format!("{key} was compromised: {reason} {done} Look for {incident} in the audit trail.")
            }
            Self::Limit { what: Limit::Requests, percent, used, limit } => {
                format!("{percent} % of this month's requests are used: {used} of {limit}.")
            }
            Self::Limit { what: Limit::Keys, percent, used, limit } => {
                format!("{percent} % of the plan's active API keys are used: {used} of {limit}.")
            }
        }
    }
}

/// The alert as people see it. `mute` is the key's for this kind, if it has one that is not over.
pub(crate) fn view(
    row: AlertRow,
    key_name: Option<String>,
    mute: Option<Option<Moment>>,
) -> Result<AlertView, Failure> {
    let kind = row.kind()?;
    let detail: Detail = serde_json::from_str(&row.detail).map_err(Failure::broken)?;
    Ok(AlertView {
        id: row.id.0,
        kind,
        message: detail.sentence(key_name.as_deref(), row.times),
        address: detail.address().map(str::to_owned),
        key: row.key_id.zip(key_name).map(|(id, name)| KeyRef { id: id.0, name }),
        times: u64::try_from(row.times).unwrap_or(0),
        opened_at: row.opened_at.0,
        last_at: row.last_at.0,
        acknowledged: row.acknowledged_at.zip(row.acknowledged_by).map(|(at, by)| Acknowledgement { at: at.0, by }),
        muted: mute.map(|until| until.map(|until| until.0)),
    })
}

/// The alert as programs are told of it when it is raised.
pub(super) fn message(view: &AlertView) -> Value {
    json!({
        "id": view.id,
        "kind": view.kind,
        "message": view.message,
        "key": view.key,
        "address": view.address,
        "times": view.times,
        "opened_at": view.opened_at.rfc3339(),
    })
}
