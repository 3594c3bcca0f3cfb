//! What an operator's monitoring reads: numbers in the text form of `OpenMetrics`, on a listener of their own.
//!
//! Labels are words of ours, never what somebody sent: so there are few series, and nothing secret in them.

mod engine;
mod listener;
mod process;

use std::time::Duration;

use backend::Backend;
use http::{Method, StatusCode};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};
use shared::path::SERVER_FUNCTIONS;

pub use self::listener::serve;
use crate::middleware::is_below;

/// What is measured while the server answers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<Request, Histogram>,
    connections: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    kind: &'static str,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        // From a page out of memory, about a millisecond, to a password, whose digest takes a large part of a second.
        let requests = Family::new_with_constructor((|| Histogram::new(exponential_buckets(0.001, 2.5, 10))) as _);
        Self { requests, connections: Gauge::default() }
    }
}

impl Metrics {
    /// Notes an answered request. Verifications are counted by the engine, which has no time for more.
    pub fn note_request(&self, method: &Method, path: &str, status: StatusCode, took: Duration) {
        let request = Request { kind: kind(path), method: known(method), status: class(status) };
        self.requests.get_or_create(&request).observe(took.as_secs_f64());
    }

    /// Counts a connection until what this returns is dropped.
    #[must_use]
    pub fn connection(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    /// Everything there is to read.
    #[must_use]
    pub fn registry(&self, backend: Backend) -> Registry {
        let mut registry = Registry::with_prefix("ipaware");
        registry.register("build", "What runs here", Info::new(Build { version: env!("CARGO_PKG_VERSION") }));
        registry.register(
            "http_request_duration_seconds",
            "Answered requests but verifications: how many, and how long they took",
            self.requests.clone(),
        );
        registry.register("http_connections", "Open connections", self.connections.clone());
        registry.register_collector(Box::new(engine::Engine(backend)));
        registry.register_collector(Box::new(process::Process));
        registry
    }
}

/// An open connection.
#[derive(Debug)]
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The text of `OpenMetrics` 1.0.
///
/// # Errors
/// Not when it is written to memory.
pub fn write(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    text::encode(&mut text, registry)?;
    Ok(text)
}

fn kind(path: &str) -> &'static str {
    let folders = [("/v1", "api"), (SERVER_FUNCTIONS, "function"), ("/pkg", "file")];
    folders.into_iter().find(|(folder, _)| is_below(path, folder)).map_or("page", |(_, kind)| kind)
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
