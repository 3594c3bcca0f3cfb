//! The tenant.

use diesel::prelude::{Identifiable, Insertable, Queryable, Selectable};
use shared::OrganizationId;

use crate::db::{
    anydb::Moment,
    column::{Digest32, Id},
    schema::organizations,
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
}
