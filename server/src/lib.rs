//! The server: configuration, start and stop, the way of a request, and the JSON API under `/v1`; and the command line
//! that calls it.
//!
//! Holds no rule of the product: what somebody may do, and what a key is, `backend` knows. This crate knows HTTP.

pub mod accept;
pub mod boot;
pub mod cli;
pub mod config;
mod docs;
mod downloads;
pub mod metrics;
pub mod middleware;
pub mod router;
pub mod site;
pub mod state;
pub mod telemetry;
pub mod v1;
