//! A change goes on when its client hangs up.
//!
//! The server drops what it does for a connection that is gone. In the middle of "refused in memory, not yet
//! durable" that would leave a change half done, so changes run as tasks of their own; stopping the server waits for
//! them.

use std::fmt::Display;

use axum::response::Response;
use http::Method;

use crate::v1::envelope::Problem;

/// Whether the request may change something.
#[must_use]
pub fn is_change(method: &Method, path: &str) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && path != crate::v1::verify::PATH
}

/// What `handler` answers. It runs to its end, whether or not anybody waits for it.
pub async fn answer<E: Display>(handler: impl Future<Output = Result<Response, E>>) -> Response {
    match handler.await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a handler ended without an answer");
            axum::response::IntoResponse::into_response(Problem::internal())
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_change_is_finished_when_nobody_waits_for_it_any_more() {
        let (go_on, gate) = oneshot::channel::<()>();
        let (finished, end) = oneshot::channel();
        let change = answer(tokio::spawn(async move {
            _ = gate.await;
            _ = finished.send(());
            ().into_response()
        }));
        // Polled once and dropped, as the server does when a connection breaks.
        assert!(tokio::time::timeout(std::time::Duration::ZERO, change).await.is_err());
        assert!(go_on.send(()).is_ok(), "it still waits");
        assert!(end.await.is_ok());
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_an_answer() {
        let response = answer(tokio::spawn(async { panic!("on purpose") })).await;
        assert_eq!(response.status(), http::StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn only_what_may_change_something_is_detached() {
        assert!(is_change(&Method::POST, "/api/key_create"));
        assert!(!is_change(&Method::GET, "/keys"));
        assert!(!is_change(&Method::POST, "/v1/verify"));
    }
}
