//! `GET /v1/ip/{address}`: what is known about an address. The protected example: needs `ip.lookup`.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::request::Parts;
use shared::Permission;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    authenticate::{self, authenticate},
    envelope::{self, Envelope, Problem},
    limits, openapi,
};
use crate::state::AppState;

/// `/v1/ip/{address}`
pub(super) const PATH: &str = "/v1/ip/{address}";

/// Which address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only described; the address is read with the path")]
struct In {
    /// An IPv4 or IPv6 address.
    #[param(schema_with = openapi::address)]
    address: String,
}

/// What is known about an address.
#[derive(ToSchema)]
#[schema(as = Address, example = json!({
    "ip": "8.8.8.8", "version": 4, "scope": "global", "country": "US", "asn": 15169, "as_organization": "Google LLC"
}))]
#[expect(dead_code, reason = "only described; `backend::geo` knows nothing of this")]
struct Out {
    /// In its one written form (RFC 5952); an IPv4-mapped IPv6 address is the IPv4 address.
    ip: String,
    /// 4 or 6.
    version: u8,
    /// `global`, or what the IANA registries reserve it for.
    scope: String,
    /// ISO 3166-1 alpha-2, when a country database is configured and knows it.
    #[schema(required = true)]
    country: Option<String>,
    /// The autonomous system that announces it, when an ASN database is configured and knows it.
    #[schema(required = true)]
    asn: Option<u32>,
    /// The name of that autonomous system's organization.
    #[schema(required = true)]
    as_organization: Option<String>,
}

/// Look an address up
///
/// The protected example: what an API behind this console could look like.
#[utoipa::path(
    get, path = PATH, operation_id = "get_ip", tag = "IPAware API", params(In),
    extensions(("x-permission" = json!("ip.lookup"))),
    responses((status = 200, description = "What is known about it.", body = Envelope<Out>))
)]
async fn ip(
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    parts: Parts,
) -> Result<Response, Problem> {
    let holder = authenticate(&state, &parts, Some(Permission::IpLookup))?;
    let text = path.map(|Path(text)| text).unwrap_or_default();
    let address = authenticate::address("The address in the path", &text)
        .map_err(|detail| Problem::bad_request("invalid_address", detail))?;
    Ok(limits::told(&holder.standing, envelope::ok(state.geo.look_up(address))))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(ip))
}
