//! Webhooks: where alerts are posted to, and what became of each message.

use serde::{Deserialize, Serialize};

use crate::{
    DeliveryId, Timestamp, WebhookId,
    alert::AlertKind,
    field,
    key::{RevealedSecret, words},
    page::Page,
};

/// How long an address may be.
pub const URL_MAX: usize = 500;
/// How long a description may be, in characters after trimming.
pub const DESCRIPTION_MAX: usize = 120;
/// How many webhooks an organization may have.
pub const WEBHOOKS_MAX: usize = 20;
/// For how many hours the secret before signs, too, after a rotation.
pub const OVERLAP_HOURS: i64 = 24;
/// How much is kept of what a receiver answers, in characters.
pub const ANSWER_MAX: usize = 500;

words! {
    /// Whether anything is posted there.
    WebhookStatus {
        /// Alerts are posted.
        Enabled = "enabled", "Enabled";
        /// Nothing is.
        Disabled = "disabled", "Disabled";
    }
}

words! {
    /// What became of a message.
    DeliveryStatus {
        /// It is to be sent, perhaps once more.
        Queued = "queued", "Queued";
        /// The receiver has taken it.
        Delivered = "delivered", "Delivered";
        /// Every try failed.
        Failed = "failed", "Failed";
        /// It was not sent: the webhook was disabled meanwhile.
        Dropped = "dropped", "Dropped";
    }
}

/// Where alerts are posted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookView {
    /// Which.
    pub id: WebhookId,
    /// Where.
    pub url: String,
    /// What it is for; may be empty.
    pub description: String,
    /// The kinds that are posted; empty: all of them.
    pub kinds: Vec<AlertKind>,
    /// Whether anything is posted.
    pub status: WebhookStatus,
    /// Why the server itself has disabled it.
    pub disabled_because: Option<String>,
    /// Since when every try fails.
    pub failing_since: Option<Timestamp>,
    /// Until when messages are signed with the secret before, too.
    pub previous_secret_until: Option<Timestamp>,
    /// Counts the edits.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// Who has added it.
    pub created_by: String,
}

/// All webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookList {
    /// The oldest first.
    pub webhooks: Vec<WebhookView>,
    /// When this was read.
    pub now: Timestamp,
}

/// What a webhook should be. Every field is sent, as the form shows every field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookParams {
    /// Which one, and the version that the form was filled from; `None` for a new one.
    pub of: Option<(WebhookId, i64)>,
    /// Where alerts are posted to.
    pub url: String,
    /// What it is for; may be empty.
    pub description: String,
    /// The kinds; empty: all of them.
    pub kinds: Vec<AlertKind>,
    /// Whether anything is posted.
    pub status: WebhookStatus,
}

/// A webhook with its new secret: the only answer that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRevealed {
    /// The webhook.
    pub webhook: WebhookView,
    /// What its messages are signed with, shown once.
    pub secret: RevealedSecret,
}

/// One message to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryView {
    /// Which; it is the `webhook-id` of every try.
    pub id: DeliveryId,
    /// `alert.expiring`, …, or `test`.
    pub event: String,
    /// What became of it.
    pub status: DeliveryStatus,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is tried next, while it is queued.
    pub next_at: Option<Timestamp>,
    /// Every try, the last one first.
    pub attempts: Vec<AttemptView>,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Why it failed; `None`: it did not.
    pub problem: Option<String>,
    /// The first characters of the answer, at most [`ANSWER_MAX`].
    pub answer: Option<String>,
}

/// One page of a webhook's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryList {
    /// Newest first.
    pub page: Page<DeliveryView>,
    /// When this was read.
    pub now: Timestamp,
}

/// Checks where alerts are to be posted to. Whether `http://` and addresses inside the own network are allowed is for the
/// server to say.
///
/// # Errors
/// The sentence to show under the field.
pub fn url(text: &str) -> Result<String, String> {
    let text = field::line("The address", text, URL_MAX)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let is_host = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    if !is_host || text.contains('#') || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("The address must look like https://example.com/hooks, without a password in it.".to_owned());
    }
    Ok(text)
}

/// Checks a description; empty is fine.
///
/// # Errors
/// The sentence to show under the field.
pub fn description(text: &str) -> Result<String, String> {
    field::optional_line("The description", text, DESCRIPTION_MAX).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_the_web_without_a_password() {
        for good in ["https://example.com", "https://example.com:8443/hooks?a=b", "http://[::1]:3000/", " https://a/b "]
        {
            assert_eq!(url(good).as_deref(), Ok(good.trim()));
        }
        let long = format!("https://{}", "a".repeat(URL_MAX));
        for bad in [
            "",
            "example.com",
            "ftp://a",
            "https://",
            "https:///x",
            "https://u:p@a",
            "https://a#b",
            "https://ä.de",
            &long,
        ] {
            assert!(url(bad).is_err(), "{bad:?}");
        }
    }
}
