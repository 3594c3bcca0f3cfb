//! What the table shows is in the page's address, so that a view can be linked and the back button works.

use shared::{
    key::{KeyListParams, KeySort},
    path,
};

use crate::query;

/// Reads the query of the page's address.
pub(super) fn read(search: &str) -> KeyListParams {
    KeyListParams::from_query(|name| query::value(search, name).map(Into::into))
}

/// The address that shows this.
pub(super) fn href(params: &KeyListParams) -> String {
    query::href(path::KEYS, params.to_query())
}

/// The address of another page of the same list.
pub(super) fn page(params: &KeyListParams, page: u32) -> String {
    href(&KeyListParams { page, ..params.clone() })
}

/// The address that sorts by a column, from its first page on; the other way round when it is sorted by it already.
pub(super) fn sorted(params: &KeyListParams, sort: KeySort) -> String {
    let ascending = if params.sort == sort { !params.ascending } else { starts_ascending(sort) };
    href(&KeyListParams { sort, ascending, page: 1, ..params.clone() })
}

/// Names read from A, dates from the newest.
pub(super) fn starts_ascending(sort: KeySort) -> bool {
    sort == KeySort::Name
}
