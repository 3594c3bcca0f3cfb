//! An entry of the audit trail.

use diesel::prelude::{Insertable, Queryable, Selectable};
use shared::OrganizationId;

use crate::db::{
    anydb::Moment,
    column::{Digest32, Id},
    schema::audit_entries,
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries, treat_none_as_default_value = false)]
pub(crate) struct AuditRow {
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) seq: i64,
    pub(crate) at: Moment,
    pub(crate) actor: String,
    pub(crate) actor_label: String,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) detail: String,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) request_id: String,
    pub(crate) previous_hash: Digest32,
    pub(crate) hash: Digest32,
    pub(crate) outcome: String,
}
