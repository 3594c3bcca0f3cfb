//! Rows, one module for each table that is read or written as a whole.

pub(crate) mod account;
pub(crate) mod alert;
pub(crate) mod audit;
pub(crate) mod key;
pub(crate) mod mail;
pub(crate) mod organization;
pub(crate) mod repeat;
pub(crate) mod role;
pub(crate) mod webhook;
pub(crate) mod whitelist;
