//! The tower layer in front of services, asking a real server.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use http::StatusCode;
use ipaware_guard::GuardLayer;
use serde_json::{Value, json};
use shared::role::SystemRole;
use tokio::net::TcpListener;
use tonic::{
    Code, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint, server::TcpIncoming},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::harness::{
    Answer, Caller, Connection, Setup, both_databases, refused,
    upstream::{self, Log, ORDERS},
    wire::{self, Wire},
};

/// Whoever is not on the way.
const SOMEBODY: &str = "127.0.0.2";

fn guard(server: SocketAddr) -> GuardLayer {
    GuardLayer::new(&format!("http://{server}")).expect("a guard")
}

/// A service behind `guard`, and what reaches it.
async fn guarded(guard: GuardLayer) -> (SocketAddr, Log) {
    let (router, log) = upstream::router();
    (upstream::serve(router.layer(guard)).await, log)
}

/// What the guard itself says when it has no answer.
#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.header("content-type")), (503, "application/json"), "{answer:?}");
    let json = answer.json();
    assert_eq!(
        (&json["code"], &json["data"], &json["output"]),
        (&503.into(), &Value::Null, &"Service Unavailable".into())
    );
    assert_eq!(
        (&json["error"]["reason"], &json["error"]["request_id"]),
        (&"verifier_unavailable".into(), &Value::Null)
    );
    assert!(json["error"]["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{answer:?}");
}

