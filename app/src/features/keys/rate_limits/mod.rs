//! A key's own limits, as a section of its page.

pub mod api;
mod section;

pub(super) use self::section::RateLimitsSection;
