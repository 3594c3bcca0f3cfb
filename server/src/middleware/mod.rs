//! What every request passes on its way in and out, one file per layer.
//!
//! [`Edge`] calls them one after the other in plain functions. Stacked as tower layers they would cost a boxed future
//! each, which a verification, itself half a microsecond, would feel; so it also answers what proxies ask of
//! `/v1/verify` before routing. Everything else goes on to the router.

pub mod access_log;
pub mod client_address;
pub mod detach;
pub mod headers;
pub mod limits;
pub mod request_id;
pub mod security_headers;
pub mod server_fn_status;

use std::{net::SocketAddr, sync::Arc};

use app::server_context::Arguments;
use axum::{
    Router,
    body::{Body, Bytes},
    response::{IntoResponse as _, Response},
};
use backend::{context::RequestInfo, keyring::Holder};
use http::{
    HeaderMap, HeaderValue, Method, Request, Uri, Version,
    header::{Entry, HOST, USER_AGENT},
    request::Parts,
};
use tower::ServiceExt as _;
use tracing::Instrument as _;

use self::{headers::Headers, request_id::RequestId};
use crate::{
    router::router,
    state::AppState,
    telemetry,
    v1::{self, allowed::Allowed, envelope::Problem, verify::Target},
};

/// How much of a user agent is kept, in characters.
const USER_AGENT_MAX: usize = 200;

/// The server as one function from request to answer.
#[derive(Debug, Clone)]
pub struct Edge {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: AppState,
    router: Router,
}

impl Edge {
    /// Everything the server answers, on top of `state`.
    #[must_use]
    pub fn new(state: AppState) -> Self {
        Self { inner: Arc::new(Inner { router: router(state.clone()), state }) }
    }

    /// What the answers are made from.
    #[must_use]
    pub fn state(&self) -> &AppState {
        &self.inner.state
    }

    /// Answers a request that came over a connection from `peer`.
    pub async fn answer<B>(&self, peer: SocketAddr, request: Request<B>) -> Response
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Inner { state, .. } = &*self.inner;
        let (parts, body) = request.into_parts();
        let address = client_address::find(peer.ip(), &parts.headers, &state.policy.trusted_proxies);
        let request_id = request_id::fresh();
        let line = access_log::Line::begin(&parts.method, &parts.uri, address);
        let uri = parts.uri.clone();
        let span = telemetry::request_span(&parts.method, uri.path(), &parts.headers, &request_id);

