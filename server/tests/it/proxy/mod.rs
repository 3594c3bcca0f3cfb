//! Real proxies in front of an API, set up by the files in `examples/` and nothing else.
//!
//! What every proxy guarantees is written here once, and runs with each program on both databases. The programs' own
//! ways are in their files.

mod caddy;
mod nginx;
mod recorded;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use shared::role::SystemRole;
use tokio::sync::watch;

use crate::harness::{
    Connection, TestApp,
    proxy::{Program, Proxy},
    refused,
    upstream::ORDERS,
};

/// Another address of this machine than the proxy's.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// What the API believes.
const IDENTITY: [&str; 3] = ["x-key-id", "x-key-role", "x-organization-id"];
/// How many requests a connection carries before the revocation is waited for; fewer than a proxy closes it after.
const STREAM_MAX: usize = 500;

/// Writes each guarantee as a test of `$program`.
macro_rules! behind {
    ($program:expr) => {
        $crate::proxy::behind! { $program,
            an_allowed_request_reaches_the_api_with_the_identity_of_its_key,
            a_refused_request_gets_the_servers_status_headers_and_body_and_never_reaches_the_api,
            when_the_months_requests_are_used_up_the_client_is_told_when_to_come_back,
            of_a_stream_on_one_connection_no_request_is_let_through_that_began_after_the_revocation,
            the_server_sees_the_clients_address_and_not_the_proxys_nor_what_the_client_claims,
            an_address_rule_is_applied_to_the_client_behind_the_proxy,
            identity_headers_of_the_clients_own_are_replaced_however_they_are_spelled,
            a_client_cannot_have_its_identity_taken_off,
        }
    };
    ($program:expr, $($name:ident,)*) => {
        mod like_every_proxy {
            use super::*;
            $crate::harness::both_databases! {
                $(async fn $name(app = Setup { plan: "Free", ..Setup::behind_a_proxy() }) {
                    $crate::proxy::$name(app, $program).await;
                })*
            }
        }
    };
}
use behind;

