//! The server function of the audit trail.

use leptos::prelude::*;
use shared::audit::{self, AuditParams};

#[cfg(feature = "ssr")]
use crate::server_context::respond;
use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use backend::authz;

/// A part of the trail, from where the part before has ended.
#[server(endpoint = "audit_list", input = Json, output = Json)]
pub async fn audit_list(params: AuditParams, cursor: Option<String>) -> ApiResult<audit::AuditList> {
    respond(async |cx| cx.backend().audit_list(&cx.authorize::<authz::AuditRead>()?, &params, cursor).await).await
}
