//! `/keys/key_…`: everything about one key.
//!
//! Each section is a file of its own. What a section asks the server for is a resource in [`desk::Desk`], made once with
//! the page; its content is drawn from there, perhaps more than once.

mod audit;
mod desk;
mod facts;
mod header;
mod notes;
pub mod page;
mod refusals;
mod tester;
mod usage;
