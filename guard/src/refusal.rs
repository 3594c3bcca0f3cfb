//! What a client gets in place of the service's answer, over HTTP and over gRPC.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use http_body_util::Full;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// What `grpc-message` may not hold as it is, beside everything that is not ASCII (gRPC over HTTP2, "Percent-Encoded").
const NOT_IN_MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

/// A request that is not let in.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Refusal {
    /// The server's own answer. Of its headers only those that are about the refusal: the others are about the server.
    pub(crate) fn by_server(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Self {
        let kept = [CONTENT_TYPE, WWW_AUTHENTICATE, RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY, REQUEST_ID];
        let headers = kept.into_iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect();
        Self { status, headers, body }
    }

    /// Nobody has said that the request is allowed. The cause is for the log and not for the client.
    pub(crate) fn unavailable() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let body = json!({
            "code": status.as_u16(),
            "data": null,
            "output": "Service Unavailable",
            "error": {
                "reason": "verifier_unavailable",
                "detail": "Whether this API key is allowed cannot be found out at the moment. Try again later.",
                "request_id": null,
            },
        });
        let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))].into_iter().collect();
        Self { status, headers, body: body.to_string().into() }
    }

    pub(crate) fn into_http(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    /// A "Trailers-Only" answer: the status of the call is in the headers, and there is no body. Its HTTP status is
    /// always 200.
    pub(crate) fn into_grpc(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        let message = self.message();
        let headers = response.headers_mut();
        *headers = self.headers;
        headers.insert(CONTENT_TYPE, GRPC);
        headers.insert(GRPC_STATUS, grpc_status(self.status));
        if let Ok(message) = HeaderValue::try_from(utf8_percent_encode(&message, NOT_IN_MESSAGE).to_string()) {
            headers.insert(GRPC_MESSAGE, message);
        }
        response
    }

    /// The word for programs and the sentence for people, which stand in the body.
    fn message(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let said = |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_str);
        match (said("reason"), said("detail")) {
            (Some(reason), Some(detail)) => format!("{reason}: {detail}"),
            _ => self.status.canonical_reason().unwrap_or_default().to_owned(),
        }
    }
}

/// Whether a request with these headers wants an answer in gRPC's form.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(GRPC.as_bytes()))
}

/// The code that means the same (gRPC, "Status codes and their use").
fn grpc_status(status: StatusCode) -> HeaderValue {
    HeaderValue::from_static(match status {
        StatusCode::BAD_REQUEST => "3",
        StatusCode::FORBIDDEN => "7",
        StatusCode::TOO_MANY_REQUESTS => "8",
        StatusCode::UNAUTHORIZED => "16",
        _ => "14",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grpc(status: u16, body: &'static str) -> (String, String) {
        let status = StatusCode::from_u16(status).expect("a status");
        let response = Refusal::by_server(status, &HeaderMap::new(), Bytes::from(body)).into_grpc();
        assert_eq!(response.status(), 200);
        let text = |name: HeaderName| response.headers()[name].to_str().expect("ASCII").to_owned();
        (text(GRPC_STATUS), text(GRPC_MESSAGE))
    }

    #[test]
    fn a_message_is_the_reason_and_its_sentence_in_printable_ascii() {
        let body = r#"{"error": {"reason": "revoked", "detail": "100% für immer.\n"}}"#;
        assert_eq!(grpc(401, body), ("16".to_owned(), "revoked: 100%25 f%C3%BCr immer.%0A".to_owned()));
    }

    #[test]
    fn a_body_that_is_not_the_servers_form_leaves_the_status_in_words() {
        for body in ["", "<html>", r#"{"error": null}"#, r#"{"error": {"reason": 1}}"#] {
            assert_eq!(grpc(403, body), ("7".to_owned(), "Forbidden".to_owned()), "{body}");
        }
    }

    #[test]
    fn only_the_headers_of_the_refusal_are_passed_on() {
        let of_refusal =
            ["content-type", "ratelimit", "ratelimit-policy", "retry-after", "www-authenticate", "x-request-id"];
        let given = of_refusal.into_iter().chain(["set-cookie", "server"]);
        let given = given.map(|name| (HeaderName::from_static(name), HeaderValue::from_static("x")));
        let refusal = Refusal::by_server(StatusCode::UNAUTHORIZED, &given.collect(), Bytes::new()).into_http();
        let mut kept: Vec<_> = refusal.headers().keys().map(HeaderName::as_str).collect();
        kept.sort_unstable();
        assert_eq!(kept, of_refusal);
    }

    #[test]
    fn grpc_is_recognised_with_any_message_format() {
        let is = |kind| is_grpc(&[(CONTENT_TYPE, HeaderValue::from_static(kind))].into_iter().collect());
        assert!(is("application/grpc") && is("application/grpc+proto") && is("application/grpc-web-text"));
        assert!(!is("application/json") && !is("text/plain, application/grpc") && !is_grpc(&HeaderMap::new()));
    }
}
