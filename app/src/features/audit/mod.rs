//! The audit trail: who did what, and who tried what they may not.

pub mod api;
mod entry;
mod filters;
mod list_url;
pub mod page;
mod table;
