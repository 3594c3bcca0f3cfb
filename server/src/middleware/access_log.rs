//! One line per request: what was asked, by whom, and how it went; and the same in numbers.
//!
//! Only the path, never the query, and no header: secrets may have strayed into either (OWASP, Logging Cheat Sheet,
//! "Data to exclude"). Verifications and files are written at `debug`: there are too many of them to be read. (Refusals
//! are kept with their reasons by the backend, and counted.)

use std::{net::IpAddr, time::Instant};

use http::{Method, StatusCode, Uri};
use tracing::{debug, info};

use super::is_below;
use crate::metrics::Metrics;

/// Whether verifications are written.
#[must_use]
pub fn is_verbose() -> bool {
    tracing::enabled!(target: "access", tracing::Level::DEBUG)
}

/// What the line says, gathered before the request is handed on.
#[derive(Debug)]
pub struct Line {
    method: Method,
    uri: Uri,
    address: IpAddr,
    began: Instant,
}

impl Line {
    /// Begins to measure.
    #[must_use]
    pub fn begin(method: &Method, uri: &Uri, address: IpAddr) -> Self {
        Self { method: method.clone(), uri: uri.clone(), address, began: Instant::now() }
    }

    /// Puts it into numbers.
    pub fn measure(&self, status: StatusCode, metrics: &Metrics) {
        metrics.note_request(&self.method, self.uri.path(), status, self.began.elapsed());
    }

    /// Writes it.
    pub fn write(&self, status: StatusCode, request_id: &str) {
        let Self { method, uri, address, began } = self;
        let (path, status) = (uri.path(), status.as_u16());
        let is_quiet = is_below(path, crate::v1::verify::PATH) || (status < 400 && path.starts_with("/pkg/"));
        macro_rules! line {
            ($level:ident) => {
                $level!(
                    target: "access",
                    %method,
                    // Quoted, so that nothing in it can look like a line of its own.
                    path = ?path,
                    status,
                    micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
                    request_id,
                    %address,
                    "request"
                )
            };
        }
        if is_quiet { line!(debug) } else { line!(info) }
    }
}
