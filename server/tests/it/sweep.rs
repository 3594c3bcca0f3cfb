//! What is kept for a time is there until its last moment, and gone after it, however often it is swept.

use serde_json::{Value, json};
use shared::{Timestamp, alert::AlertKind, role::SystemRole};

use crate::harness::{KeyCaller, NOW, Setup, TestApp, both_databases, receiver::Receiver, together};

const DAY: i64 = 24 * 3_600;
/// From the moment at which every test begins to the end of that day in UTC.
const TO_MIDNIGHT: i64 = 8 * 3_600 + 55 * 60 + 55;

async fn rows(app: &TestApp, table: &str) -> usize {
    app.database.texts(&format!("SELECT 'x' AS text FROM {table}")).await.len()
}

async fn sweep_at(app: &TestApp, now: Timestamp) {
    app.clock.set(now);
    app.backend.sweep().await.expect("swept");
}

/// Uses the key once from each of so many addresses, a second later from as many others, and so on.
async fn use_from(app: &TestApp, key: &KeyCaller, seconds: u8, each: u8) {
    for second in 0..seconds {
        app.clock.set(NOW.plus_seconds(second.into()));
        (0..each).for_each(|last| key.use_from(app, [203, 0, second, last]));
        app.backend.flush_usage().await.expect("written");
    }
}

both_databases! {
    async fn each_thing_is_kept_for_its_time(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let receiver = Receiver::start(200).await;
        owner.webhook(&receiver.url).await;
        owner.alert(app).await;
        app.backend.deliver_webhooks().await.expect("the queue");
        owner.invite("somebody@example.com", owner.role(SystemRole::Member).await).await;
        app.backend.deliver_mail().await.expect("the outbox");
        let key = owner.key(SystemRole::ApiClient).await;
        let mute = json!({ "key": key.view.id, "kind": AlertKind::Unused, "days": 7 });
        owner.caller.call("alert_mute", mute).await.ok::<Value>();

        for (tables, last_second) in [
            (&["alert_mutes"][..], 7 * DAY - 1),
            (&["index_changes"], 7 * DAY),
            (&["refusals", "mails", "webhook_deliveries"], 30 * DAY),
            // By whole days.
            (&["key_traces"], 90 * DAY + TO_MIDNIGHT - 1),
            (&["alerts"], 400 * DAY),
        ] {
            sweep_at(app, NOW.plus_seconds(last_second)).await;
            for table in tables {
                assert_ne!(rows(app, table).await, 0, "{table}, at the last moment");
            }
            for _ in 0..2 {
                sweep_at(app, NOW.plus_seconds(last_second + 1)).await;
                for table in tables {
                    assert_eq!(rows(app, table).await, 0, "{table}, a second later");
                }
            }
        }
        assert_eq!(rows(app, "webhook_attempts").await, 0, "they go with their messages");
        assert_ne!((rows(app, "api_keys").await, rows(app, "audit_entries").await), (0, 0), "these are for ever");
    }

    async fn a_message_that_waits_is_no_old_one(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let receiver = Receiver::start(200).await;
        owner.webhook(&receiver.url).await;
        owner.alert(app).await;
        owner.invite("somebody@example.com", owner.role(SystemRole::Member).await).await;
        sweep_at(app, NOW.plus_days(31)).await;
        assert_eq!((rows(app, "webhook_deliveries").await, rows(app, "mails").await), (1, 1));
    }

    async fn of_a_key_that_is_refused_all_day_the_last_two_hundred_are_kept_and_those_of_the_last_hour(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let quiet = owner.key(SystemRole::ApiClient).await;
        quiet.is_refused(1).await;
        for minute in 0..11 {
            app.clock.set(NOW.plus_seconds(minute * 60));
            key.is_refused(20).await;
            app.backend.flush_usage().await.expect("written");
        }
        let of = |id| format!("refusals WHERE key_id = '{id}'");
        sweep_at(app, NOW.plus_seconds(3_600)).await;
        assert_eq!(rows(app, &of(key.view.id)).await, 220, "alerts are made of their number");
        for _ in 0..2 {
            sweep_at(app, NOW.plus_seconds(3_600 + 11 * 60)).await;
            assert_eq!(rows(app, &of(key.view.id)).await, 200);
            assert_eq!(rows(app, &of(quiet.view.id)).await, 1, "another key's do not count");
        }
    }

    async fn two_servers_that_sweep_at_once_count_nothing_twice(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        use_from(app, &key, 6, 200).await;
        let second = app.second(Default::default()).await;
        together(4, async |n| {
            // PostgreSQL may give one of two that meet back; it is swept the next time.
            _ = if n % 2 == 0 { &app.backend } else { &second }.sweep().await;
        })
        .await;
        app.backend.sweep().await.expect("swept");
        let all = "SELECT CAST(sum(allowed) AS TEXT) AS text FROM key_traces";
        assert_eq!(app.database.texts(all).await, ["1200"]);
        assert_eq!(rows(app, "key_traces WHERE asked <> '*'").await, 1_000);
    }

    async fn of_a_key_and_day_a_thousand_addresses_are_kept_those_of_last(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        use_from(app, &key, 6, 200).await;
        assert_eq!(rows(app, "key_traces").await, 1_200);
        for _ in 0..2 {
            sweep_at(app, NOW.plus_seconds(10)).await;
            assert_eq!(rows(app, "key_traces WHERE asked <> '*'").await, 1_000);
            let others = "SELECT CAST(allowed AS TEXT) AS text FROM key_traces WHERE asked = '*' AND address = ''";
            assert_eq!(app.database.texts(others).await, ["200"], "they are still counted");
        }
        assert_eq!(rows(app, "key_traces WHERE address LIKE '203.0.0.%'").await, 0, "the first of them are gone");
    }
}
