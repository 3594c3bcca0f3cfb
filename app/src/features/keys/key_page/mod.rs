//! `/keys/key_…`: everything about one key.
//!
//! One answer of the server holds all of it, and one closure draws all of it anew when another answer comes: a reactive
//! part is dear in the browser's half, and here they would all change together. What changes something is a dialog, whose
//! code is loaded when it is opened ([`dialogs`]).

mod access;
mod acts;
pub(super) mod dialogs;
mod facts;
mod header;
mod limits_dialog;
mod networks_dialog;
mod notes;
mod notes_dialog;
pub mod page;
mod refusals;
mod tester_dialog;
mod usage;
