//! Roles and the organization's own permissions: the table, a role's page, and the form for new roles.

pub mod api;
mod application_permissions;
mod catalogue;
mod delete_dialog;
mod draft;
mod held_by;
pub mod new_page;
pub mod page;
mod permission_dialog;
pub(crate) mod permission_names;
mod permission_picker;
mod reading;
mod rights;
pub(crate) mod role_choice;
mod role_form;
mod role_header;
pub mod role_page;
mod search;
mod table;
