//! The service that the verifier protects: it notes every request that reaches it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
};
use http::HeaderMap;
use ipaware_guard::Identity;
use tokio::net::TcpListener;

/// What it answers to everything.
pub(crate) const ORDERS: &str = "apples and pears";

/// A request that was let through.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// Who the guard says it is.
    pub(crate) identity: Option<Identity>,
}

impl Seen {
    /// The header's values as they came, also those that are not ASCII.
    pub(crate) fn header(&self, name: &str) -> Vec<String> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    }
}

/// What was let through so far.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The latest one.
    #[track_caller]
    pub(crate) fn last(&self) -> Seen {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.last().expect("a request has reached the service").clone()
    }
}

/// The service as a router, for what a test puts in front of it.
pub(crate) fn router() -> (Router, Log) {
    let log = Log::default();
    (Router::new().fallback(note).with_state(log.clone()), log)
}

async fn note(State(Log(log)): State<Log>, request: Request<Body>) -> &'static str {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        identity: parts.extensions.get::<Identity>().cloned(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    log.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    ORDERS
}

/// Serves `router` on a free port until the test ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}
