//! What the routes that manage something share: the key that calls becomes an actor with its role's permissions, under
//! the same rules as a person.

use backend::{
    Failure,
    authz::{Operation, Permit},
    context::RequestInfo,
};
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;
use shared::AppError;

use super::{authenticate::authenticate, envelope::Problem};
use crate::{middleware::limits::check_content_type, state::AppState};

/// Proof that the calling key may do `O`.
pub(super) async fn permit<O: Operation>(state: &AppState, parts: &Parts) -> Result<Permit<O>, Problem> {
    let holder = authenticate(state, parts, None)?;
    let request = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
    let actor = state.backend.key_context(&holder, request).await.map_err(|failure| refused(parts, failure))?;
    actor.authorize().map_err(|error| refused(parts, error))
}

/// Turns what an operation said into an answer. Causes go to the log.
pub(super) fn refused(parts: &Parts, failure: impl Into<Failure>) -> Problem {
    let request_id = parts.extensions.get::<RequestInfo>().map_or("", |info| info.request_id.as_str());
    let error = failure.into().report(request_id);
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = match &error {
        AppError::Internal { .. } => return Problem::internal(),
        AppError::Forbidden { .. } => "permission_missing",
        AppError::AboveCeiling { .. } => "above_ceiling",
        AppError::NotFound { .. } => "not_found",
        AppError::Invalid { .. } => "invalid_field",
        AppError::KeyLimitReached { .. } | AppError::TooMany { .. } => "limit_reached",
        AppError::Unavailable | AppError::RefusedButNotSaved => "unavailable",
        _ if status == StatusCode::CONFLICT => "conflict",
        _ => "refused",
    };
    Problem::new(status, reason, error.to_string())
}

/// Reads a JSON body whose fields are known.
pub(super) fn read<T: DeserializeOwned>(parts: &Parts, body: &[u8]) -> Result<T, Problem> {
    check_content_type(&parts.headers, &["application/json"])?;
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            Problem::field(format!("The body has a wrong field: {error}."))
        } else {
            let (line, column) = (error.line(), error.column());
            Problem::bad_request(
                "invalid_json",
                format!("The body is not JSON: it breaks at line {line}, column {column}."),
            )
        }
    })
}
