//! What the table shows is in the page's address, so that a view can be linked and the back button works.

use shared::{path, team::TeamListParams};

use crate::query;

/// Reads the query of the page's address.
pub(super) fn read(search: &str) -> TeamListParams {
    TeamListParams::from_query(|name| query::value(search, name).map(Into::into))
}

/// The address that shows this.
pub(super) fn href(params: &TeamListParams) -> String {
    query::href(path::TEAM, params.to_query())
}

/// The address of another page of the same list.
pub(super) fn page(params: &TeamListParams, page: u32) -> String {
    href(&TeamListParams { page, ..params.clone() })
}
