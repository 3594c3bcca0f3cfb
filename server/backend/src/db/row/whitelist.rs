//! The whitelist's entries.

use diesel::prelude::{Identifiable, Insertable, Queryable, Selectable};
use shared::{NetworkId, OrganizationId, whitelist::WhitelistEntry};

use crate::{
    db::{anydb::Moment, column::Id, schema::whitelist_networks},
    failure::Failure,
    keyring::network,
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = whitelist_networks, treat_none_as_default_value = false)]
pub(crate) struct WhitelistRow {
    pub(crate) id: Id<NetworkId>,
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) network: String,
    pub(crate) label: String,
    pub(crate) version: i64,
    pub(crate) created_at: Moment,
    pub(crate) created_by: String,
}

impl WhitelistRow {
    pub(crate) fn of(organization: Id<OrganizationId>, entry: &WhitelistEntry) -> Self {
        Self {
            id: Id(entry.id),
            organization_id: organization,
            network: entry.network.to_string(),
            label: entry.label.clone(),
            version: entry.version,
            created_at: Moment(entry.created_at),
            created_by: entry.created_by.clone(),
        }
    }

    /// The entry as people see it.
    pub(crate) fn view(self) -> Result<WhitelistEntry, Failure> {
        Ok(WhitelistEntry {
            id: self.id.0,
            network: network::read(&self.network)?,
            label: self.label,
            version: self.version,
            created_at: self.created_at.0,
            created_by: self.created_by,
        })
    }
}
