//! What verifications leave behind: exact numbers, the last use, and why something was refused; whatever happens to the
//! process and the database.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use backend::keyring::{AskedPermission, Question, secret::WellFormed};
use serde_json::json;
use shared::role::SystemRole;

use crate::harness::{
    Answer, Caller, Database, Engine, NOW, Person, Setup, both_databases, process::Process, refused, together,
};

/// Outcome and number for each, as the database has them.
const BY_OUTCOME: &str = "SELECT outcome || ' ' || CAST(sum(requests) AS TEXT) AS text FROM key_usage \
    GROUP BY outcome ORDER BY outcome";

fn may_look_up() -> Question<'static> {
    Question {
        permissions: std::iter::once(AskedPermission::read("ip.lookup")).collect(),
        address: "203.0.113.9".parse().ok(),
        ..Question::default()
    }
}

/// Asks again and again until the answer is the right one, or ten seconds have passed.
async fn eventually(database: &Database, sql: &str, wanted: &[&str]) {
    let began = Instant::now();
    loop {
        let rows = database.texts(sql).await;
        if rows == wanted {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{rows:?} instead of {wanted:?}");
        tokio::task::yield_now().await;
    }
}

both_databases! {
    async fn a_million_requests_of_eight_clients_are_a_million_in_the_database(app) {
        const CLIENTS: usize = 8;
        const EACH: usize = 125_000;
        let owner = app.owner().await;
        let mut keys = Vec::new();
        for _ in 0..3 {
            keys.push(owner.key(SystemRole::ApiClient).await.secret);
        }
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let secret = keys[client % keys.len()].as_str();
                    scope.spawn(move || {
                        let question = may_look_up();
                        for _ in 0..EACH {
                            assert_eq!(app.backend.verify(WellFormed::read(secret), &question).outcome, Ok(()));
                        }
                    })
                })
                .collect();
            // All the while what has gathered is taken and written.
            let flushing = scope.spawn(|| {
                let runtime = tokio::runtime::Runtime::new().expect("a runtime");
                while !done.load(Ordering::Acquire) {
                    runtime.block_on(app.backend.flush_usage()).expect("written");
                }
            });
            clients.into_iter().for_each(|client| client.join().expect("a client"));
            done.store(true, Ordering::Release);
            flushing.join().expect("the flushing");
        });
        app.backend.flush_usage().await.expect("written");
        assert_eq!(app.database.texts(BY_OUTCOME).await, ["allowed 1000000"]);
        let of_organization = "SELECT CAST(sum(requests) AS TEXT) AS text FROM organization_hours UNION ALL \
            SELECT CAST(sum(requests) AS TEXT) AS text FROM organization_usage";
        assert_eq!(app.database.texts(of_organization).await, ["1000000", "1000000"]);
    }

    async fn requests_over_http_are_counted_by_key_hour_and_outcome(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        together(8, async |_| {
            for _ in 0..5 {
                key.caller.get("/v1/verify?permission=ip.lookup").await.data();
            }
        })
        .await;
        key.caller.get("/v1/verify?permission=api.key.create").await.refusal();
        app.backend.flush_usage().await.expect("written");
        app.clock.set(NOW.plus_seconds(3_600));
        owner.caller.call("key_pause", json!({ "id": key.view.id })).await.ok::<serde_json::Value>();
        key.caller.get("/v1/ip/8.8.8.8").await.refusal();
        app.backend.flush_usage().await.expect("written");
        let rows = "SELECT key_id || ' ' || CAST(hour AS TEXT) || ' ' || outcome || ' ' || CAST(requests AS TEXT) AS text \
            FROM key_usage ORDER BY hour, outcome";
        let (id, hour) = (key.view.id, NOW.micros() / 3_600_000_000);
        let wanted = [
            format!("{id} {hour} allowed 40"),
            format!("{id} {hour} permission_missing 1"),
            format!("{id} {} paused 1", hour + 1),
        ];
        assert_eq!(app.database.texts(rows).await, wanted);
    }

    async fn the_last_use_says_when_from_where_and_with_what(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for (seconds, agent) in [(0, "curl/8"), (1, "shop/1.2"), (2, "shop/1.3")] {
            app.clock.set(NOW.plus_seconds(seconds));
            key.caller.clone().with("user-agent", agent).get("/v1/verify").await.data();
        }
        app.backend.flush_usage().await.expect("written");
        let rows = "SELECT address || ' ' || user_agent AS text FROM secret_uses";
        assert_eq!(app.database.texts(rows).await, ["127.0.0.1 shop/1.3"]);
    }

    async fn an_earlier_use_that_is_written_later_does_not_win(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        for moment in [NOW, NOW.plus_seconds(-60)] {
            app.clock.set(moment);
            key.caller.get("/v1/verify").await.data();
            app.backend.flush_usage().await.expect("written");
        }
        assert_eq!(owner.key_get(key.view.id).await.last_used.map(|used| used.at), Some(NOW));
    }

    async fn a_refusal_is_kept_with_its_reason_and_the_id_of_its_answer(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let caller = key.caller.clone().with("user-agent", "shop/1.2");
        let missing = caller.get("/v1/verify?permission=api.key.create&permission=orders.read").await;
        owner.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "" })).await.ok::<serde_json::Value>();
        app.clock.set(NOW.plus_seconds(1));
        let revoked = caller.get("/v1/me").await;
        app.backend.flush_usage().await.expect("written");
        let rows = "SELECT key_id || ' ' || reason || ' ' || request_id || ' ' || address || ' ' || user_agent || ' ' || \
            COALESCE(permissions, '-') AS text FROM refusals ORDER BY at";
        let (id, of) = (key.view.id, |answer: &Answer| answer.header("x-request-id").to_owned());
        let wanted = [
            format!("{id} permission_missing {} 127.0.0.1 shop/1.2 api.key.create orders.read", of(&missing)),
            format!("{id} revoked {} 127.0.0.1 shop/1.2 -", of(&revoked)),
        ];
        assert_eq!(app.database.texts(rows).await, wanted);
    }

    async fn what_a_key_may_not_manage_is_counted_as_refused(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let refusals = [key.caller.get("/v1/keys").await, key.caller.post_json("/v1/roles", &json!({})).await];
        assert!(refusals.iter().all(|answer| answer.refusal() == refused(403, "permission_missing")), "{refusals:?}");
        app.backend.flush_usage().await.expect("written");
        assert_eq!(app.database.texts(BY_OUTCOME).await, ["permission_missing 2"]);
        let rows = "SELECT request_id || ' ' || permissions AS text FROM refusals ORDER BY permissions";
        let of = |answer: &Answer| answer.header("x-request-id").to_owned();
        let wanted = [format!("{} api.key.view", of(&refusals[0])), format!("{} organization.role.create", of(&refusals[1]))];
        assert_eq!(app.database.texts(rows).await, wanted);
    }

    async fn from_where_and_what_for_a_key_was_used_is_kept_day_by_day(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let from = |address: &'static str| key.caller.clone().with("x-forwarded-for", address);
        for _ in 0..3 {
            from("203.0.113.9").get("/v1/verify?permission=ip.lookup").await.data();
        }
        from("203.0.113.9").get("/v1/verify").await.data();
        from("203.0.113.9").get("/v1/verify?permission=orders.read").await.refusal();
        app.backend.flush_usage().await.expect("written");
        from("::ffff:203.0.113.9").get("/v1/verify?permission=ip.lookup&permission=ip.lookup").await.data();
        from("2001:db8::7").get("/v1/verify?permission=ip.lookup").await.data();
        app.backend.flush_usage().await.expect("written");
        app.clock.set(NOW.plus_days(1));
        from("203.0.113.9").get("/v1/verify").await.data();
        app.backend.flush_usage().await.expect("written");
        let rows = "SELECT CAST(day AS TEXT) || ' ' || address || ' [' || asked || '] ' || CAST(allowed AS TEXT) || ' ' || \
            CAST(refused AS TEXT) AS text FROM key_traces ORDER BY day, address, asked";
        let (today, tomorrow) = (NOW.day_number(), NOW.day_number() + 1);
        let wanted = [
            format!("{today} 2001:db8::7 [ip.lookup] 1 0"),
            format!("{today} 203.0.113.9 [] 1 1"),
            format!("{today} 203.0.113.9 [ip.lookup] 4 0"),
            format!("{tomorrow} 203.0.113.9 [] 1 0"),
        ];
        assert_eq!(app.database.texts(rows).await, wanted);
    }

    async fn ever_new_questions_and_addresses_leave_a_bounded_trace(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let secret = WellFormed::read(&key.secret).expect("a secret");
        for number in 0..2_000_u32 {
            let question = Question {
                permissions: std::iter::once(AskedPermission::read(&format!("orders.{number}"))).collect(),
                address: Some(std::net::Ipv4Addr::from_bits(number).into()),
                ..Question::default()
            };
            assert!(app.backend.verify(Ok(secret), &question).outcome.is_err());
        }
        app.backend.flush_usage().await.expect("written");
        let rows = "SELECT CAST(count(*) AS TEXT) || ' ' || CAST(sum(refused) AS TEXT) AS text FROM key_traces";
        // The last one is of all those that are not kept one by one.
        assert_eq!(app.database.texts(rows).await, ["257 2000"]);
        assert_eq!(app.database.texts(BY_OUTCOME).await, ["permission_missing 2000"]);
    }

    async fn while_the_database_does_not_take_it_verification_goes_on_and_nothing_is_lost(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        app.database.execute("ALTER TABLE key_usage RENAME TO away").await;
        for n in 1..=3 {
            key.caller.get("/v1/verify").await.data();
            assert!(app.backend.flush_usage().await.is_err());
            app.clock.set(NOW.plus_seconds(n * 30));
        }
        assert!(app.backend.vitals().usage.unwritten > 0 && app.backend.vitals().usage.seconds >= 30);
        app.database.execute("ALTER TABLE away RENAME TO key_usage").await;
        key.caller.get("/v1/verify").await.data();
        app.backend.flush_usage().await.expect("written");
        assert_eq!(app.database.texts(BY_OUTCOME).await, ["allowed 4"]);
        assert_eq!(app.backend.vitals().usage.unwritten, 0);
    }
}

