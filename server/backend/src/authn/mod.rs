//! Proving who somebody is: passwords, sessions, and a brake on guessing.

pub(crate) mod invitation;
pub(crate) mod password;
pub mod session;
pub(crate) mod throttle;
