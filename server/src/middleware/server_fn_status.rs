//! Gives the answers of server functions their HTTP meaning.
//!
//! Leptos 0.8 answers every error with 500, unless the function itself has set a status; it cannot when its
//! arguments could not even be read. Redirects are left alone: they send a form that was posted without scripts back to
//! its page.

use axum::{
    body::{Body, to_bytes},
    response::Response,
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER},
};
use shared::AppError;

/// More than any error says.
const ERROR_MAX: usize = 256 * 1024;

/// Puts the status right, and makes every failure a JSON [`AppError`].
pub async fn mend(response: Response) -> Response {
    if response.status().as_u16() < 400 {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, ERROR_MAX).await.unwrap_or_default();
    let body = match serde_json::from_slice::<AppError>(&body) {
        Ok(error) => {
            if parts.status == StatusCode::INTERNAL_SERVER_ERROR {
                parts.status = StatusCode::from_u16(error.status()).unwrap_or(parts.status);
            }
            if let AppError::TooManyAttempts { retry_after_seconds } = error {
                parts.headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_seconds));
            }
            body
        }
        Err(_) => {
            let detail = parts.status.canonical_reason().unwrap_or("the server function refused it").to_owned();
            serde_json::to_vec(&AppError::BadRequest { detail }).unwrap_or_default().into()
        }
    };
    parts.headers.remove(CONTENT_LENGTH);
    // Leptos names the page to go back to in any case, also when that is another site's.
    parts.headers.remove(LOCATION);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn mended(status: u16, body: &str) -> (u16, AppError) {
        let response = Response::builder().status(status).body(Body::from(body.to_owned())).expect("a response");
        let response = mend(response).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), ERROR_MAX).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("an AppError"))
    }

    #[tokio::test]
    async fn an_error_gets_its_own_status() {
        let error = AppError::BadRequest { detail: "x".to_owned() };
        let json = serde_json::to_string(&error).expect("json");
        assert_eq!(mended(500, &json).await, (400, error));
    }

    #[tokio::test]
    async fn a_failure_without_json_becomes_json() {
        let (status, error) = mended(415, "Unsupported").await;
        assert_eq!(status, 415);
        assert!(matches!(error, AppError::BadRequest { .. }));
    }
}
