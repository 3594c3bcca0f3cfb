//! Signing up, in and out.

pub mod api;
#[cfg(feature = "ssr")]
pub(crate) mod cookie;
pub(crate) mod form;
pub mod sign_in_page;
pub mod sign_up_page;