both_databases! {
    async fn an_allowed_request_reaches_the_service_with_the_identity_of_its_key(app) {
        let (owner, key) = app.shop().await;
        let (service, log) = guarded(guard(app.address).permission("orders.read")).await;
        let answer = key.caller.at(service).post_json("/orders?year=2026", &json!({ "pears": 3 })).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ORDERS));
        let seen = log.last();
        assert_eq!((seen.method.as_str(), seen.path.as_str(), seen.body.as_str()), ("POST", "/orders?year=2026", r#"{"pears":3}"#));
        let identity = seen.identity.expect("an identity");
        assert_eq!((identity.key_id, identity.role), (key.view.id.to_string(), "Größe".to_owned()));
        assert_eq!(identity.organization_id, owner.viewer.organization.to_string());
    }

    async fn a_refused_request_gets_the_servers_answer_and_never_reaches_the_service(app) {
        let (owner, key) = app.shop().await;
        let (service, log) = guarded(guard(app.address).permission("orders.read")).await;
        let (client, revoked, bound) = (
            owner.key(SystemRole::ApiClient).await,
            owner.key_with(key.view.role.id).await,
            owner.key_with(key.view.role.id).await,
        );
        owner.revoke(revoked.view.id).await;
        owner.bind_to(bound.view.id, "198.51.100.0/24").await;
        for (caller, status, reason) in [
            (app.visitor(), 401, "credentials_missing"),
            (app.visitor().bearer("nonsense"), 401, "unknown"),
            (app.visitor().bearer(&key.view.id.to_string()), 401, "key_id_instead_of_secret"),
            (revoked.caller, 401, "revoked"),
            (client.caller, 403, "permission_missing"),
            (bound.caller, 403, "ip_not_allowed"),
            (key.caller.clone().bearer(&key.secret), 400, "credentials_repeated"),
        ] {
            let direct = caller.get("/v1/verify?permission=orders.read").await;
            let answer = caller.at(service).get("/orders").await;
            assert_eq!(answer.refusal(), refused(status, reason));
            assert_eq!(answer.anonymous(), direct.anonymous(), "word for word");
            for name in ["www-authenticate", "content-type"] {
                assert_eq!(answer.header(name), direct.header(name), "{name}");
            }
        }
        assert_eq!(log.count(), 0);
    }

    async fn when_the_months_requests_are_used_up_the_client_is_told_when_to_come_back(app = Setup::free()) {
        let (_owner, key) = app.shop().await;
        let (service, log) = guarded(guard(app.address)).await;
        key.use_up(app);
        let answer = key.caller.at(service).get("/orders").await;
        assert_eq!(answer.refusal(), refused(429, "limit_exceeded"));
        let direct = key.caller.get("/v1/verify").await;
        for name in ["retry-after", "ratelimit", "ratelimit-policy"] {
            assert_eq!(answer.header(name), direct.header(name), "{name}");
        }
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{answer:?}");
        assert_eq!(log.count(), 0);
    }

    async fn a_key_revoked_between_two_requests_on_one_connection_is_refused_at_the_second(app) {
        let (owner, key) = app.shop().await;
        let (service, log) = guarded(guard(app.address)).await;
        let mut connection = Connection::open(service).await;
        assert_eq!(key.caller.get_over(&mut connection, "/orders").await.status, 200);
        owner.revoke(key.view.id).await;
        assert_eq!(key.caller.get_over(&mut connection, "/orders").await.refusal(), refused(401, "revoked"));
        assert_eq!(log.count(), 1);
    }

    async fn all_permissions_of_the_layer_are_needed_and_each_route_may_have_its_own(app) {
        let owner = app.owner().await;
        let reader = owner.role_with_own("Reader", &["orders.read"]).await;
        let writer = owner.role_with_own("Writer", &["orders.write"]).await;
        let both = owner.role_with("Both", &["orders.read", "orders.write"]).await;
        let reading = guard(app.address).permission("orders.read");
        let router = Router::new()
            .route("/read", get("read").layer(reading.clone()))
            .route("/move", get("moved").layer(reading.permission("orders.write")));
        let service = upstream::serve(router).await;
        for (role, read, moved) in [(reader, 200, 403), (writer, 403, 403), (both, 200, 200)] {
            let caller = owner.key_with(role.id).await.caller.at(service);
            let statuses = (caller.get("/read").await.status, caller.get("/move").await.status);
            assert_eq!(statuses, (read, moved), "{}", role.name);
        }
    }

    async fn the_keys_of_other_organizations_are_kept_out_when_one_is_named(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let organization = owner.viewer.organization.to_string();
        let (service, log) = guarded(guard(app.address).organization(&organization)).await;
        let (own, other) = (owner.key(SystemRole::ApiClient).await, stranger.key(SystemRole::ApiClient).await);
        assert_eq!(own.caller.at(service).get("/orders").await.status, 200);
        assert_eq!(other.caller.at(service).get("/orders").await.refusal(), refused(401, "unknown"));
        assert_eq!(log.count(), 1);
    }

    async fn identity_headers_that_a_client_has_made_up_do_not_reach_the_service(app) {
        let (_owner, key) = app.shop().await;
        let (service, log) = guarded(guard(app.address)).await;
        let mut caller = key.caller.at(service);
        let names = ["x-key-id", "x-key-role", "x-organization-id"];
        for name in names {
            caller = caller.with(name, "made up").with(name, "twice");
        }
        assert_eq!(caller.get("/orders").await.status, 200);
        for name in names {
            assert_eq!(log.last().header(name), [""; 0], "{name}");
        }
        assert_eq!(log.last().identity.map(|identity| identity.key_id), Some(key.view.id.to_string()));
    }

    async fn the_server_sees_the_other_end_of_the_clients_connection_and_not_what_the_client_claims(app = Setup::behind_a_proxy()) {
        let (owner, key) = app.shop().await;
        let (service, _log) = guarded(guard(app.address)).await;
        let mut connection = Connection::open_from(SOMEBODY.parse().expect("an address"), service).await;
        let liar = key.caller.clone().with("x-forwarded-for", "198.51.100.7").with("forwarded", "for=198.51.100.7");
        assert_eq!(liar.get_over(&mut connection, "/orders").await.status, 200);
        assert_eq!(owner.last_address(app, &key).await, SOMEBODY);
    }

    async fn an_address_rule_is_applied_to_the_client_behind_the_guard(app = Setup::behind_a_proxy()) {
        let (owner, key) = app.shop().await;
        owner.bind_to(key.view.id, "127.0.0.2/32").await;
        let (service, log) = guarded(guard(app.address)).await;
        let mut right = Connection::open_from(SOMEBODY.parse().expect("an address"), service).await;
        assert_eq!(key.caller.get_over(&mut right, "/orders").await.status, 200);
        let liar = key.caller.at(service).with("x-forwarded-for", SOMEBODY);
        assert_eq!(liar.get("/orders").await.refusal(), refused(403, "ip_not_allowed"));
        assert_eq!(log.count(), 1);
    }

    async fn the_address_may_be_found_by_a_function_of_the_service(app = Setup::behind_a_proxy()) {
        let (owner, key) = app.shop().await;
        let by_header = guard(app.address).client_address(|parts| {
            parts.headers.get("x-real-ip").and_then(|address| address.to_str().ok()?.parse::<IpAddr>().ok())
        });
        let (service, _log) = guarded(by_header).await;
        let caller = key.caller.at(service).with("x-real-ip", "::ffff:203.0.113.9");
        assert_eq!(caller.get("/orders").await.status, 200);
        assert_eq!(owner.last_address(app, &key).await, "203.0.113.9");
    }

    async fn a_server_that_does_not_trust_the_service_sees_the_services_own_address(app) {
        let (owner, key) = app.shop().await;
        let (service, _log) = guarded(guard(app.address)).await;
        let mut connection = Connection::open_from(SOMEBODY.parse().expect("an address"), service).await;
        assert_eq!(key.caller.get_over(&mut connection, "/orders").await.status, 200);
        assert_eq!(owner.last_address(app, &key).await, "127.0.0.1");
    }

    async fn fifty_requests_one_after_the_other_take_one_connection(app) {
        let (owner, key) = app.shop().await;
        let wire = Wire::to(app.address).await;
        let (service, log) = guarded(guard(wire.address)).await;
        let client = owner.key(SystemRole::ApiClient).await;
        for turn in 0..25 {
            assert_eq!(key.caller.at(service).get("/orders").await.status, 200, "{turn}");
            assert_eq!(app.visitor().at(service).get("/orders").await.status, 401, "{turn}");
        }
        assert_eq!((wire.connections().await, log.count()), (1, 25));
        assert_eq!(client.caller.at(service).get("/orders").await.status, 200);
        assert_eq!(wire.connections().await, 1);
    }

    async fn a_service_that_has_several_guards_shares_their_connections(app) {
        let (_owner, key) = app.shop().await;
        let wire = Wire::to(app.address).await;
        let any = guard(wire.address);
        let router = Router::new()
            .route("/a", get("a").layer(any.clone()))
            .route("/b", get("b").layer(any.permission("orders.read")));
        let service = upstream::serve(router).await;
        for path in ["/a", "/b", "/a"] {
            assert_eq!(key.caller.at(service).get(path).await.status, 200, "{path}");
        }
        assert_eq!(wire.connections().await, 1);
    }

    async fn a_connection_that_the_server_has_closed_is_replaced(app) {
        let (_owner, key) = app.shop().await;
        let wire = Wire::to(app.address).await;
        let (service, _log) = guarded(guard(wire.address)).await;
        assert_eq!(key.caller.at(service).get("/orders").await.status, 200);
        wire.cut().await;
        assert_eq!(key.caller.at(service).get("/orders").await.status, 200);
        assert_eq!(wire.connections().await, 2);
    }

    async fn grpc_calls_are_let_through_and_refused_with_the_code_that_means_the_same(app = Setup::behind_a_proxy()) {
        let (owner, key) = app.shop().await;
        let service = grpc(guard(app.address).permission("orders.read")).await;
        let channel = Endpoint::from_shared(format!("http://{service}")).expect("an address");
        let channel = channel.local_address(SOMEBODY.parse().ok()).connect().await.expect("a connection");

        check(&channel, Some(&key.secret)).await.expect("let through");
        assert_eq!(owner.last_address(app, &key).await, SOMEBODY);

        let client = owner.key(SystemRole::ApiClient).await;
        for (secret, code, says) in [
            (None, Code::Unauthenticated, "credentials_missing: No API key was sent."),
            (Some("nonsense"), Code::Unauthenticated, "unknown: "),
            (Some(client.secret.as_str()), Code::PermissionDenied, "permission_missing: "),
        ] {
            let status = check(&channel, secret).await.expect_err("a refusal");
            assert_eq!(status.code(), code, "{status:?}");
            assert!(status.message().starts_with(says), "{status:?}");
            assert!(status.metadata().get("x-request-id").is_some(), "{status:?}");
        }

        owner.revoke(key.view.id).await;
        let status = check(&channel, Some(&key.secret)).await.expect_err("a refusal");
        assert_eq!((status.code(), status.message().starts_with("revoked: ")), (Code::Unauthenticated, true), "{status:?}");
    }

    async fn grpc_tells_a_limit_from_a_contradiction_and_from_silence(app = Setup::free()) {
        let (_owner, key) = app.shop().await;
        let channel = connect(grpc(guard(app.address)).await).await;
        let twice = with_secrets(&[&key.secret, &key.secret]);
        let status = HealthClient::new(channel.clone()).check(twice).await.expect_err("a refusal");
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");

        key.use_up(app);
        let status = check(&channel, Some(&key.secret)).await.expect_err("a refusal");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        assert!(status.metadata().get("retry-after").is_some(), "{status:?}");

        let nobody = wire::nobody();
        let channel = connect(grpc(guard(nobody.address)).await).await;
        let status = check(&channel, Some(&key.secret)).await.expect_err("a refusal");
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(status.message().starts_with("verifier_unavailable: "), "{status:?}");
    }
}

