//! The operations, one module for each resource. Each that changes something takes a permit.

mod account;
mod key;