/// `kill -9` while requests come in: what was there a second ago is there afterwards, and once.
async fn a_kill_loses_no_count_that_reached_the_journal(engine: Engine) {
    const REQUESTS: usize = 100;
    let database = Database::fresh(engine).await;
    let server = Process::start(&database, &[]).await;
    let owner = Person::sign_up(server.address).await;
    let key = owner.key(SystemRole::ApiClient).await;
    // The database takes nothing, so that only the journal can have it.
    database.execute("ALTER TABLE key_usage RENAME TO away").await;
    for _ in 0..REQUESTS {
        key.caller.get("/v1/verify").await.data();
    }
    let journals = database.folder().join("data/usage/0");
    let kept = || -> u64 {
        let files = fs::read_dir(&journals).expect("the journal");
        let lengths = files.map(|file| file.expect("a file")).filter(|file| file.path().extension().is_some());
        lengths.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
    };
    let (mut last, mut since) = (kept(), Instant::now());
    // It grows each second for as long as there is something new.
    while last == 0 || since.elapsed() < Duration::from_millis(2_500) {
        let now = kept();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        tokio::task::yield_now().await;
    }
    server.kill().await;
    database.execute("ALTER TABLE away RENAME TO key_usage").await;
    let server = Process::start(&database, &[]).await;
    eventually(&database, BY_OUTCOME, &[&format!("allowed {REQUESTS}")]).await;
    server.kill().await;
    // Once more: what is written is not written again.
    let server = Process::start(&database, &[]).await;
    key_of(&server, &key.secret).await;
    eventually(&database, BY_OUTCOME, &[&format!("allowed {}", REQUESTS + 1)]).await;
}

async fn key_of(server: &Process, secret: &str) {
    Caller::visitor(server.address).bearer(secret).get("/v1/verify").await.data();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_no_count_on_sqlite() {
    a_kill_loses_no_count_that_reached_the_journal(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_no_count_on_postgres() {
    a_kill_loses_no_count_that_reached_the_journal(Engine::Postgres).await;
}
