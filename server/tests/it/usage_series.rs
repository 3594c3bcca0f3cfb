//! Requests and refusals over time, and the overview: right by anybody's clocks.

use std::collections::BTreeSet;

use serde_json::json;
use shared::{
    KeyId, Timestamp,
    role::SystemRole,
    usage::{Answers, Overview, UsageSeries, Window},
    verify::Refusal,
};

use crate::harness::{Caller, NOW, Person, Setup, TestApp, both_databases, refused};

const HOUR_SECONDS: i64 = 3_600;

fn at(text: &str) -> Timestamp {
    Timestamp::from_rfc3339(text).expect("a moment")
}

async fn series(caller: &Caller, key: Option<KeyId>, window: Window) -> UsageSeries {
    caller.call("usage_series", json!({ "key": key, "window": window })).await.ok()
}

async fn overview(caller: &Caller) -> Overview {
    caller.call("usage_overview", json!({})).await.ok()
}

/// Whoever it is, as their browser says where they are.
fn from(person: &Person, zone: &str) -> Caller {
    person.caller.clone().with("cookie", format!("zone={zone}"))
}

/// Counts requests of the organization in the hour of this moment, as if there had been some.
async fn count(app: &TestApp, owner: &Person, moment: &str, outcome: &str, requests: u64) {
    let (organization, hour) = (owner.viewer.organization, at(moment).micros() / 1_000_000 / HOUR_SECONDS);
    app.database
        .execute(&format!(
            "INSERT INTO organization_hours (organization_id, hour, outcome, requests) \
             VALUES ('{organization}', {hour}, '{outcome}', {requests})"
        ))
        .await;
}

/// The names of the parts in which there was something, and how much.
fn busy(series: &UsageSeries) -> Vec<(&str, u64, u64)> {
    let busy = series.buckets.iter().filter(|bucket| bucket.answers != Answers::default());
    busy.map(|bucket| (bucket.name.as_str(), bucket.answers.allowed, bucket.answers.refused)).collect()
}

