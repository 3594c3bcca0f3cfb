//! The operations, one module for each resource. Each that changes something takes a permit.

mod account;
mod attention;
mod explain;
mod invitation;
mod key;
mod organization;
mod own_account;
mod permission;
mod rate_limit;
mod role;
mod rotation;
mod team;
mod usage;

pub use self::{
    key::KeyChange,
    organization::OrganizationChange,
    permission::KnownPermission,
    rate_limit::RateLimitsChange,
    role::{RoleChange, RoleRemoval},
    rotation::KeyRotation,
    team::MemberChange,
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
