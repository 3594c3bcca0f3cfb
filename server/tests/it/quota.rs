//! The month's requests of an organization: as many as the plan allows, and not one more.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::{Timestamp, role::SystemRole};

use crate::harness::{
    Answer, Connection, Database, Engine, KeyCaller, NOW, Person, Setup, TWENTY_A_MONTH, TestApp, both_databases,
    process::Process, refused, together,
};

const LIMIT: usize = 20;
const CLIENTS: usize = 32;

/// So many requests at the same moment, each over its own connection. How many were allowed.
async fn race(key: &KeyCaller, requests: usize) -> usize {
    let answers = together(requests, async |_| key.caller.get("/v1/verify").await).await;
    allowed(&answers)
}

/// Everything else has to say that the month's requests are used up.
fn allowed(answers: &[Answer]) -> usize {
    let (good, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    others.iter().for_each(|answer| assert_eq!(answer.refusal(), refused(429, "limit_exceeded")));
    good.len()
}

async fn flush(app: &TestApp) {
    app.backend.flush_usage().await.expect("written");
}

both_databases! {
    async fn of_thirty_two_clients_racing_for_the_last_requests_exactly_as_many_get_one(app = Setup::twenty_a_month()) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let answers = together(CLIENTS, async |_| {
            let mut connection = Connection::open(app.address).await;
            let mut answers = Vec::new();
            for _ in 0..5 {
                answers.push(key.caller.get_over(&mut connection, "/v1/verify?permission=ip.lookup").await);
            }
            answers
        })
        .await;
        assert_eq!(allowed(&answers.concat()), LIMIT);
        flush(app).await;
        let counted = app.database.texts("SELECT CAST(requests AS TEXT) AS text FROM organization_usage").await;
        assert_eq!(counted, [LIMIT.to_string()]);
    }

    async fn a_refusal_for_whatever_reason_uses_nothing_up(app = Setup::twenty_a_month()) {
        let owner = app.owner().await;
        let [key, paused] = [owner.key(SystemRole::ApiClient).await, owner.key(SystemRole::ApiClient).await];
        let limits = json!({ "params": { "key": key.view.id, "before": [], "limits": [{ "window": "day", "requests": 1 }] } });
        owner.caller.call("rate_limits_update", limits).await.ok::<serde_json::Value>();
        owner.caller.call("key_pause", json!({ "id": paused.view.id })).await.ok::<serde_json::Value>();
        assert_eq!(race(&key, 1).await, 1);
        for _ in 0..LIMIT {
            assert_eq!(key.caller.get("/v1/verify?permission=audit.view").await.refusal(), refused(403, "permission_missing"));
            assert_eq!(key.caller.get("/v1/verify").await.refusal(), refused(429, "limit_exceeded"));
            assert_eq!(paused.caller.get("/v1/verify").await.refusal(), refused(401, "paused"));
        }
        let other = owner.key(SystemRole::ApiClient).await;
        assert_eq!(race(&other, LIMIT + 5).await, LIMIT - 1);
    }

    async fn an_answer_says_how_many_are_left_and_a_refusal_when_there_will_be_more(app = Setup::twenty_a_month()) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        // From 2026-11-23 15:04:05 to the end of November, which has thirty days.
        let reset = 7 * 86_400 + 8 * 3_600 + 55 * 60 + 55;
        for (left, path) in [(19, "/v1/verify"), (18, "/v1/me"), (17, "/v1/ip/8.8.8.8")] {
            let answer = key.caller.get(path).await;
            assert_eq!((answer.status, answer.header("ratelimit-policy")), (200, "\"month\";q=20;w=2592000"), "{path}");
            assert_eq!(answer.header("ratelimit"), format!("\"month\";r={left};t={reset}"), "{path}");
            assert_eq!(answer.header("retry-after"), "");
        }
        let head = key.caller.request("HEAD", "/v1/verify", None, "").await;
        assert_eq!(head.header("ratelimit"), format!("\"month\";r=16;t={reset}"));
        assert_eq!(race(&key, LIMIT).await, 16);
        let answer = key.caller.get("/v1/verify").await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, reset.to_string().as_str()));
        assert_eq!(answer.header("ratelimit"), format!("\"month\";r=0;t={reset}"));
        assert_eq!(answer.header("ratelimit-policy"), "\"month\";q=20;w=2592000");
        let detail = answer.json()["error"]["detail"].clone();
        assert!(detail.as_str().is_some_and(|said| said.contains("20 requests a month") && said.contains("2026-12-01 00:00:00 UTC")), "{detail}");
    }

    async fn a_month_ends_at_midnight_of_its_last_day_in_leap_years_and_at_the_end_of_a_year(app = Setup::twenty_a_month()) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for (last_day, days) in [("2026-12-31", 31), ("2028-02-29", 29), ("2030-02-28", 28)] {
            let next = Timestamp::end_of_day(last_day).expect("a day");
            app.clock.set(next.plus_seconds(-1));
            assert_eq!(race(&key, LIMIT + 5).await, LIMIT, "{last_day}");
            let answer = key.caller.get("/v1/verify").await;
            assert_eq!((answer.status, answer.header("retry-after")), (429, "1"), "{last_day}");
            assert_eq!(answer.header("ratelimit-policy"), format!("\"month\";q=20;w={}", days * 86_400), "{last_day}");
            app.clock.set(next);
            assert_eq!(race(&key, LIMIT + 5).await, LIMIT, "{last_day}");
        }
    }
}

