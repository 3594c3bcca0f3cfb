//! Requests that no honest client sends.

use shared::{key::KeyListParams, role::SystemRole};

use crate::harness::{both_databases, raw, refused};

const HOST: &str = "Host: localhost\r\n";

both_databases! {
    async fn two_authorization_headers_are_refused_even_when_both_are_right(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for path in ["/v1/verify", "/v1/me", "/v1/ip/8.8.8.8"] {
            let answer = key.caller.clone().bearer(&key.secret).get(path).await;
            assert_eq!(answer.refusal(), refused(400, "credentials_repeated"), "{path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_request\"");
        }
    }

    async fn a_request_without_exactly_one_host_is_refused(app) {
        for path in ["/v1/verify", "/v1/health", "/keys"] {
            let get = format!("GET {path} HTTP/1.1\r\n");
            assert_eq!(raw::status(app, format!("{get}\r\n").as_bytes()).await, 400, "{path}");
            assert_eq!(raw::status(app, format!("{get}{HOST}{HOST}\r\n").as_bytes()).await, 400, "{path}");
        }
        assert_eq!(raw::status(app, format!("GET /v1/health HTTP/1.1\r\n{HOST}\r\n").as_bytes()).await, 200);
    }

    async fn a_head_over_16_kib_or_of_more_than_100_lines_is_refused(app) {
        let long = format!("GET /v1/health HTTP/1.1\r\n{HOST}X: {}\r\n\r\n", "x".repeat(17 * 1024));
        assert_eq!(raw::status(app, long.as_bytes()).await, 431);
        let lines: String = (0..101).map(|n| format!("X-{n}: x\r\n")).collect();
        assert_eq!(raw::status(app, format!("GET /v1/health HTTP/1.1\r\n{HOST}{lines}\r\n").as_bytes()).await, 431);
    }

    async fn a_body_over_64_kib_is_refused_whether_announced_or_not(app) {
        let owner = app.owner().await;
        let answer = owner.caller.request("POST", "/api/key_list", Some("application/json"), "x".repeat(64 * 1024 + 1)).await;
        assert_eq!(answer.status, 413);
        assert!(matches!(serde_json::from_str(&answer.text), Ok(shared::AppError::BadRequest { .. })), "{answer:?}");
        let key = owner.key(SystemRole::Admin).await;
        let answer = key.caller.request("POST", "/v1/verify", Some("application/json"), "x".repeat(64 * 1024 + 1)).await;
        assert_eq!(answer.refusal(), refused(413, "body_too_large"));
        let chunks = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(2);
        let chunked = format!("POST /v1/verify HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
        assert_eq!(raw::status(app, chunked.as_bytes()).await, 413);
    }

    async fn a_body_that_breaks_off_changes_nothing(app) {
        let owner = app.owner().await;
        let params = owner.create_params("Half", SystemRole::ApiClient).await.to_string();
        let cookie = owner.caller.header("cookie");
        let head = format!(
            "POST /api/key_create HTTP/1.1\r\n{HOST}Cookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            params.len() + 1
        );
        raw::hang_up_after(app, format!("{head}{params}").as_bytes()).await;
        assert_eq!(owner.keys(KeyListParams::default()).await.page.total, 0);
    }

    async fn lengths_that_contradict_each_other_are_refused(app) {
        let twice = format!("POST /v1/verify HTTP/1.1\r\n{HOST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}");
        assert_eq!(raw::status(app, twice.as_bytes()).await, 400);
        let unknown = format!("POST /v1/verify HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip\r\n\r\n{{}}");
        assert_eq!(raw::status(app, unknown.as_bytes()).await, 400);
    }

    async fn a_request_that_two_servers_could_read_differently_is_refused(app) {
        let both = "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n";
        let turned = "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n";
        for lengths in [both, turned] {
            let request = format!("POST /v1/verify HTTP/1.1\r\n{HOST}{lengths}\r\n0\r\n\r\n");
            assert_eq!(raw::status(app, request.as_bytes()).await, 400, "{lengths}");
        }
        for request in ["GET /v1/health HTTP/1.1\nHost: a\n\n", "GET /v1/health HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"] {
            assert_eq!(raw::status(app, request.as_bytes()).await, 400, "{request:?}");
        }
    }

    async fn what_is_no_http_is_refused(app) {
        assert_eq!(raw::status(app, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello, this is TLS\r\n\r\n").await, 400);
    }

    async fn a_server_function_takes_json_or_a_form_and_nothing_else(app) {
        let owner = app.owner().await;
        for kind in [None, Some("text/plain"), Some("multipart/form-data")] {
            let answer = owner.caller.request("POST", "/api/key_list", kind, "{}").await;
            assert_eq!(answer.status, 415, "{kind:?}");
        }
    }

    async fn broken_json_for_a_server_function_is_a_bad_request(app) {
        let owner = app.owner().await;
        for body in ["", "{", "null", "[]", "{\"params\":{\"page\":-1}}", "\u{0}"] {
            let answer = owner.caller.request("POST", "/api/key_list", Some("application/json"), body).await;
            assert!(matches!(answer.error(), shared::AppError::BadRequest { .. }), "{body}");
            assert_eq!(answer.status, 400, "{body}");
        }
    }

    async fn an_unknown_path_and_a_wrong_method_are_told_in_the_form_of_their_api(app) {
        let visitor = app.visitor();
        assert_eq!(visitor.get("/v1/nothing").await.refusal(), refused(404, "not_found"));
        assert_eq!(visitor.get("/v1").await.refusal(), refused(404, "not_found"));
        assert_eq!(visitor.get("/v1/ip/").await.refusal(), refused(404, "not_found"));
        let wrong = visitor.request("DELETE", "/v1/verify", None, "").await;
        assert_eq!(wrong.refusal(), refused(405, "method_not_allowed"));
        let mut allowed: Vec<_> = wrong.header("allow").split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["GET", "HEAD", "POST"]);
        let function = visitor.call("nothing", serde_json::json!({})).await;
        assert_eq!(function.status, 404);
        assert!(matches!(serde_json::from_str(&function.text), Ok(shared::AppError::BadRequest { .. })), "{function:?}");
    }

    async fn the_request_id_is_ours_whatever_the_client_sends(app) {
        let answer = app.visitor().with("x-request-id", "forged\u{9}").get("/v1/health").await;
        assert!(answer.header("x-request-id").starts_with("req_"), "{answer:?}");
    }
}
