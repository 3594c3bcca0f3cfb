//! `/metrics` and traces: what monitoring gets to know, and what it does not.

use std::time::{Duration, Instant};

use axum::{Router, body::Bytes, routing::post};
use shared::role::SystemRole;
use tokio::{net::TcpListener, sync::mpsc};

use crate::harness::{Caller, Database, Engine, PASSWORD, Person, process::Process};

/// Asks until the numbers are there: those of genuine secrets come up to a second late.
async fn metrics_with(monitoring: &Caller, wanted: &[&str]) -> String {
    let began = Instant::now();
    loop {
        let answer = monitoring.get("/metrics").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if wanted.iter().all(|line| answer.text.lines().any(|found| found == *line)) {
            assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
            return answer.text;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{wanted:?} are not all in\n{}", answer.text);
        tokio::task::yield_now().await;
    }
}

async fn with_metrics(database: &Database) -> (Process, Caller) {
    let server = Process::start(database, &["--metrics-listen", "127.0.0.1:0"]).await;
    let said = server.said.iter().find_map(|line| line.strip_prefix("metrics on http://")?.strip_suffix("/metrics"));
    let monitoring = Caller::visitor(said.expect("where metrics are").parse().expect("an address"));
    (server, monitoring)
}

#[tokio::test]
async fn verifications_are_counted_by_outcome_and_requests_by_kind() {
    let database = Database::fresh(Engine::Sqlite).await;
    let (server, monitoring) = with_metrics(&database).await;
    let owner = Person::sign_up(server.address).await;
    let key = owner.key(SystemRole::ApiClient).await;
    for _ in 0..3 {
        key.caller.get("/v1/verify").await.data();
    }
    assert_eq!(key.caller.get("/v1/verify?permission=api.key.create").await.status, 403);
    let visitor = Caller::visitor(server.address);
    assert_eq!(visitor.get("/v1/verify").await.status, 401);
    assert_eq!(visitor.clone().bearer("nonsense").get("/v1/verify").await.status, 401);
    assert_eq!(visitor.get("/v1/nowhere").await.status, 404);

    let wanted = [
        r#"ipaware_verifications_total{outcome="allowed"} 3"#,
        r#"ipaware_verifications_total{outcome="permission_missing"} 1"#,
        r#"ipaware_verifications_total{outcome="credentials_missing"} 1"#,
        r#"ipaware_verifications_total{outcome="unknown"} 1"#,
        r#"ipaware_http_request_duration_seconds_count{kind="api",method="GET",status="4xx"} 1"#,
        "ipaware_ready 1",
        "ipaware_secrets 1",
        "ipaware_usage_unwritten 0",
        "ipaware_usage_lag_seconds 0",
    ];
    let text = metrics_with(&monitoring, &wanted).await;
    assert!(text.ends_with("# EOF\n"), "{text}");
    for hidden in [key.secret.as_str(), &key.secret[13..], PASSWORD, &owner.email, &key.view.id.to_string()] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[tokio::test]
async fn metrics_are_on_their_own_listener_only() {
    let database = Database::fresh(Engine::Sqlite).await;
    let (server, monitoring) = with_metrics(&database).await;
    assert_eq!(Caller::visitor(server.address).get("/metrics").await.status, 404);
    assert_eq!(monitoring.get("/v1/health").await.status, 404);
    assert_eq!(monitoring.request("POST", "/metrics", None, "").await.status, 405);
}

#[tokio::test]
async fn a_request_is_a_span_of_its_clients_trace_and_holds_nothing_secret() {
    let (send, mut delivered) = mpsc::unbounded_channel::<Bytes>();
    let collector = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", collector.local_addr().expect("its address"));
    let take = post(async move |body: Bytes| send.send(body).expect("the test waits"));
    tokio::spawn(async { axum::serve(collector, Router::new().route("/v1/traces", take)).await });

    let database = Database::fresh(Engine::Sqlite).await;
    let server = Process::start(&database, &["--otlp-endpoint", &endpoint]).await;
    let owner = Person::sign_up(server.address).await;
    let key = owner.key(SystemRole::Admin).await;
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let caller = key.caller.clone().with("traceparent", format!("00-{trace}-{parent}-01"));
    let answer = caller.get(&format!("/v1/me?secret={}", key.secret)).await;
    // What is still on its way leaves before the process does.
    server.terminate().await;
    assert!(server.ended().await.success());

    let mut spans = Vec::new();
    while let Ok(body) = delivered.try_recv() {
        spans.extend(body);
    }
    let holds = |wanted: &[u8]| spans.windows(wanted.len()).any(|window| window == wanted);
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    };
    assert!(holds(&bytes(trace)) && holds(&bytes(parent)), "it belongs to its client's trace");
    assert!(holds(b"/v1/me") && holds(answer.header("x-request-id").as_bytes()), "it says what was asked");
    assert!(holds(b"/api/key_create"), "so does every other");
    let session = owner.caller.header("cookie").split_once('=').expect("a cookie").1;
    for hidden in [key.secret.as_str(), &key.secret[13..], PASSWORD, session] {
        assert!(!holds(hidden.as_bytes()), "a secret is in the traces");
    }
}
