//! What is done about a key that somebody else may have.

pub mod api;
pub(super) mod dialog;
