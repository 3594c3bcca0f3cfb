//! What the calendar brings is told once, also to whoever was not there on the day.

use serde_json::{Value, json};
use shared::{
    Timestamp,
    alert::{AlertFilter, AlertKind, AlertListParams},
    key::KeyCreated,
    role::SystemRole,
};

use crate::harness::{NOW, Person, Setup, TWENTY_A_MONTH, TestApp, both_databases, together};

/// When a message was said, by what it says. Nobody is signed in for so long, so the rows are looked at.
async fn told(app: &TestApp, kind: AlertKind) -> Vec<String> {
    let sql = format!("SELECT occasion AS text FROM alerts WHERE kind = '{}' ORDER BY id", kind.code());
    app.database.texts(&sql).await
}

async fn expiring_key(owner: &Person, at: Timestamp) {
    let params = json!({ "params": { "name": "Trade fair", "role": owner.role(SystemRole::ApiClient).await,
        "environment": "staging", "expires_at": at.micros() } });
    owner.caller.call("key_create", params).await.ok::<Value>();
}

both_databases! {
    async fn an_expiry_is_told_fourteen_seven_and_one_day_before_and_each_once(app) {
        let owner = app.owner().await;
        let expires = NOW.plus_days(30);
        expiring_key(&owner, expires).await;
        let date = expires.rfc3339();
        for (days_left, seconds, wanted) in
            [(14, -1, vec![]), (14, 0, vec!["14"]), (13, 0, vec!["14"]), (7, 0, vec!["14", "7"]), (1, 0, vec!["14", "7", "1"]), (0, 0, vec!["14", "7", "1"])]
        {
            for _ in 0..2 {
                app.watch_dates_at(expires.plus_days(-days_left).plus_seconds(seconds)).await;
                let wanted: Vec<_> = wanted.iter().map(|days| format!("{days} {date}")).collect();
                assert_eq!(told(app, AlertKind::Expiring).await, wanted, "{days_left} days before");
            }
        }
    }

    async fn a_server_that_was_down_tells_the_nearest_day_and_none_of_those_before(app) {
        let owner = app.owner().await;
        let expires = NOW.plus_days(30);
        expiring_key(&owner, expires).await;
        app.watch_dates_at(expires.plus_days(-5)).await;
        assert_eq!(told(app, AlertKind::Expiring).await, [format!("7 {}", expires.rfc3339())]);
    }

    async fn a_key_that_nobody_uses_is_told_after_ninety_days_and_again_when_it_falls_asleep_again(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/verify").await.data();
        app.backend.flush_usage().await.expect("written");
        app.watch_dates_at(NOW.plus_days(90).plus_seconds(-1)).await;
        assert_eq!(told(app, AlertKind::Unused).await, [""; 0]);
        for days in [90, 91, 120] {
            app.watch_dates_at(NOW.plus_days(days)).await;
            assert_eq!(told(app, AlertKind::Unused).await, [NOW.rfc3339()]);
        }
        key.caller.get("/v1/verify").await.data();
        app.backend.flush_usage().await.expect("written");
        app.watch_dates_at(NOW.plus_days(209)).await;
        assert_eq!(told(app, AlertKind::Unused).await, [NOW.rfc3339()]);
        app.watch_dates_at(NOW.plus_days(210)).await;
        assert_eq!(told(app, AlertKind::Unused).await, [NOW.rfc3339(), NOW.plus_days(120).rfc3339()]);
    }

    async fn a_secret_is_due_after_ninety_days_in_production_and_twice_that_elsewhere(app) {
        let owner = app.owner().await;
        let params = json!({ "params": { "name": "Desk", "role": owner.role(SystemRole::ApiClient).await, "environment": "development" } });
        owner.caller.call("key_create", params).await.ok::<Value>();
        let ended = owner.key(SystemRole::ApiClient).await;
        owner.revoke(ended.view.id).await;
        owner.key(SystemRole::ApiClient).await;
        let sql = "SELECT COALESCE(acknowledged_by, '-') AS text FROM alerts WHERE kind = 'rotation_due' ORDER BY id";
        for (days, number) in [(89, 0), (90, 1), (91, 1), (179, 1), (180, 2), (300, 2)] {
            app.watch_dates_at(NOW.plus_days(days)).await;
            assert_eq!(told(app, AlertKind::RotationDue).await.len(), number, "after {days} days");
        }
        // What is revoked is nobody's business any more.
        app.database.execute("UPDATE api_keys SET status = 'revoked', revoked_at = created_at, revoked_by = 'x' WHERE environment = 'production' AND status = 'active'").await;
        app.watch_dates_at(NOW.plus_days(301)).await;
        assert_eq!(app.database.texts(sql).await, ["IPAware", "-"]);
    }

    async fn an_organization_says_itself_after_how_many_days_and_no_other_hears_of_it(app) {
        let owner = app.owner().await;
        app.owner().await.key(SystemRole::ApiClient).await;
        let live = owner.key(SystemRole::ApiClient).await;
        let desk: KeyCreated = {
            let params = json!({ "params": { "name": "Desk", "role": live.view.role.id, "environment": "development" } });
            owner.caller.call("key_create", params).await.ok()
        };
        owner.due_after(30, 60).await;
        let keys = "SELECT key_id AS text FROM alerts WHERE kind = 'rotation_due' ORDER BY id";
        let (live, desk) = (live.view.id.to_string(), desk.key.id.to_string());
        for (days, due) in [(29, vec![]), (30, vec![&live]), (59, vec![&live]), (60, vec![&live, &desk]), (89, vec![&live, &desk])] {
            app.watch_dates_at(NOW.plus_days(days)).await;
            assert_eq!(app.database.texts(keys).await.iter().collect::<Vec<_>>(), due, "after {days} days");
        }
    }

    async fn a_key_that_was_rotated_is_no_longer_due_and_is_again_when_its_new_secret_is_old(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let due = NOW.plus_days(90);
        app.watch_dates_at(due).await;
        let state = "SELECT COALESCE(acknowledged_by, '-') AS text FROM alerts WHERE kind = 'rotation_due' ORDER BY id";
        assert_eq!(app.database.texts(state).await, ["-"]);
        let owner = Person::sign_in(app.address, &owner.email).await;
        let params = json!({ "id": key.id, "version": key.version, "overlap_seconds": 3_600 });
        owner.caller.call("key_rotate", json!({ "params": params })).await.ok::<Value>();
        for seconds in [1, 2] {
            app.watch_dates_at(due.plus_seconds(seconds)).await;
            assert_eq!(app.database.texts(state).await, ["IPAware"]);
        }
        app.watch_dates_at(due.plus_days(90)).await;
        assert_eq!(app.database.texts(state).await, ["IPAware", "-"]);
    }

    async fn eighty_percent_is_told_and_then_a_hundred(app = Setup::twenty_a_month()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let month = NOW.month();
        let (most, all) = (format!("{month} 20 80"), format!("{month} 20 100"));
        for (second, (used, wanted)) in (1..).zip([(15, vec![]), (1, vec![&most]), (3, vec![&most]), (1, vec![&most, &all])]) {
            for _ in 0..used {
                key.caller.get("/v1/verify").await.data();
            }
            app.backend.flush_usage().await.expect("written");
            for _ in 0..2 {
                app.watch_dates_at(NOW.plus_seconds(second)).await;
                assert_eq!(told(app, AlertKind::PlanLimit).await.iter().collect::<Vec<_>>(), wanted);
            }
        }
    }

    async fn of_servers_that_look_at_the_same_moment_each_thing_is_told_by_one(app = Setup { plans: Some(TWENTY_A_MONTH), ..Setup::behind_a_proxy() }) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        expiring_key(&owner, NOW.plus_days(100)).await;
        for address in ["203.0.113.9", "198.51.100.7"] {
            for _ in 0..10 {
                key.caller.clone().with("x-forwarded-for", address).get("/v1/verify").await.data();
            }
            app.backend.flush_usage().await.expect("written");
        }
        let second = app.second(Default::default()).await;
        // The plan and the networks are of today; the calendar brings the rest.
        for days in [0, 90] {
            app.clock.set(NOW.plus_days(days));
            together(8, async |n| {
                let backend = if n % 2 == 0 { &app.backend } else { &second };
                backend.watch_requests().await.expect("looked at");
                backend.watch_plans().await.expect("looked at");
                backend.watch_dates().await.expect("looked at");
            })
            .await;
        }
        let kinds = "SELECT kind AS text FROM alerts ORDER BY kind";
        assert_eq!(app.database.texts(kinds).await, ["expiring", "new_network", "plan_limit", "rotation_due", "unused", "unused"]);
        let mails = "SELECT recipient AS text FROM mails";
        assert!(app.database.texts(mails).await.iter().all(|to| *to == owner.email));
    }

    async fn eighty_and_a_hundred_percent_of_the_plan_are_told_once_a_month(app = Setup::free()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.use_up(app);
        app.backend.flush_usage().await.expect("written");
        let month = NOW.month();
        for _ in 0..2 {
            app.watch_dates_at(NOW).await;
            assert_eq!(told(app, AlertKind::PlanLimit).await, [format!("{month} 5000 100")]);
        }
        let list = owner.alerts(AlertListParams { state: AlertFilter::All, ..AlertListParams::default() }).await;
        assert!(list.page.rows[0].message.contains("5000 of 5000"), "{}", list.page.rows[0].message);
        for _ in 0..3 {
            owner.key(SystemRole::ApiClient).await;
        }
        app.watch_dates_at(NOW.plus_seconds(1)).await;
        assert_eq!(told(app, AlertKind::PlanLimit).await, [format!("{month} 5000 100"), format!("{month} 5 80")]);
        // Two weeks later it is another month, which begins anew.
        let december = NOW.plus_days(14);
        app.clock.set(december);
        key.use_up(app);
        app.backend.flush_usage().await.expect("written");
        app.watch_dates_at(december).await;
        let requests = told(app, AlertKind::PlanLimit).await;
        assert!(requests.contains(&format!("{} 5000 100", month + 1)), "{requests:?}");
    }
}