async fn an_allowed_request_reaches_the_api_with_the_identity_of_its_key(app: &TestApp, program: Program) {
    let proxy = Proxy::start(program, app.address).await;
    let (owner, key) = app.shop().await;
    let answer = key.caller.at(proxy.address).post_json("/orders?year=2026", &json!({ "pears": 3 })).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ORDERS));
    let seen = proxy.log.last();
    let what = (seen.method.as_str(), seen.path.as_str(), seen.body.as_str());
    assert_eq!(what, ("POST", "/orders?year=2026", r#"{"pears":3}"#));
    let (id, organization) = (key.view.id.to_string(), owner.viewer.organization.to_string());
    assert_eq!(IDENTITY.map(|name| seen.header(name)), [[id], ["Größe".to_owned()], [organization]]);
    assert_eq!(seen.header("authorization"), [""; 0], "the API has no use for the secret");
    assert_eq!(seen.header("x-forwarded-for"), ["127.0.0.1"]);
}

async fn a_refused_request_gets_the_servers_status_headers_and_body_and_never_reaches_the_api(
    app: &TestApp,
    program: Program,
) {
    let proxy = Proxy::start(program, app.address).await;
    let (owner, key) = app.shop().await;
    let role = key.view.role.id;
    let [revoked, paused, bound] = [owner.key_with(role).await, owner.key_with(role).await, owner.key_with(role).await];
    let client = owner.key(SystemRole::ApiClient).await;
    owner.revoke(revoked.view.id).await;
    owner.caller.call("key_pause", json!({ "id": paused.view.id })).await.ok::<serde_json::Value>();
    owner.bind_to(bound.view.id, "198.51.100.0/24").await;
    for (caller, status, reason) in [
        (app.visitor(), 401, "credentials_missing"),
        (app.visitor().with("authorization", key.secret), 401, "bearer_missing"),
        (app.visitor().bearer("nonsense"), 401, "unknown"),
        (app.visitor().bearer(&key.view.id.to_string()), 401, "key_id_instead_of_secret"),
        (revoked.caller, 401, "revoked"),
        (paused.caller, 401, "paused"),
        (client.caller, 403, "permission_missing"),
        (bound.caller, 403, "ip_not_allowed"),
    ] {
        let direct = caller.get("/v1/verify?permission=orders.read").await;
        for method in ["GET", "DELETE"] {
            let answer = caller.at(proxy.address).request(method, "/orders", None, "").await;
            assert_eq!(answer.refusal(), refused(status, reason));
            assert_eq!(answer.anonymous(), direct.anonymous(), "word for word");
            for name in ["www-authenticate", "content-type"] {
                assert_eq!(answer.header(name), direct.header(name), "{name}: {reason}");
            }
            assert_eq!(IDENTITY.map(|name| answer.header(name)), [""; 3], "{reason}");
        }
        let head = caller.at(proxy.address).request("HEAD", "/orders", None, "").await;
        assert_eq!((head.status, head.text.as_str()), (status, ""), "{reason}");
    }
    assert_eq!(proxy.log.count(), 0);
}

async fn when_the_months_requests_are_used_up_the_client_is_told_when_to_come_back(app: &TestApp, program: Program) {
    let proxy = Proxy::start(program, app.address).await;
    let (_owner, key) = app.shop().await;
    key.use_up(app);
    let answer = key.caller.at(proxy.address).get("/orders").await;
    assert_eq!(answer.refusal(), refused(429, "limit_exceeded"));
    let direct = key.caller.get("/v1/verify").await;
    for name in ["retry-after", "ratelimit", "ratelimit-policy"] {
        assert_eq!(answer.header(name), direct.header(name), "{name}");
    }
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{answer:?}");
    assert_eq!(proxy.log.count(), 0);
}

async fn of_a_stream_on_one_connection_no_request_is_let_through_that_began_after_the_revocation(
    app: &TestApp,
    program: Program,
) {
    let proxy = Proxy::start(program, app.address).await;
    let (owner, key) = app.shop().await;
    let mut connection = Connection::open(proxy.address).await;
    let (let_through, mut seen) = watch::channel(0);
    let (revoked, mut revocation) = (AtomicBool::new(false), watch::channel(()));
    let revoking = async {
        seen.wait_for(|count| *count >= 10).await.expect("the stream goes on");
        owner.revoke(key.view.id).await;
        revoked.store(true, Ordering::SeqCst);
        revocation.0.send_replace(());
    };
    let streaming = async {
        let mut refused_after = 0;
        while refused_after < 20 {
            if *let_through.borrow() == STREAM_MAX && !revoked.load(Ordering::SeqCst) {
                revocation.1.changed().await.expect("it is revoked");
            }
            let began_after = revoked.load(Ordering::SeqCst);
            let answer = key.caller.get_over(&mut connection, "/orders").await;
            if answer.status == 200 {
                assert!(!began_after, "let through after the revocation's answer");
                let_through.send_modify(|count| *count += 1);
            } else {
                assert_eq!(answer.refusal(), refused(401, "revoked"));
                refused_after += usize::from(began_after);
            }
        }
    };
    tokio::join!(revoking, streaming);
    assert_eq!(proxy.log.count(), *let_through.borrow());
}

async fn the_server_sees_the_clients_address_and_not_the_proxys_nor_what_the_client_claims(
    app: &TestApp,
    program: Program,
) {
    let proxy = Proxy::start(program, app.address).await;
    let (owner, key) = app.shop().await;
    let honest = key.caller.clone();
    let mut liar = key.caller.clone();
    for name in ["x-forwarded-for", "x-real-ip", "x-client-ip", "true-client-ip"] {
        liar = liar.with(name, "198.51.100.7").with(name, "203.0.113.9, 127.0.0.1");
    }
    liar = liar.with("forwarded", "for=198.51.100.7");
    for caller in [honest, liar] {
        let mut connection = Connection::open_from(CLIENT, proxy.address).await;
        assert_eq!(caller.get_over(&mut connection, "/orders").await.status, 200);
        assert_eq!(owner.last_address(app, &key).await, CLIENT.to_string());
        assert_eq!(proxy.log.last().header("x-forwarded-for"), [CLIENT.to_string()]);
    }
}

async fn an_address_rule_is_applied_to_the_client_behind_the_proxy(app: &TestApp, program: Program) {
    let proxy = Proxy::start(program, app.address).await;
    let (owner, key) = app.shop().await;
    owner.bind_to(key.view.id, &format!("{CLIENT}/32")).await;
    let mut right = Connection::open_from(CLIENT, proxy.address).await;
    assert_eq!(key.caller.get_over(&mut right, "/orders").await.status, 200);
    let liar = key.caller.at(proxy.address).with("x-forwarded-for", CLIENT.to_string());
    assert_eq!(liar.get("/orders").await.refusal(), refused(403, "ip_not_allowed"));
    assert_eq!(proxy.log.count(), 1);
}

async fn identity_headers_of_the_clients_own_are_replaced_however_they_are_spelled(app: &TestApp, program: Program) {
    let proxy = Proxy::start(program, app.address).await;
    let (owner, key) = app.shop().await;
    let mut caller = key.caller.at(proxy.address);
    let others = [
        "x_key_id",
        "X_Key-Id",
        "x-key_id",
        "x.key.id",
        "X-Key.Role",
        "x_key_role",
        "x-key_role",
        "x_organization_id",
        "x-organization.id",
        "X.Organization_Id",
    ];
    for name in IDENTITY.into_iter().chain(others) {
        caller = caller.with(name, "made up").with(name, "twice");
    }
    assert_eq!(caller.get("/orders").await.status, 200);
    let seen = proxy.log.last();
    let (id, organization) = (key.view.id.to_string(), owner.viewer.organization.to_string());
    assert_eq!(IDENTITY.map(|name| seen.header(name)), [[id], ["Größe".to_owned()], [organization]]);
    for name in others {
        assert_eq!(seen.header(&name.to_ascii_lowercase()), [""; 0], "{name}");
    }
}

/// `Connection` names headers that are not to be passed on (RFC 9110, section 7.6.1).
async fn a_client_cannot_have_its_identity_taken_off(app: &TestApp, program: Program) {
    let proxy = Proxy::start(program, app.address).await;
    let (owner, key) = app.shop().await;
    let named = "keep-alive, x-key-id, X-Key-Role,x-organization-id, x-forwarded-for";
    let caller = key.caller.at(proxy.address).with("connection", named).with("connection", "X-KEY-ID");
    assert_eq!(caller.get("/orders").await.status, 200);
    let seen = proxy.log.last();
    let (id, organization) = (key.view.id.to_string(), owner.viewer.organization.to_string());
    assert_eq!(IDENTITY.map(|name| seen.header(name)), [[id], ["Größe".to_owned()], [organization]]);
    assert_eq!(seen.header("x-forwarded-for"), ["127.0.0.1"]);
}
