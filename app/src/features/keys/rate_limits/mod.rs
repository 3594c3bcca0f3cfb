//! A key's own limits, as a section of its page.

pub mod api;
