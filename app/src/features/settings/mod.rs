//! Settings: the organization, and one's own password and sessions.

pub mod api;
