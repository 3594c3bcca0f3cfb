//! How traces reach the collector: over the HTTP client that the command line uses, too. The exporter has a thread of its
//! own, so this may block it.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to the collector.
#[derive(Debug)]
pub(super) struct Collector(ureq::Agent);

impl Default for Collector {
    fn default() -> Self {
        let config =
            ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).max_redirects(0);
        Self(config.build().into())
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let sent = self.0.run(Request::from_parts(parts, &*body));
        // The exporter itself tells nobody that it failed.
        let response = sent.inspect_err(|error| tracing::warn!(%error, "the traces did not reach their collector"))?;
        if !response.status().is_success() {
            tracing::warn!(status = response.status().as_u16(), "the collector did not take the traces");
        }
        let (parts, mut body) = response.into_parts();
        Ok(Response::from_parts(parts, body.read_to_vec()?.into()))
    }
}
