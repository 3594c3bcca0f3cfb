//! "Why is it refused?": the rules of a verification, told one by one.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, key::words, verify::Refusal};

/// How long the names of the permissions that are asked for may be together, in characters.
pub const PERMISSIONS_MAX: usize = 1_000;

words! {
    /// What a genuine secret is judged by, in this order.
    Rule {
        /// The key belongs to the organization that is asked about.
        Organization = "organization", "Organization";
        /// Only active keys verify.
        Status = "status", "Status";
        /// The old secret of a rotation works until its moment.
        Secret = "secret", "Secret key";
        /// The key's own list of addresses.
        KeyNetworks = "key_networks", "The key's networks";
        /// The organization's list of addresses.
        Whitelist = "whitelist", "Whitelist";
        /// The role holds everything that is asked for.
        Permission = "permission", "Permission";
        /// What the key's own limits allow in a second, a minute, an hour or a day.
        RateLimits = "rate_limits", "The key's limits";
        /// What the plan allows in a month.
        MonthlyRequests = "monthly_requests", "Monthly requests";
    }
}

words! {
    /// What a rule says about a question.
    RuleVerdict {
        /// It has nothing against it.
        Passed = "passed", "Passes";
        /// It refuses.
        Failed = "failed", "Refuses";
        /// A rule before it has refused.
        NotReached = "not_reached", "Not reached";
    }
}

/// One rule and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(description = "One rule and what it says."))]
pub struct RuleStep {
    /// Which rule.
    pub rule: Rule,
    /// What it says.
    pub verdict: RuleVerdict,
    /// Why, in a sentence.
    pub why: String,
}

/// What would happen if the key's current secret were presented with this question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// `None`: it would be allowed.
    pub refusal: Option<Refusal>,
    /// Every rule, in the order in which they are asked.
    pub steps: Vec<RuleStep>,
}

/// What to explain: the same that a verification asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainParams {
    /// Names of permissions, as they were typed: separated by spaces or commas. Empty: none is asked for.
    pub permissions: String,
    /// The client's address. Empty: not known.
    pub address: String,
}

/// One refusal of a key, with what is known of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalView {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Refusal,
    /// What was asked for, where that was missing.
    pub permissions: Option<String>,
    /// The client's address, where it was known.
    pub address: Option<String>,
    /// What the client said it was.
    pub user_agent: Option<String>,
    /// The id that the refused client was told.
    pub request_id: String,
}

/// The names in what somebody has typed.
///
/// # Errors
/// The sentence to show under the field.
pub fn permissions(text: &str) -> Result<Vec<&str>, String> {
    let length = text.chars().count();
    if length > PERMISSIONS_MAX {
        return Err(format!("The permissions may have at most {PERMISSIONS_MAX} characters; these have {length}."));
    }
    Ok(text.split([' ', ',', ';', '\n', '\t']).filter(|name| !name.is_empty()).collect())
}

/// The address in what somebody has typed; none when they have typed nothing.
///
/// # Errors
/// The sentence to show under the field.
pub fn address(text: &str) -> Result<Option<std::net::IpAddr>, String> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => Err("Write one address, such as 203.0.113.9 or 2001:db8::1.".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_separated_by_anything_usual() {
        assert_eq!(permissions(" ip.lookup,orders.read;  x "), Ok(vec!["ip.lookup", "orders.read", "x"]));
        assert_eq!(permissions(""), Ok(vec![]));
        assert!(permissions(&"a".repeat(1_001)).is_err());
    }

    #[test]
    fn an_address_is_one_address() {
        assert_eq!(address(" "), Ok(None));
        assert_eq!(address(" 203.0.113.9 "), Ok("203.0.113.9".parse().ok()));
        assert!(address("203.0.113.0/24").is_err());
    }
}
