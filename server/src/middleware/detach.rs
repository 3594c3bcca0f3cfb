//! A change goes on when its client hangs up.
//!
//! The server drops what it does for a connection that is gone. In the middle of "refused in memory, not yet
//! durable" that would leave a change half done, so changes run as tasks of their own; stopping the server waits for
//! them.

use axum::response::{IntoResponse as _, Response};
use backend::Failure;
use http::Method;
use shared::AppError;

use crate::v1::envelope::Problem;

/// Whether the request may change something.
#[must_use]
pub fn is_change(method: &Method, path: &str) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && path != crate::v1::verify::PATH
}

/// What `handler` answers. It runs to its end, whether or not anybody waits for it.
pub async fn answer(request_id: &str, handler: impl Future<Output = Result<Response, Failure>>) -> Response {
    match handler.await {
        Ok(response) => response,
        // Such as: what it would have told has not become durable.
        Err(failure) => match failure.report(request_id) {
            AppError::Unavailable => Problem::unavailable().into_response(),
            _ => Problem::internal().into_response(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use http::StatusCode;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_change_is_finished_when_nobody_waits_for_it_any_more() {
        let (go_on, gate) = oneshot::channel::<()>();
        let (finished, end) = oneshot::channel();
        let change = tokio::spawn(async move {
            _ = gate.await;
            _ = finished.send(());
            ().into_response()
        });
        let change = answer("7", async { change.await.map_err(|ended| Failure::Broken(ended.to_string())) });
        // Polled once and dropped, as the server does when a connection breaks.
        assert!(tokio::time::timeout(std::time::Duration::ZERO, change).await.is_err());
        assert!(go_on.send(()).is_ok(), "it still waits");
        assert!(end.await.is_ok());
    }

    #[tokio::test]
    async fn without_an_answer_of_its_own_it_is_told_whether_another_try_is_worth_it() {
        let status = async |failure| answer("7", ready(Err(failure))).await.status();
        assert_eq!(status(Failure::Connection("gone".to_owned())).await, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status(Failure::Broken("a panic".to_owned())).await, StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn only_what_may_change_something_is_detached() {
        assert!(is_change(&Method::POST, "/api/key_create"));
        assert!(!is_change(&Method::GET, "/keys"));
        assert!(!is_change(&Method::POST, "/v1/verify"));
    }
}
