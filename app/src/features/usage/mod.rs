//! How much is used: the overview, and the chart that it shares with a key's page.

pub mod api;
mod attention;
mod cards;
pub mod overview_page;
pub(crate) mod series;
