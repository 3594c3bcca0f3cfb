//! What every request passes on its way in and out, one file per layer.
//!
//! [`Edge`] calls them one after the other in plain functions. Stacked as tower layers they would cost a boxed future
//! each, which a verification, itself half a microsecond, would feel; so it also takes `GET /v1/verify` out before
//! routing. Everything else goes on to the router.

pub mod access_log;
pub mod client_address;
pub mod detach;
pub mod limits;
pub mod request_id;
pub mod security_headers;
pub mod server_fn_status;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    response::{IntoResponse as _, Response},
};
use backend::context::RequestInfo;
use http::{
    HeaderMap, HeaderValue, Method, Request,
    header::{Entry, HOST, USER_AGENT},
    request::Parts,
};
use tower::ServiceExt as _;

use crate::{
    router::router,
    state::AppState,
    v1::{self, envelope::Problem},
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

        let mut response = match limits::check_host(parts.version, &parts.headers) {
            Err(problem) => problem.into_response(),
            Ok(()) if v1::verify::is_forward_auth(&parts) => v1::verify::forward_auth(state, address, &parts),
            Ok(()) => {
                let user_agent = user_agent(&parts.headers);
                let info = RequestInfo { request_id: request_id.clone(), address: Some(address), user_agent };
                // Boxed: pages are large futures, and a verification shall not carry their size around.
                Box::pin(self.route(info, parts, body)).await
            }
        };
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = problem.write(response, uri.path(), &request_id);
        }
        let headers = response.headers_mut();
        request_id::write(headers, &request_id);
        security_headers::write(headers, uri.path(), state.policy.https);
        line.write(response.status(), &request_id);
        response
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
                Ok(bytes) => Body::from(bytes),
                Err(problem) => return problem.into_response(),
            }
        };
        // HTTP/2 has `:authority` in its place (RFC 9113, section 8.3.1); what compares it with `Origin` reads `Host`.
        if let (Entry::Vacant(host), Some(authority)) = (parts.headers.entry(HOST), uri.authority())
            && let Ok(authority) = HeaderValue::from_str(authority.as_str())
        {
            host.insert(authority);
        }
        parts.extensions.insert(info);
        let call = router.clone().oneshot(Request::from_parts(parts, body));
        let handler = async { call.await.unwrap_or_else(|never| match never {}) };
        let response = if detach::is_change(&method, uri.path()) {
            detach::run(&state.detached, handler).await
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

/// Whether `path` is `folder` or something in it.
#[must_use]
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let sent = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes());
    let kept: String = sent.chars().filter(|c| !c.is_control()).take(USER_AGENT_MAX).collect();
    Some(kept).filter(|kept| !kept.is_empty())
}
