//! A good answer of a route that manages something: what it says, which version that is, and where it can be found. It
//! can be written down for a request that comes again, without any secret.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conditional;

/// Set on an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What is answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: StatusCode,
    data: String,
    /// What a repetition says in place of `data`.
    kept: Option<String>,
    tag: Option<String>,
    location: Option<String>,
    replayed: bool,
}

/// The same in the database.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    data: String,
    tag: Option<String>,
    location: Option<String>,
}

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    items: Vec<T>,
    /// Send it as `cursor` to go on after these; `null` at the end of the list.
    #[schema(required = true, example = "rK2x0Yq8bM7nTnZ3eyJpZCI6ImtleV8wMzUyZEs3In0")]
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    pub(super) fn of<V: Into<T>>(cut: backend::slice::Cut<V>) -> Self {
        let cut = cut.map(Into::into);
        Self { items: cut.rows, next_cursor: cut.next_cursor }
    }
}

/// What is gone.
#[derive(Serialize, ToSchema)]
pub(super) struct Deleted<I> {
    id: I,
    /// Always true.
    #[schema(example = true)]
    deleted: bool,
}

impl<I> Deleted<I> {
    pub(super) fn of(id: I) -> Self {
        Self { id, deleted: true }
    }
}

impl Answer {
    /// 200.
    pub(super) fn ok(data: &impl Serialize) -> Self {
        Self { status: StatusCode::OK, data: text(data), kept: None, tag: None, location: None, replayed: false }
    }

    /// 201: it can be found at `location` from now on.
    pub(super) fn created(location: String, data: &impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, location: Some(location), ..Self::ok(data) }
    }

    /// With an `ETag`.
    pub(super) fn tagged(self, tag: String) -> Self {
        Self { tag: Some(tag), ..self }
    }

    /// With what is said instead when the same request comes again.
    pub(super) fn kept_as(self, data: &impl Serialize) -> Self {
        Self { kept: Some(text(data)), ..self }
    }

    /// What to write down.
    pub(super) fn to_keep(&self) -> String {
        text(&Kept {
            status: self.status.as_u16(),
            data: self.kept.clone().unwrap_or_else(|| self.data.clone()),
            tag: self.tag.clone(),
            location: self.location.clone(),
        })
    }

    /// What was written down.
    pub(super) fn replay(kept: &str) -> Option<Self> {
        let Kept { status, data, tag, location } = serde_json::from_str(kept).ok()?;
        let status = StatusCode::from_u16(status).ok()?;
        Some(Self { status, data, kept: None, tag, location, replayed: true })
    }

    /// 304 for whoever has exactly this already.
    pub(super) fn unless_known(self, headers: &HeaderMap) -> Response {
        let known = self.tag.as_deref().is_some_and(|tag| conditional::names(headers.get_all(IF_NONE_MATCH), tag));
        let mut response = self.into_response();
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_TYPE);
        }
        response
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let Self { status, data, tag, location, replayed, .. } = self;
        let output = if status == StatusCode::OK { "OK" } else { status.canonical_reason().unwrap_or("OK") };
        let body = format!(r#"{{"code":{},"data":{data},"output":"{output}"}}"#, status.as_u16());
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [(ETAG, tag), (LOCATION, location)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        if replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

fn text(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned())
}
