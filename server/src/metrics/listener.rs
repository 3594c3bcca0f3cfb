//! The listener that monitoring asks. It is for whoever runs the server: it asks nobody who they are, so it belongs on an
//! address that others cannot reach.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::body::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::registry::Registry;
use tokio::{net::TcpListener, sync::Semaphore};

/// `OpenMetrics` 1.0, which Prometheus and its like ask for.
const KIND: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
/// How many may ask at once.
const CONNECTIONS: usize = 32;
/// How long an exchange may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers `GET /metrics` until the process ends.
pub async fn serve(listener: TcpListener, registry: Registry) {
    let (registry, room) = (Arc::new(registry), Arc::new(Semaphore::new(CONNECTIONS)));
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // No file descriptors, most likely: others need them more than this.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let registry = Arc::clone(&registry);
        tokio::spawn(async move {
            let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&registry, &request))));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            _ = tokio::time::timeout(PATIENCE, connection).await;
            drop(place);
        });
    }
}

fn answer(registry: &Registry, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let status = |status, text: &'static str| {
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != "/metrics" {
        return status(StatusCode::NOT_FOUND, "There is /metrics only.\n");
    }
    if request.method() != Method::GET {
        return status(StatusCode::METHOD_NOT_ALLOWED, "Send a GET.\n");
    }
    let Ok(text) = super::write(registry) else {
        return status(StatusCode::INTERNAL_SERVER_ERROR, "The numbers cannot be written.\n");
    };
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert(CONTENT_TYPE, KIND);
    response
}
