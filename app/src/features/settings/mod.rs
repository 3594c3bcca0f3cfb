//! Settings: the organization, and one's own password and sessions.

pub mod api;
mod limits;
mod organization_section;
pub mod page;
mod password_section;
mod sessions_section;
mod user_agent;