/// What each has let through is known to the other once both have written it.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_let_through_as_many_as_one() {
    let one = TestApp::spawn(Engine::Postgres, Setup::twenty_a_month()).await;
    let key = one.owner().await.key(SystemRole::ApiClient).await;
    let two = one.another(Setup::twenty_a_month()).await;
    let at_two = KeyCaller { caller: key.caller.at(two.address), view: key.view.clone(), secret: key.secret.clone() };

    assert_eq!((race(&key, 8).await, race(&at_two, 8).await), (8, 8));
    for app in [&one, &two, &one] {
        flush(app).await;
    }
    let left = key.caller.get("/v1/verify").await;
    assert!(left.header("ratelimit").starts_with("\"month\";r=3;"), "{left:?}");
    // Neither has written since, so both give the last ones away: the overrun of one interval, and of no more.
    assert_eq!((race(&key, 10).await, race(&at_two, 10).await), (3, 4));
    for app in [&one, &two, &one] {
        flush(app).await;
    }
    assert_eq!((race(&key, 10).await, race(&at_two, 10).await), (0, 0));
    let counted = one.database.texts("SELECT CAST(requests AS TEXT) AS text FROM organization_usage").await;
    assert_eq!(counted, ["24"], "each was counted once");
    // A new month is a new month for both.
    for app in [&one, &two] {
        app.clock.set(NOW.plus_days(30));
    }
    assert_eq!((race(&key, 5).await, race(&at_two, 5).await), (5, 5));
}

async fn a_restart_keeps_the_count(engine: Engine) {
    let database = Database::fresh(engine).await;
    let plans = database.plans_file(TWENTY_A_MONTH);
    let arguments = ["--plans-file", plans.to_str().expect("UTF-8")];
    let server = Process::start(&database, &arguments).await;
    let mut key = Person::sign_up(server.address).await.key(SystemRole::ApiClient).await;
    assert_eq!(race(&key, 12).await, 12);
    let began = Instant::now();
    while database.texts("SELECT CAST(requests AS TEXT) AS text FROM organization_usage").await != ["12"] {
        assert!(began.elapsed() < Duration::from_secs(10), "it is written each second");
        tokio::task::yield_now().await;
    }
    server.kill().await;
    let server = Process::start(&database, &arguments).await;
    key.caller = key.caller.at(server.address);
    assert_eq!(race(&key, CLIENTS).await, LIMIT - 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_count_on_sqlite() {
    a_restart_keeps_the_count(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_count_on_postgres() {
    a_restart_keeps_the_count(Engine::Postgres).await;
}
