//! Roles and the organization's own permissions: the table, a role's page, and the form for new roles.

pub mod api;
pub(crate) mod permission_names;
