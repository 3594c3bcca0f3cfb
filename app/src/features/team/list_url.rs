//! What the table shows is in the page's address, so that a view can be linked and the back button works.

use leptos_router::location::Url;
use shared::{path, team::TeamListParams};

use crate::query;

/// Reads the query of the page's address.
pub(super) fn read(search: &str) -> TeamListParams {
    TeamListParams::from_query(|name| query::value(search, name).map(Into::into))
}

/// The address that shows this.
pub(super) fn href(params: &TeamListParams) -> String {
    let query: Vec<_> =
        params.to_query().into_iter().map(|(name, value)| format!("{name}={}", Url::escape(&value))).collect();
    if query.is_empty() { path::TEAM.to_owned() } else { format!("{}?{}", path::TEAM, query.join("&")) }
}

/// The address of another page of the same list.
pub(super) fn page(params: &TeamListParams, page: u32) -> String {
    href(&TeamListParams { page, ..params.clone() })
}
