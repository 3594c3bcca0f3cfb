//! The whitelist, and each key's own list.

mod add_dialog;
mod add_many_dialog;
mod address_field;
pub mod api;
mod callers;
mod dialogs;
mod edit_dialog;
mod filters;
mod list_url;
mod mode_dialog;
mod mode_section;
pub mod page;
mod remove_dialog;
mod tab;
mod table;