both_databases! {
    async fn what_was_asked_is_in_its_hour_its_day_and_its_month(app) {
        let owner = app.owner().await;
        let (key, other) = (owner.key(SystemRole::ApiClient).await, owner.key(SystemRole::ApiClient).await);
        for _ in 0..3 {
            key.caller.get("/v1/verify?permission=ip.lookup").await.data();
        }
        key.caller.get("/v1/verify?permission=api.key.create").await.refusal();
        other.caller.get("/v1/verify").await.data();
        app.backend.flush_usage().await.expect("written");
        for (window, parts, name) in
            [(Window::Day, 24, "23 Nov, 15:00"), (Window::Month, 30, "Mon 23 Nov 2026"), (Window::Year, 12, "November 2026")]
        {
            let of_key = series(&owner.caller, Some(key.view.id), window).await;
            assert_eq!((of_key.buckets.len(), busy(&of_key)), (parts, vec![(name, 3, 1)]), "{window:?}");
            assert_eq!(of_key.reasons.iter().map(|one| (one.reason, one.requests)).collect::<Vec<_>>(),
                [(Refusal::PermissionMissing, 1)]);
            assert_eq!(busy(&series(&owner.caller, None, window).await), [(name, 4, 1)], "{window:?}");
        }
    }

    async fn an_hour_ago_is_another_bar_and_a_day_ago_is_no_longer_there(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/verify").await.data();
        app.backend.flush_usage().await.expect("written");
        for (hours, seen) in [(1, vec![("23 Nov, 15:00", 1, 0)]), (23, vec![("23 Nov, 15:00", 1, 0)]), (24, vec![])] {
            app.clock.set(NOW.plus_seconds(hours * HOUR_SECONDS));
            let owner = Person::sign_in(app.address, &owner.email).await;
            assert_eq!(busy(&series(&owner.caller, Some(key.view.id), Window::Day).await), seen, "{hours}");
        }
    }

    async fn days_and_months_begin_by_the_clocks_of_whoever_looks(app) {
        let owner = app.owner().await;
        app.clock.set(at("2026-11-01T12:00:00Z"));
        let owner = Person::sign_in(app.address, &owner.email).await;
        // In Berlin, November has begun an hour before; in New York it begins four hours later, and in Kathmandu at 18:15.
        for (moment, requests) in [
            ("2026-10-31T17:00:00Z", 1), ("2026-10-31T18:00:00Z", 10), ("2026-10-31T19:00:00Z", 100),
            ("2026-10-31T23:00:00Z", 1_000), ("2026-11-01T03:00:00Z", 10_000), ("2026-11-01T04:00:00Z", 100_000),
        ] {
            count(app, &owner, moment, "allowed", requests).await;
        }
        for (zone, october, november) in [
            ("UTC", 1_111, 110_000),
            ("Europe/Berlin", 111, 111_000),
            ("America/New_York", 11_111, 100_000),
            ("Asia/Kathmandu", 11, 111_100),
        ] {
            let months = series(&from(&owner, zone), None, Window::Year).await;
            assert_eq!(busy(&months), [("October 2026", october, 0), ("November 2026", november, 0)], "{zone}");
            let days = series(&from(&owner, zone), None, Window::Month).await;
            assert_eq!(busy(&days), [("Sat 31 Oct 2026", october, 0), ("Sun 1 Nov 2026", november, 0)], "{zone}");
            assert_eq!((months.zone.as_str(), days.zone.as_str()), (zone, zone));
        }
    }

    /// In Berlin clocks went forward on 29 March 2026 at 1:00 UTC, and back on 25 October: that day had 23 hours, the other
    /// 25. Each hour has its requests by a number of its own, so none can be missing or be counted twice unseen.
    async fn days_on_which_clocks_are_set_have_the_hours_they_have(app) {
        let owner = app.owner().await;
        for (now, first, day, hours) in [
            ("2026-03-29T22:30:00Z", "2026-03-28T23:00:00Z", "Sun 29 Mar 2026", 23),
            ("2026-10-25T23:30:00Z", "2026-10-24T22:00:00Z", "Sun 25 Oct 2026", 25),
        ] {
            app.clock.set(at(now));
            let owner = Person::sign_in(app.address, &owner.email).await;
            for hour in 0..27 {
                let moment = at(first).plus_seconds((hour - 1) * HOUR_SECONDS);
                count(app, &owner, &moment.rfc3339(), "allowed", 1 << hour).await;
            }
            let berlin = from(&owner, "Europe/Berlin");
            let of_day = |series: &UsageSeries| {
                series.buckets.iter().find(|bucket| bucket.name == day).map(|bucket| bucket.answers.allowed)
            };
            // All but the hour before its first and those after its last.
            let all = ((1 << hours) - 1) << 1;
            assert_eq!(of_day(&series(&berlin, None, Window::Month).await), Some(all), "{day}");

            let by_hour = series(&berlin, None, Window::Day).await;
            let requests: Vec<_> = by_hour.buckets.iter().map(|bucket| bucket.answers.allowed).collect();
            let last: Vec<_> = (hours - 22..=hours + 1).map(|hour| 1 << hour).collect();
            assert_eq!(requests, last, "the last 24 hours, each once: {day}");
            let names: BTreeSet<_> = by_hour.buckets.iter().map(|bucket| &bucket.name).collect();
            assert_eq!(names.len(), 24, "each with a name of its own: {names:?}");
        }
    }

    async fn where_the_browser_says_nothing_that_is_a_zone_it_is_utc(app) {
        let owner = app.owner().await;
        for zone in ["", "Nowhere/Land", "../../etc/localtime"] {
            assert_eq!(series(&from(&owner, zone), None, Window::Day).await.zone, "UTC", "{zone:?}");
        }
    }

    async fn the_overview_compares_the_month_with_as_much_of_the_one_before(app = Setup::free()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let unused = owner.key(SystemRole::ApiClient).await;
        owner.revoke(unused.view.id).await;
        // It is the 23rd of November, 15:04.
        for (moment, outcome, requests) in [
            ("2026-10-01T00:00:00Z", "allowed", 70), ("2026-10-23T14:00:00Z", "expired", 10),
            ("2026-10-23T15:00:00Z", "allowed", 999), ("2026-11-23T14:00:00Z", "allowed", 97),
            ("2026-11-23T13:00:00Z", "permission_missing", 3),
        ] {
            count(app, &owner, moment, outcome, requests).await;
        }
        for _ in 0..5 {
            key.caller.get("/v1/verify").await.data();
        }
        app.backend.flush_usage().await.expect("written");
        let overview = overview(&owner.caller).await;
        assert_eq!((overview.trend.now, overview.trend.before), (100, 80));
        assert_eq!(overview.trend.percent(), Some(25));
        assert_eq!(busy(&overview.year), [("October 2026", 1_069, 10), ("November 2026", 102, 3)]);
        assert_eq!((overview.keys_used, overview.keys, overview.addresses_used), (1, 1, 1));
        assert_eq!((overview.quota.limit, overview.quota.used, overview.quota.remaining()), (Some(5_000), 5, Some(4_995)));
        assert_eq!(overview.quota.renews_at, at("2026-12-01T00:00:00Z"));
    }

    async fn nobody_sees_what_another_organization_uses(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/verify").await.data();
        app.backend.flush_usage().await.expect("written");
        assert_eq!(busy(&series(&stranger.caller, None, Window::Day).await), []);
        let theirs = overview(&stranger.caller).await;
        assert_eq!((theirs.keys_used, theirs.keys, theirs.quota.used), (0, 0, 0));
    }

    async fn a_program_reads_the_same(app) {
        let owner = app.owner().await;
        let (admin, key) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
        key.caller.get("/v1/verify?permission=ip.lookup").await.data();
        key.caller.get("/v1/verify?permission=api.key.create").await.refusal();
        app.backend.flush_usage().await.expect("written");
        let path = format!("/v1/keys/{}/usage?window=12m&zone=Asia%2FTokyo", key.view.id);
        let usage = admin.caller.get(&path).await.data();
        assert_eq!((&usage["window"], &usage["zone"]), (&json!("12m"), &json!("Asia/Tokyo")));
        assert_eq!(usage["refusals"], json!([{ "reason": "permission_missing", "requests": 1 }]));
        let month = &usage["buckets"][11];
        assert_eq!(*month, json!({ "begins_at": "2026-10-31T15:00:00Z", "name": "November 2026", "allowed": 1, "refused": 1 }));
        let days = admin.caller.get("/v1/usage").await.data();
        assert_eq!(days["buckets"].as_array().map(Vec::len), Some(30));
        // The admin's own requests to the API are none that its key was asked about.
        let summary = admin.caller.get("/v1/usage/summary").await.data();
        assert_eq!(summary["refused"], 1);
        assert_eq!(summary["quota"]["renews_at"], "2026-12-01T00:00:00Z");
        for (query, reason) in [("window=1y", "invalid_parameter"), ("zone=Nowhere", "unknown_zone"), ("day=1", "invalid_parameter")] {
            let answer = admin.caller.get(&format!("/v1/usage?{query}")).await;
            assert_eq!(answer.refusal(), refused(400, reason), "{query}");
        }
    }

    async fn the_same_is_there_as_a_file(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/verify?permission=ip.lookup").await.data();
        key.caller.get("/v1/verify?permission=api.key.create").await.refusal();
        app.backend.flush_usage().await.expect("written");
        let file = format!("/download/usage.csv?key={}&window=12m&zone=Asia%2FTokyo", key.view.id);
        let csv = owner.caller.get(&file).await;
        assert_eq!((csv.status, csv.header("content-disposition")), (200, "attachment; filename=\"usage-2026-11-23.csv\""));
        let lines: Vec<_> = csv.text.split_terminator("\r\n").collect();
        assert_eq!((lines.len(), lines[0]), (13, r#""begins_at","name","requests","allowed","refused""#));
        assert_eq!(lines[12], r#""2026-10-31T15:00:00Z","November 2026","2","1","1""#);
        let days = owner.caller.get("/download/usage.csv").await;
        assert_eq!(days.text.lines().count(), 31, "a line for each day, and the heading");
        assert_eq!(stranger.caller.get(&file).await.status, 404);
        assert_eq!(owner.caller.get("/download/usage.csv?key=mine").await.status, 404);
        assert_eq!((app.visitor().get(&file).await.status, key.caller.get(&file).await.status), (401, 401));
        let role = owner.role_with("Blind", &["api.key.view"]).await;
        let member = app.member_with(&owner, role.id).await;
        assert_eq!(member.caller.get(&file).await.status, 403);
    }
}
