//! Traefik and Envoy are not run here. What they send when they are set up as in `examples/` is in `tests/recorded`, put
//! down as their documentation and sources have it, and goes to a real server as it is.

use std::{fs, path::Path};

use shared::role::SystemRole;

use crate::harness::{Setup, both_databases, proxy::examples, raw::Line, refused};

/// Where the recorded requests say they are from.
const CLIENT: &str = "203.0.113.9";
const RECORDED: [&str; 4] = ["traefik-get", "traefik-post", "envoy-get", "envoy-post"];

/// A request with this secret in it, with the line ends of HTTP.
fn recorded(name: &str, secret: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(name).with_extension("http");
    let text = fs::read_to_string(path).expect("a recorded request");
    assert!(text.contains("{secret}"), "{name}");
    text.replace("{secret}", secret).replace('\n', "\r\n")
}

/// The same without its `Authorization`.
fn anonymous(name: &str) -> String {
    let request = recorded(name, "");
    request.split_inclusive("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("authorization")).collect()
}

both_databases! {
    async fn an_allowed_request_is_answered_with_the_identity_of_its_key(app = Setup::behind_a_proxy()) {
        let (owner, key) = app.shop().await;
        for name in RECORDED {
            let answer = Line::open(app).await.send(&recorded(name, &key.secret)).await;
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            assert_eq!(answer.header("x-key-id"), key.view.id.to_string(), "{name}");
            assert_eq!(answer.headers["x-key-role"].as_bytes(), "Größe".as_bytes(), "{name}");
            assert_eq!(answer.header("x-organization-id"), owner.viewer.organization.to_string(), "{name}");
        }
    }

    async fn a_refused_request_is_answered_with_what_the_client_shall_see(app = Setup::behind_a_proxy()) {
        let (owner, key) = app.shop().await;
        let client = owner.key(SystemRole::ApiClient).await;
        let bound = owner.key_with(key.view.role.id).await;
        owner.bind_to(bound.view.id, "198.51.100.7/32").await;
        for name in RECORDED {
            let mut line = Line::open(app).await;
            for (request, status, reason, challenge) in [
                (anonymous(name), 401, "credentials_missing", "Bearer"),
                (recorded(name, "nonsense"), 401, "unknown", "Bearer error=\"invalid_token\""),
                (recorded(name, &client.secret), 403, "permission_missing", "Bearer error=\"insufficient_scope\", scope=\"orders.read\""),
                (recorded(name, &bound.secret), 403, "ip_not_allowed", ""),
            ] {
                let answer = line.send(&request).await;
                assert_eq!(answer.refusal(), refused(status, reason), "{name}");
                assert_eq!(answer.header("www-authenticate"), challenge, "{name}");
                assert_eq!(answer.header("x-key-id"), "", "{name}");
            }
        }
    }

    async fn a_key_revoked_between_two_requests_on_one_connection_is_refused_at_the_second(app = Setup::behind_a_proxy()) {
        let (owner, key) = app.shop().await;
        for name in RECORDED {
            let other = owner.key_with(key.view.role.id).await;
            let mut line = Line::open(app).await;
            assert_eq!(line.send(&recorded(name, &other.secret)).await.status, 200, "{name}");
            owner.revoke(other.view.id).await;
            assert_eq!(line.send(&recorded(name, &other.secret)).await.refusal(), refused(401, "revoked"), "{name}");
        }
    }

    async fn the_clients_address_is_the_one_that_the_proxy_has_seen(app = Setup::behind_a_proxy()) {
        let (owner, key) = app.shop().await;
        for name in RECORDED {
            let other = owner.key_with(key.view.role.id).await;
            assert_eq!(Line::open(app).await.send(&recorded(name, &other.secret)).await.status, 200, "{name}");
            assert_eq!(owner.last_address(app, &other).await, CLIENT, "{name}");
        }
    }

    async fn a_server_that_does_not_trust_the_proxy_sees_the_proxys_own_address(app) {
        let (owner, key) = app.shop().await;
        for name in RECORDED {
            let other = owner.key_with(key.view.role.id).await;
            assert_eq!(Line::open(app).await.send(&recorded(name, &other.secret)).await.status, 200, "{name}");
            assert_eq!(owner.last_address(app, &other).await, "127.0.0.1", "{name}");
        }
    }
}

#[test]
fn the_examples_take_out_what_clients_make_up_however_it_is_spelled() {
    let traefik = fs::read_to_string(examples().join("traefik/api.yaml")).expect("the example");
    assert!(traefik.contains("authResponseHeadersRegex: (?i)^x[^a-z0-9](key|organization)[^a-z0-9](id|role)$"));
    assert!(!traefik.contains("trustForwardHeader: true"));
    let envoy = fs::read_to_string(examples().join("envoy/envoy.yaml")).expect("the example");
    let removed = |name: &str| envoy.lines().any(|line| line.trim() == format!("- remove: {name}"));
    for (first, last) in [("key", "id"), ("key", "role"), ("organization", "id")] {
        for (before, after) in [('-', '-'), ('-', '.'), ('.', '-'), ('.', '.')] {
            assert!(removed(&format!("x{before}{first}{after}{last}")), "{before} {first} {after} {last}");
        }
    }
    assert!(envoy.contains("headers_with_underscores_action: DROP_HEADER"));
}

#[test]
fn the_examples_ask_what_was_recorded() {
    for (file, names, setting, asked) in [
        (
            "traefik/api.yaml",
            ["traefik-get", "traefik-post"],
            "address: http://127.0.0.1:3000",
            "/v1/verify?permission=orders.read ",
        ),
        ("envoy/envoy.yaml", ["envoy-get", "envoy-post"], "path_prefix: ", "/v1/verify/permission=orders.read/"),
    ] {
        let example = fs::read_to_string(examples().join(file)).expect("the example");
        let set = example.lines().find_map(|line| line.trim().strip_prefix(setting)).expect("what it asks");
        assert_eq!(set, asked.trim_end_matches([' ', '/']), "{file}");
        for name in names {
            let request = recorded(name, "");
            assert!(request.split_once(' ').is_some_and(|(_, path)| path.starts_with(asked)), "{name}");
        }
    }
}
