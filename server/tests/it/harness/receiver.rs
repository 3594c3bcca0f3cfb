//! A receiver of webhooks on this machine, which checks signatures with the library that receivers use.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use standardwebhooks::Webhook;

use super::upstream;

/// The receiver.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<Inner>,
}

struct Inner {
    status: AtomicU16,
    received: Mutex<Vec<Message>>,
}

/// A message, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Whether a receiver with this secret believes it.
    pub(crate) fn is_from(&self, secret: &str) -> bool {
        Webhook::new(secret).expect("a secret").verify(&self.body, &self.headers).is_ok()
    }
}

impl Receiver {
    /// Answers to everything with this status.
    pub(crate) async fn start(status: u16) -> Self {
        let state = Arc::new(Inner { status: AtomicU16::new(status), received: Mutex::default() });
        let router = Router::new().fallback(note).with_state(Arc::clone(&state));
        Self { url: format!("http://{}/hooks", upstream::serve(router).await), state }
    }

    /// From now on it answers so.
    pub(crate) fn answer(&self, status: u16) {
        self.state.status.store(status, Ordering::SeqCst);
    }

    /// What has arrived so far.
    pub(crate) fn received(&self) -> Vec<Message> {
        self.state.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn note(State(state): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    state.received.lock().unwrap_or_else(PoisonError::into_inner).push(Message { headers, body });
    let status = StatusCode::from_u16(state.status.load(Ordering::SeqCst)).expect("a status");
    (status, [(LOCATION, "/elsewhere")], "Noted.").into_response()
}
