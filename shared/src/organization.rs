//! The organization itself: its name, its plan, and what it uses of it.

use serde::{Deserialize, Serialize};

use crate::{OrganizationId, Timestamp, key::KeyAllowance, rotation::DueDays};

/// An organization by name, where somebody belongs to several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRef {
    /// Which.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
}

/// The organization's part of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationView {
    /// Which.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// When it was founded.
    pub created_at: Timestamp,
    /// Who the Owner is.
    pub owner_email: String,
    /// The plan's name, its limit of active keys, and how many there are.
    pub keys: KeyAllowance,
    /// How many addresses the plan allows on the whitelist; `None` for no limit.
    pub whitelisted_ips: Option<u64>,
    /// How many there are.
    pub whitelisted_ips_used: u64,
    /// How many requests a calendar month (UTC) the plan allows; `None` for no limit.
    pub monthly_requests: Option<u64>,
    /// How many were allowed this month so far.
    pub requests_this_month: u64,
    /// How many members there are.
    pub members: u64,
    /// After how many days keys are due for rotation.
    pub due: DueDays,
}

impl OrganizationView {
    /// What of it can be changed.
    #[must_use]
    pub fn settings(&self) -> OrganizationSettings {
        OrganizationSettings { name: self.name.clone(), due: self.due }
    }
}

/// What can be changed of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSettings {
    /// Its name.
    pub name: String,
    /// After how many days keys are due for rotation.
    pub due: DueDays,
}

/// What `Save Changes` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationUpdateParams {
    /// What was set when the form was loaded: somebody else may have changed it since.
    pub before: OrganizationSettings,
    /// What is set from now on, as typed.
    pub after: OrganizationSettings,
}
