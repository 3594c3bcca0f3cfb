//! The team: members, invitations, and the page where an invitation is accepted.

pub mod api;
