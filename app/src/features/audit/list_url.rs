//! What the list shows is in the page's address, so that a view can be linked and the back button works.

use shared::{audit::AuditParams, path};

use crate::query;

/// The name of the place in the list.
const CURSOR: &str = "cursor";

/// What the page's address asks for: which entries, and from where on.
pub(super) type Asked = (AuditParams, Option<String>);

/// Reads the query of the page's address.
pub(super) fn read(search: &str) -> Asked {
    let params = AuditParams::from_query(|name| query::value(search, name).map(Into::into));
    (params, query::value(search, CURSOR).filter(|cursor| !cursor.is_empty()))
}

/// The address that shows this from the newest entry on.
pub(super) fn href(params: &AuditParams) -> String {
    query::href(path::AUDIT, params.to_query())
}

/// The address that shows this from `cursor` on.
pub(super) fn href_from(params: &AuditParams, cursor: String) -> String {
    query::href(path::AUDIT, params.to_query().into_iter().chain([(CURSOR, cursor)]))
}

/// Where this can be downloaded, all of it.
pub(super) fn download(path: &str, params: &AuditParams) -> String {
    query::href(path, params.to_query())
}
