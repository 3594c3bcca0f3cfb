//! What the queries of lists have in common.

use backend::slice::{LIMIT_DEFAULT, LIMIT_MAX};
use serde::{Deserialize, Deserializer, de};

use super::envelope::Problem;

/// How many rows at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit(pub(super) u32);

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number =
            text.parse().ok().filter(|number| text.starts_with(|c: char| c != '+') && (1..=LIMIT_MAX).contains(number));
        number.map(Self).ok_or_else(|| de::Error::custom(format!("it must be a number from 1 to {LIMIT_MAX}")))
    }
}

/// What is searched for, as long as it is not too long.
pub(super) fn search(text: String, max: usize) -> Result<String, Problem> {
    bounded("q", text, max)
}

/// The parameter called `name`, as long as it is not too long.
pub(super) fn bounded(name: &str, text: String, max: usize) -> Result<String, Problem> {
    if text.chars().count() > max {
        let detail = format!("The query cannot be read: {name}: it may have at most {max} characters.");
        return Err(Problem::bad_request("invalid_parameter", detail));
    }
    Ok(text)
}
