//! `GET /v1/verify` as bytes: many on one connection, in pieces, at once, and among other requests.

use shared::role::SystemRole;

use crate::harness::{Answer, Database, Engine, Person, both_databases, process::Process, raw::Line};

fn asking(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

fn with(secret: &str) -> String {
    format!("Authorization: Bearer {secret}\r\n")
}

/// Without what is another one in each answer.
fn comparable(answer: &Answer) -> String {
    let id = answer.header("x-request-id");
    let mut lines: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort_unstable();
    assert!(id.starts_with("req_") && !answer.header("date").is_empty(), "{answer:?}");
    format!("{}\n{}\n{}", answer.status, lines.concat(), answer.text).replace(id, "the id")
}

both_databases! {
    async fn an_answer_says_the_same_whether_or_not_the_request_is_a_plain_one(app) {
        let owner = app.owner().await;
        let (key, gone) = (owner.key(SystemRole::ApiClient).await, owner.key(SystemRole::ApiClient).await);
        owner.revoke(gone.view.id).await;
        let (right, wrong) = (with(&key.secret), with(&gone.secret));
        for (target, headers) in [
            ("/v1/verify", &right),
            ("/v1/verify?permission=ip.lookup", &right),
            ("/v1/verify/permission=ip.lookup/their/path?of=theirs", &right),
            ("/v1/verify?permission=api.key.create", &right),
            ("/v1/verify?organization=acme", &right),
            ("/v1/verify", &format!("{right}{right}")),
            ("/v1/verify", &format!("{right}Host: another\r\n")),
            ("/v1/verify", &String::new()),
            ("/v1/verify", &with("nonsense")),
            ("/v1/verify", &wrong),
        ] {
            let plain = Line::open(app).await.send(&asking(target, headers)).await;
            let other = Line::open(app).await.send(&asking(target, &format!("{headers}Content-Length: 0\r\n"))).await;
            assert_eq!(comparable(&plain), comparable(&other), "{target}");
        }
    }

    async fn a_head_may_come_in_pieces(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let mut line = Line::open(app).await;
        for _ in 0..2 {
            for piece in asking("/v1/verify?permission=ip.lookup", &with(&key.secret)).split_inclusive(&[':', '\r', 'a']) {
                line.write(piece).await;
                tokio::task::yield_now().await;
            }
            assert_eq!(line.answer().await.header("x-key-id"), key.view.id.to_string());
        }
    }

    async fn requests_that_come_at_once_are_answered_in_their_order(app) {
        let owner = app.owner().await;
        let keys = [owner.key(SystemRole::ApiClient).await, owner.key(SystemRole::Admin).await];
        let both = keys.each_ref().map(|key| asking("/v1/verify", &with(&key.secret))).concat();
        let mut line = Line::open(app).await;
        line.write(&both.repeat(3)).await;
        for key in keys.iter().cycle().take(6) {
            assert_eq!(line.answer().await.header("x-key-id"), key.view.id.to_string());
        }
    }

    async fn other_requests_may_come_in_between(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let (verify, secret) = (asking("/v1/verify", &with(&key.secret)), &key.secret);
        let question = format!("{{\"secret\":\"{secret}\"}}");
        let post = format!(
            "POST /v1/verify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{question}",
            question.len()
        );
        let mut line = Line::open(app).await;
        for (request, status) in [
            (&verify, 200),
            (&asking("/v1/health", ""), 200),
            (&verify, 200),
            (&post, 401),
            (&asking("/v1/nothing", ""), 404),
            (&verify, 200),
        ] {
            assert_eq!(line.send(request).await.status, status, "{request}");
        }
    }

    async fn a_request_that_breaks_off_ends_its_connection(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let whole = asking("/v1/verify", &with(&key.secret));
        for begun in ["G", "GET /v1/verify HTTP/1.1\r\nHost: a\r\n", &format!("{whole}\r\n"), &format!("{whole}{whole}GET ")] {
            let mut line = Line::open(app).await;
            line.write(begun).await;
            line.say_no_more().await;
            for _ in 0..begun.matches(whole.as_str()).count() {
                assert_eq!(line.answer().await.status, 200, "{begun}");
            }
            assert!(line.is_closed().await, "{begun}");
        }
    }

    async fn a_head_that_is_longer_than_most_is_read_as_well(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for length in [100, 4_000, 5_000, 15_000] {
            let long = format!("{}Cookie: {}\r\n", with(&key.secret), "x".repeat(length));
            assert_eq!(Line::open(app).await.send(&asking("/v1/verify", &long)).await.status, 200, "{length}");
        }
        let many: String = (0..90).map(|number| format!("X-{number}: x\r\n")).collect();
        let many = format!("{many}{}", with(&key.secret));
        assert_eq!(Line::open(app).await.send(&asking("/v1/verify", &many)).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_answers_what_has_begun_to_arrive_and_says_that_it_is_the_last() {
    let database = Database::fresh(Engine::Sqlite).await;
    let server = Process::start(&database, &[]).await;
    let key = Person::sign_up(server.address).await.key(SystemRole::ApiClient).await;
    let request = asking("/v1/verify", &with(&key.secret));
    let (first, second) = request.split_at(30);
    let (mut idle, mut begun) = (Line::to(server.address).await, Line::to(server.address).await);
    begun.write(first).await;
    // Another answer on another connection: by then the first half has been taken in as well.
    assert_eq!(idle.send(&request).await.header("connection"), "");

    server.terminate().await;
    assert!(idle.is_closed().await, "what waits for nothing is closed");
    begun.write(second).await;
    let answer = begun.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    assert!(begun.is_closed().await);
    assert_eq!(server.ended().await.code(), Some(0));
}
