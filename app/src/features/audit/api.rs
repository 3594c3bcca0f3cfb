//! The server function of the audit trail.

use leptos::{prelude::*, server_fn::codec::Json};
use shared::audit::{self, AuditParams};

use crate::error::ApiResult;
#[cfg(feature = "ssr")]
use crate::server_context::respond;
#[cfg(feature = "ssr")]
use backend::authz;

/// A part of the trail, from where the part before has ended.
#[server(endpoint = "audit_list", input = Json)]
pub async fn audit_list(params: AuditParams, cursor: Option<String>) -> ApiResult<audit::AuditList> {
    respond(async |cx| cx.backend().audit_list(&cx.authorize::<authz::AuditRead>()?, &params, cursor).await).await
}
