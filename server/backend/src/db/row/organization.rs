//! The tenant.

use diesel::prelude::{Identifiable, Insertable, Queryable, Selectable};
use shared::{OrganizationId, whitelist::WhitelistMode};

use crate::{
    db::{
        anydb::Moment,
        column::{Digest32, Id},
        schema::organizations,
    },
    failure::Failure,
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = organizations, treat_none_as_default_value = false)]
pub(crate) struct OrganizationRow {
    pub(crate) id: Id<OrganizationId>,
    pub(crate) name: String,
    pub(crate) plan: String,
    pub(crate) whitelist_mode: String,
    pub(crate) audit_seq: i64,
    pub(crate) audit_hash: Digest32,
    pub(crate) created_at: Moment,
    /// Counts the changes of the whitelist and of its mode.
    pub(crate) whitelist_version: i64,
}

impl OrganizationRow {
    /// The stored word, as the closed type.
    pub(crate) fn whitelist_mode(&self) -> Result<WhitelistMode, Failure> {
        WhitelistMode::from_code(&self.whitelist_mode)
            .ok_or_else(|| Failure::broken(format!("{} has a whitelist that is {}", self.id.0, self.whitelist_mode)))
    }
}
