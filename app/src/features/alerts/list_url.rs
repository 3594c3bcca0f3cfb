//! What the list shows is in the page's address, so that a view can be linked and the back button works.

use shared::{alert::AlertListParams, path};

use crate::query;

/// Reads the query of the page's address.
pub(super) fn read(search: &str) -> AlertListParams {
    AlertListParams::from_query(|name| query::value(search, name).map(Into::into))
}

/// The address that shows this.
pub(super) fn href(params: &AlertListParams) -> String {
    query::href(path::ALERTS, params.to_query())
}

/// The address of another page of the same list.
pub(super) fn page(params: &AlertListParams, page: u32) -> String {
    href(&AlertListParams { page, ..params.clone() })
}
