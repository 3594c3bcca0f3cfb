//! What people download from the console: with their session, and streamed, so that a long list takes no more memory
//! than a short one.
//!
//! A refusal has its status and a line of text: whoever saves the link gets no page in place of a file.

mod activity;
mod audit;
mod csv;
mod usage;

use std::{io, sync::Arc};

use app::server_context::sender;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::FromRequestParts,
    response::{IntoResponse, Response},
    routing::get,
};
use backend::{
    Backend, Failure,
    audit::Tried,
    authz::{Operation, Permit},
    context::RequestInfo,
};
use futures_util::stream;
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    request::Parts,
};
use shared::{AppError, path};

use crate::{middleware::security_headers::NO_STORE, state::AppState};

/// All of them.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(path::AUDIT_CSV, get(audit::csv))
        .route(path::AUDIT_JSONL, get(audit::json_lines))
        .route(path::ACTIVITY_CSV, get(activity::csv))
        .route(path::USAGE_CSV, get(usage::csv))
}

/// A request of somebody who may do `O`, from our own pages.
struct Download<O> {
    backend: Backend,
    permit: Arc<Permit<O>>,
    /// What stands behind the question mark, as in the address of the page.
    query: String,
    request_id: String,
}

impl<O: Operation> FromRequestParts<AppState> for Download<O> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refused> {
        let backend = state.backend.clone();
        let request_id = parts.extensions.get::<RequestInfo>().map_or_else(String::new, |info| info.request_id.clone());
        let refused = |failure: Failure| Refused(failure.report(&request_id));
        let (visitor, cross_site) = sender(&backend, parts);
        // Another site could not read it, and shall not make a browser save it either.
        if cross_site {
            return Err(Refused(AppError::CrossSite));
        }
        let context = visitor.authenticate().await.map_err(refused)?;
        let permit = context.authorize().map_err(|error| {
            let failure = error.into();
            context.note_refusal(tried(parts.uri.path()), &failure);
            refused(failure)
        })?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { backend, permit: Arc::new(permit), query, request_id })
    }
}

/// In the words of the audit trail: `/download/audit.csv` is `audit.export`.
fn tried(path: &str) -> Tried {
    let file = path.rsplit('/').next().unwrap_or_default();
    Tried::new(format!("{}.export", file.split('.').next().unwrap_or_default()), None)
}

/// Why there is no file.
struct Refused(AppError);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers =
            [(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")), (CACHE_CONTROL, NO_STORE)];
        (status, headers, format!("{}\n", self.0)).into_response()
    }
}

/// What a file is.
#[derive(Clone, Copy)]
enum Kind {
    Csv,
    JsonLines,
}

impl Kind {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

/// A part of a file, and from where the next one goes on; `None`: it was the last.
type Written<P> = (String, Option<P>);

impl<O: Operation> Download<O> {
    /// The file `<name>-2026-11-25.csv`. `write` makes each part of it when the part before is on its way; the first is
    /// made before the answer begins, so that a database that is away is said with a status.
    async fn streamed<P, F>(
        &self,
        name: &str,
        kind: Kind,
        write: impl Fn(Option<P>) -> F + Send + 'static,
    ) -> Result<Response, Refused>
    where
        P: Send + 'static,
        F: Future<Output = Result<Written<P>, Failure>> + Send + 'static,
    {
        let request_id = self.request_id.clone();
        let (first, next) = write(None).await.map_err(|failure| Refused(failure.report(&request_id)))?;
        let rest = stream::try_unfold(next, move |next| {
            let part = next.map(|place| write(Some(place)));
            let request_id = request_id.clone();
            async move {
                let Some(part) = part else { return Ok(None) };
                // The answer breaks off, so that nobody takes half a file for a whole one.
                let written = part.await.map_err(|failure| io::Error::other(failure.report(&request_id)))?;
                Ok::<_, io::Error>(Some((Bytes::from(written.0), written.1)))
            }
        });
        let first = stream::once(async move { Ok(Bytes::from(first)) });
        let day = self.backend.now().day();
        let file = HeaderValue::try_from(format!("attachment; filename=\"{name}-{day}.{}\"", kind.ending()));
        let headers: [(HeaderName, HeaderValue); 3] = [
            (CONTENT_TYPE, HeaderValue::from_static(kind.media_type())),
            (CONTENT_DISPOSITION, file.unwrap_or(HeaderValue::from_static("attachment"))),
            (CACHE_CONTROL, NO_STORE),
        ];
        Ok((headers, Body::from_stream(futures_util::StreamExt::chain(first, rest))).into_response())
    }
}
