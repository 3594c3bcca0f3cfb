//! A change goes on when its client hangs up.
//!
//! The server drops what it does for a connection that is gone. In the middle of "refused in memory, not yet
//! durable" that would leave a change half done, so changes run as tasks of their own; stopping the server waits for
//! them.

use axum::response::Response;
use http::Method;
use tokio_util::task::TaskTracker;

use crate::v1::envelope::Problem;

/// Whether the request may change something.
#[must_use]
pub fn is_change(method: &Method, path: &str) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && path != crate::v1::verify::PATH
}

/// Runs `handler` to its end, whether or not anybody waits for it.
pub async fn run(tasks: &TaskTracker, handler: impl Future<Output = Response> + Send + 'static) -> Response {
    match tasks.spawn(handler).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a handler ended without an answer");
            axum::response::IntoResponse::into_response(Problem::internal())
        }
    }
}
