//! What the table shows is in the page's address, so that a view can be linked and the back button works.

use shared::{path, whitelist::WhitelistListParams};

use crate::query;

/// Reads the query of the page's address.
pub(super) fn read(search: &str) -> WhitelistListParams {
    WhitelistListParams::from_query(|name| query::value(search, name).map(Into::into))
}

/// The address that shows this.
pub(super) fn href(params: &WhitelistListParams) -> String {
    query::href(path::WHITELIST, params.to_query())
}

/// The address of another page of the same list.
pub(super) fn page(params: &WhitelistListParams, page: u32) -> String {
    href(&WhitelistListParams { page, ..params.clone() })
}
