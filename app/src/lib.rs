//! What the user sees: pages, forms, and the server functions behind them.
//!
//! The server renders every page completely; in the browser the same components take over ("hydration") and add what
//! needs scripts. Reading, signing up, in and out work without.

#![expect(unreachable_pub, reason = "the component macro writes `pub` on what it makes of a component's properties")]

pub mod assets;
pub mod error;
pub mod features;
pub mod layout;
mod lazy_page;
mod on_demand;
mod page_answer;
mod query;
mod routes;
#[cfg(feature = "ssr")]
pub mod server_context;
pub mod session;
mod shell;
mod tasks;
pub mod ui;
pub mod wire;

pub use routes::App;
pub use shell::shell;

/// The attribute of `<html>` that says that the page is interactive. Tests wait for it.
const HYDRATED: &str = "data-hydrated";

/// To be called when everything the server has rendered is interactive.
pub fn hydrated() {
    ui::browser::set_root_attribute(HYDRATED, Some("true"));
}
