//! All that touches a table.
//!
//! The rest of the backend sees a [`pool::Store`], rows, and [`tx::WriteTx`]; which engine answers is known to
//! [`anydb`] and [`pool`] alone.

pub(crate) mod anydb;
pub(crate) mod column;
pub(crate) mod migrate;
pub(crate) mod pool;
pub(crate) mod row;
pub(crate) mod schema;
mod transaction;
pub(crate) mod turns;
pub(crate) mod tx;

#[cfg(test)]
mod schema_test;
