//! The form of every answer under `/v1`: `{"code": 200, "data": {…}, "output": "OK"}`, and for errors the same with
//! `"data": null` and an `error` that says what happened.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use shared::{AppError, field::FieldError};
use utoipa::ToSchema;

use super::reason;
use crate::middleware::is_below;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Serialize)]
struct Written<'a, T> {
    code: u16,
    data: Option<T>,
    output: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<WrittenError<'a>>,
}

#[derive(Serialize)]
struct WrittenError<'a> {
    reason: &'a str,
    detail: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [FieldError],
}

/// What every good answer looks like.
// Only described; [`ok`] and [`super::answer`] write it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is a description")]
pub(super) struct Envelope<T> {
    /// The HTTP status.
    #[schema(example = 200)]
    code: u16,
    /// What was asked for.
    data: T,
    /// The status in words.
    #[schema(example = "OK")]
    output: String,
}

/// A good answer.
pub fn ok(data: impl Serialize) -> Response {
    with_status(StatusCode::OK, data)
}

/// An answer that tells something although all is not well.
pub fn with_status(status: StatusCode, data: impl Serialize) -> Response {
    let output = status.canonical_reason().unwrap_or_default();
    json(status, &Written { code: status.as_u16(), data: Some(data), output, error: None })
}

fn json(status: StatusCode, content: &impl Serialize) -> Response {
    bytes(status, content).map(Body::from)
}

fn bytes(status: StatusCode, content: &impl Serialize) -> http::Response<Bytes> {
    // Most answers fit, so that writing them grows nothing.
    let mut body = Vec::with_capacity(256);
    _ = serde_json::to_writer(&mut body, content);
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Why there is no good answer. It travels as an extension of an empty response up to the edge, which knows the
/// request's id and writes it out.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    reason: &'static str,
    output: Option<&'static str>,
    detail: String,
    fields: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// `reason` is a word for programs, one of [`reason::REASONS`]; `detail` a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        debug_assert!(reason::is_known(status, reason), "{status} {reason} is not in the list of reasons");
        Self { status, reason, output: None, detail: detail.into(), fields: Vec::new(), headers: Vec::new() }
    }

    /// With the fields that are wrong, each with its sentence.
    #[must_use]
    pub fn on(mut self, fields: Vec<FieldError>) -> Self {
        self.fields = fields;
        self
    }

    /// 400.
    #[must_use]
    pub fn bad_request(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason, detail)
    }

    /// 422: the request can be read, and `field` of it is wrong.
    #[must_use]
    pub fn field(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", detail)
    }

    /// 404.
    #[must_use]
    pub fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.")
    }

    /// 405. The router adds `Allow`.
    #[must_use]
    pub fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This path does not answer to this method.")
    }

    /// 503, until every key is in memory.
    #[must_use]
    pub fn starting() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "starting",
            "The server is starting and does not know the keys yet. Try again in a second.",
        )
        .with(RETRY_AFTER, HeaderValue::from(1))
    }

    /// 503, when the database did not answer or could not save.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason::UNAVAILABLE, AppError::Unavailable.to_string())
    }

    /// 500.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. If it happens again, report it with the request id.",
        )
    }

    /// What `output` says instead of the status in words.
    #[must_use]
    pub const fn saying(mut self, output: &'static str) -> Self {
        self.output = Some(output);
        self
    }

    /// With a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Writes it out, in the form that callers of `path` understand. `along`: what was said on the way, such as which
    /// methods there are, or how many requests are left.
    #[must_use]
    pub fn write(self, path: &str, request_id: &str, along: &HeaderMap) -> http::Response<Bytes> {
        let Self { status, reason, output, detail, fields, headers } = self;
        let mut response = if is_below(path, shared::path::SERVER_FUNCTIONS) {
            let error = match (status, reason) {
                (StatusCode::INTERNAL_SERVER_ERROR, _) => AppError::Internal { request_id: request_id.to_owned() },
                (_, reason::UNAVAILABLE) => AppError::Unavailable,
                _ => AppError::BadRequest { detail },
            };
            bytes(status, &error)
        } else {
            let output = output.or_else(|| status.canonical_reason()).unwrap_or("Error");
            let error = WrittenError { reason, detail: &detail, request_id, fields: &fields };
            bytes(status, &Written::<()> { code: status.as_u16(), data: None, output, error: Some(error) })
        };
        for (name, value) in along {
            if !matches!(*name, CONTENT_LENGTH | CONTENT_TYPE) {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        response.headers_mut().extend(headers);
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
