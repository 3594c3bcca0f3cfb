//! The API Keys tab: the table, the dialogs that create, edit, pause and revoke, and the page of each key.

pub mod api;
pub mod compromised;
mod conflict;
mod create_dialog;
mod dialogs;
mod draft;
mod edit_dialog;
mod filters;
mod key_fields;
mod key_id;
pub mod key_page;
mod list_url;
pub mod page;
mod pause_dialog;
mod retiring;
mod reveal;
mod revoke_dialog;
mod rotate_dialog;
mod row;
mod row_menu;
mod shortcuts;
mod states;
mod tab;
mod table;