        let response = match check(state, parts.version, &parts.headers, parts.uri.path()) {
            Err(problem) => problem.into_response(),
            Ok(()) => {
                let user_agent = user_agent(&parts.headers).map(str::to_owned);
                let info = RequestInfo { request_id: request_id.to_string(), address: Some(address), user_agent };
                // Boxed: pages are large futures, and a verification shall not carry their size around.
                Box::pin(self.route(info, parts, body).instrument(span.clone())).await
            }
        };
        let response = written(response, &uri, &request_id);
        let response = finished(state, response, uri.path(), &request_id);
        span.record("http.response.status_code", response.status().as_u16());
        line.write(response.status(), &request_id);
        line.measure(response.status(), &state.metrics);
        response
    }

    /// Answers the one request that is asked a hundred thousand times a second. `None`: it is another one.
    pub fn verify<B>(&self, peer: SocketAddr, request: &Request<B>) -> Option<http::Response<Bytes>> {
        let (headers, uri) = (request.headers(), request.uri());
        if !v1::verify::is_forward_auth(request.method(), uri.path()) {
            return None;
        }
        let line = access_log::is_verbose().then(|| {
            let address = client_address::find(peer.ip(), headers, &self.state().policy.trusted_proxies);
            access_log::Line::begin(request.method(), uri, address)
        });
        let (request_id, decision) = self.decide(peer, request.version(), Target::from(uri), headers);
        let response = match decision {
            Ok(holder) => Allowed::new(&holder, &request_id).into_response(),
            Err(refusal) => refusal,
        };
        if let Some(line) = line {
            line.write(response.status(), &request_id);
        }
        Some(response)
    }

    /// Its short way. What it does not do, compared with the others: wait for anything, read a body, and tell a browser
    /// what it must not do with an answer that says yes to a proxy.
    ///
    /// # Errors
    /// The refusal, ready to be sent.
    pub fn decide(
        &self,
        peer: SocketAddr,
        version: Version,
        target: Target<'_>,
        headers: &(impl Headers + ?Sized),
    ) -> (RequestId, Result<Holder, http::Response<Bytes>>) {
        let Inner { state, .. } = &*self.inner;
        // Before it, so that what is decided is true when it is sent.
        state.backend.give_way();
        let address = client_address::find(peer.ip(), headers, &state.policy.trusted_proxies);
        let request_id = request_id::fresh();
        let decision = check(state, version, headers, target.path)
            .and_then(|()| v1::verify::forward_auth(state, address, &request_id, target, headers));
        let decision = decision.map_err(|problem| {
            let written = problem.write(target.path, &request_id, &HeaderMap::new());
            finished(state, written, target.path, &request_id)
        });
        (request_id, decision)
    }

    async fn route<B>(&self, info: RequestInfo, mut parts: Parts, body: B) -> Response
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Inner { state, router } = &*self.inner;
        let (method, uri) = (parts.method.clone(), parts.uri.clone());
        let is_function = is_below(uri.path(), shared::path::SERVER_FUNCTIONS);
        if is_function && method == Method::POST {
            let kinds = ["application/json", "application/x-www-form-urlencoded"];
            if let Err(problem) = limits::check_content_type(&parts.headers, &kinds) {
                return problem.into_response();
            }
        }
        // Only what changes something has a body that anybody reads.
        let body = if matches!(method, Method::GET | Method::HEAD) {
            Body::empty()
        } else {
            match limits::read_body(&parts.headers, body).await {
                Ok(bytes) => {
                    if is_function {
                        parts.extensions.insert(Arguments(Arc::new(bytes.clone())));
                    }
                    Body::from(bytes)
                }
                Err(problem) => return problem.into_response(),
            }
        };
        // HTTP/2 has `:authority` in its place (RFC 9113, section 8.3.1); what compares it with `Origin` reads `Host`.
        if let (Entry::Vacant(host), Some(authority)) = (parts.headers.entry(HOST), uri.authority())
            && let Ok(authority) = HeaderValue::from_str(authority.as_str())
        {
            host.insert(authority);
        }
        let request_id = info.request_id.clone();
        parts.extensions.insert(info);
        let call = router.clone().oneshot(Request::from_parts(parts, body));
        let handler = async { call.await.unwrap_or_else(|never| match never {}) };
        let response = if detach::is_change(&method, uri.path()) {
            detach::answer(&request_id, state.backend.spawn(&state.detached, handler)).await
        } else {
            handler.await
        };
        if is_function && response.extensions().get::<Problem>().is_none() {
            server_fn_status::mend(response).await
        } else {
            response
        }
    }
}

/// What is asked of every request before anything else.
fn check(state: &AppState, version: Version, headers: &(impl Headers + ?Sized), path: &str) -> Result<(), Problem> {
    limits::check_host(version, headers)?;
    // Files hold no rule; everything else would say that there are no keys.
    if state.backend.is_ready() || path == v1::HEALTH { Ok(()) } else { Err(Problem::starting()) }
}

/// The answer itself, in place of the problem that it carries.
fn written(mut response: Response, uri: &Uri, request_id: &RequestId) -> Response {
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.write(uri.path(), request_id, response.headers()).map(Body::from),
        None => response,
    }
}

/// With the headers that every answer has.
fn finished<B>(
    state: &AppState,
    mut response: http::Response<B>,
    path: &str,
    request_id: &RequestId,
) -> http::Response<B> {
    let headers = response.headers_mut();
    request_id::write(headers, request_id);
    security_headers::write(headers, path, state.policy.https);
    response
}

/// Whether `path` is `folder` or something in it.
#[must_use]
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the client says it is, if that is printable ASCII, as it is meant to be (RFC 9110, section 10.1.5), and cut off
/// where nobody reads on.
#[must_use]
pub fn user_agent(headers: &(impl Headers + ?Sized)) -> Option<&str> {
    let sent = std::str::from_utf8(headers.first(USER_AGENT)?).ok()?;
    if sent.bytes().any(|byte| !matches!(byte, b' '..=b'~' | b'\t')) {
        return None;
    }
    sent.get(..sent.len().min(USER_AGENT_MAX)).filter(|kept| !kept.is_empty())
}
