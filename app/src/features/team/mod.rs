//! The team: members, invitations, and the page where an invitation is accepted.

pub mod api;
mod dialogs;
mod filters;
mod invitation_dialogs;
mod invitation_row;
mod invite_dialog;
pub mod join_page;
mod link;
mod list_url;
mod member_dialogs;
mod member_row;
pub mod page;
mod remove_dialog;
mod role_checks;
mod tab;
mod table;
