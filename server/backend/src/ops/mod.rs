//! The operations, one module for each resource. Each that changes something takes a permit.

mod account;
pub(crate) mod alert;
mod alert_settings;
mod attention;
mod audit;
mod explain;
mod incident;
mod invitation;
mod key;
mod key_networks;
mod organization;
mod own_account;
mod permission;
mod rate_limit;
mod role;
mod rotation;
mod team;
mod usage;
mod whitelist;
mod whitelist_callers;
mod whitelist_mode;

mod webhook;
mod webhook_delivery;

pub use self::{
    alert_settings::AlertSettingsChange,
    audit::{AuditPlace, Recorded},
    incident::KeyContainment,
    key::KeyChange,
    key_networks::KeyNetworksChange,
    organization::OrganizationChange,
    permission::KnownPermission,
    rate_limit::RateLimitsChange,
    role::{RoleChange, RoleRemoval},
    rotation::KeyRotation,
    team::MemberChange,
    webhook::WebhookChange,
    whitelist::WhitelistChange,
    whitelist_callers::Elsewhere,
    whitelist_mode::WhitelistModeChange,
};

use shared::{AppError, field::FieldError};

/// The value, or its default with the refusal noted: all fields are checked before any is complained about.
fn checked<T: Default>(refused: &mut Vec<FieldError>, field: &str, outcome: Result<T, String>) -> T {
    outcome.unwrap_or_else(|message| {
        refused.push(FieldError::new(field, message));
        T::default()
    })
}

fn stop_if(refused: Vec<FieldError>) -> Result<(), AppError> {
    if refused.is_empty() { Ok(()) } else { Err(AppError::Invalid { fields: refused }) }
}

fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or(0)
}

/// A LIKE pattern for "contains this text", whatever characters it has.
fn contains(text: &str) -> String {
    format!("%{}%", literal(text))
}

/// The text in a LIKE pattern, every character of it taken as it is.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_like_would_read_as_a_wildcard_is_taken_literally() {
        assert_eq!(contains(r"50%_\"), r"%50\%\_\\%");
    }
}
