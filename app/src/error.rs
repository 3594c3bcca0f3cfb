//! The error of every server function: `shared`'s, in a wrapper that Leptos can carry.

use std::fmt;

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use shared::AppError;

use crate::wire::Text;

/// What a server function answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// [`AppError`] as Leptos wants it: the orphan rule asks for a type of our own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiError(pub AppError);

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ApiError {}

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        Self(error)
    }
}

impl FromServerFnError for ApiError {
    type Encoder = Text;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            // The body was not what the function takes: the caller's fault.
            ServerFnErrorErr::Args(detail)
            | ServerFnErrorErr::MissingArg(detail)
            | ServerFnErrorErr::Deserialization(detail) => AppError::BadRequest { detail },
            // The browser could not reach the server, or something between them answered.
            _ => AppError::Unreachable,
        })
    }
}