/// Nothing here depends on a database.
fn somebody(service: SocketAddr) -> Caller {
    Caller::visitor(service).bearer("whatever")
}

#[tokio::test]
async fn while_the_server_is_away_nobody_is_let_through() {
    let nobody = wire::nobody();
    let (service, log) = guarded(guard(nobody.address)).await;
    assert_unavailable(&somebody(service).get("/orders").await);
    assert_eq!(log.count(), 0);
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_time_that_was_set() {
    let patience = Duration::from_millis(200);
    let (service, log) = guarded(guard(wire::silent().await).timeout(patience)).await;
    let began = Instant::now();
    assert_unavailable(&somebody(service).get("/orders").await);
    assert!(began.elapsed() >= patience, "{:?}", began.elapsed());
    assert_eq!(log.count(), 0);
}

#[tokio::test]
async fn a_server_that_is_no_ipaware_server_lets_nobody_through() {
    let anything = [
        StatusCode::OK,
        StatusCode::NO_CONTENT,
        StatusCode::FOUND,
        StatusCode::NOT_FOUND,
        StatusCode::INTERNAL_SERVER_ERROR,
    ];
    for status in anything {
        let other = Router::new().fallback(async move || (status, "hello"));
        let (service, log) = guarded(guard(upstream::serve(other).await)).await;
        assert_unavailable(&somebody(service).get("/orders").await);
        assert_eq!(log.count(), 0, "{status}");
    }
}

#[tokio::test]
async fn an_answer_without_end_lets_nobody_through() {
    let endless = Router::new().fallback(async || {
        let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(8 * 1024)));
        let identity = [("x-key-id", "key_1"), ("x-key-role", "r"), ("x-organization-id", "org_1")];
        (identity, axum::body::Body::from_stream(chunks))
    });
    let (service, log) = guarded(guard(upstream::serve(endless).await)).await;
    assert_unavailable(&somebody(service).get("/orders").await);
    assert_eq!(log.count(), 0);
}

/// A gRPC service behind `guard`: the health service, whatever it is asked.
async fn grpc(guard: GuardLayer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let (_reporter, health) = tonic_health::server::health_reporter();
    let server = tonic::transport::Server::builder().layer(guard).add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

async fn connect(service: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{service}")).expect("an address");
    endpoint.connect().await.expect("a connection")
}

async fn check(channel: &Channel, secret: Option<&str>) -> Result<(), Status> {
    HealthClient::new(channel.clone()).check(with_secrets(secret.as_slice())).await.map(drop)
}

fn with_secrets(secrets: &[&str]) -> tonic::Request<HealthCheckRequest> {
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    for secret in secrets {
        let value = MetadataValue::try_from(format!("Bearer {secret}")).expect("ASCII");
        request.metadata_mut().append("authorization", value);
    }
    request
}
