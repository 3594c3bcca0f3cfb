//! Roles and what they hold.

use diesel::prelude::{Identifiable, Insertable, Queryable, Selectable};
use shared::{OrganizationId, RoleId};

use crate::db::{
    anydb::Moment,
    column::Id,
    schema::{application_permissions, role_permissions, roles},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = roles, treat_none_as_default_value = false)]
pub(crate) struct RoleRow {
    pub(crate) id: Id<RoleId>,
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) system: Option<String>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) created_at: Moment,
    pub(crate) version: i64,
    /// Set once it is deleted. Only revoked keys still name it then.
    pub(crate) deleted_at: Option<Moment>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = application_permissions, treat_none_as_default_value = false)]
pub(crate) struct ApplicationPermissionRow {
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) created_at: Moment,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = role_permissions, treat_none_as_default_value = false)]
pub(crate) struct RolePermissionRow {
    pub(crate) role_id: Id<RoleId>,
    pub(crate) permission: String,
}
