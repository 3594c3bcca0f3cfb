//! The limits of a single key: set by the console and by the API, and held exactly.

use serde_json::{Value, json};
use shared::{
    AppError, KeyId,
    limit::{RateLimitsView, WindowUse},
    role::SystemRole,
};

use crate::harness::{Answer, Connection, KeyCaller, NOW, Person, TestApp, both_databases, refused, together};

fn path(key: KeyId) -> String {
    format!("/v1/keys/{key}/rate-limits")
}

/// `[("second", 10)]` as the body of a PUT.
fn limits(limits: &[(&str, u32)]) -> Value {
    let limits: Vec<_> =
        limits.iter().map(|(window, requests)| json!({ "window": window, "requests": requests })).collect();
    json!({ "limits": limits })
}

/// A key that may change the limits of others, and one with these limits.
async fn limited(app: &TestApp, of: &[(&str, u32)]) -> (Person, KeyCaller, KeyCaller) {
    let owner = app.owner().await;
    let (admin, key) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
    admin.caller.put(&path(key.view.id), &limits(of)).await.data();
    (owner, admin, key)
}

async fn asked(key: &KeyCaller) -> (u16, String) {
    let answer = key.caller.get("/v1/verify").await;
    (answer.status, answer.header("ratelimit").to_owned())
}

both_databases! {
    async fn all_windows_hold_and_the_answers_say_what_is_left_of_each(app) {
        let (_, _, key) = limited(app, &[("hour", 3), ("second", 2)]).await;
        let first = key.caller.get("/v1/verify?permission=ip.lookup").await;
        assert_eq!(first.header("ratelimit-policy"), "\"second\";q=2;w=1, \"hour\";q=3;w=3600");
        assert_eq!((first.status, first.header("ratelimit")), (200, "\"second\";r=1;t=1, \"hour\";r=2;t=3600"));
        assert_eq!(asked(&key).await, (200, "\"second\";r=0;t=1, \"hour\";r=1;t=3600".to_owned()));

        let refusal = key.caller.get("/v1/verify").await;
        assert_eq!(refusal.refusal(), refused(429, "limit_exceeded"));
        assert_eq!((refusal.header("retry-after"), refusal.header("www-authenticate")), ("1", ""));
        assert_eq!(refusal.header("ratelimit-policy"), first.header("ratelimit-policy"));
        assert_eq!(refusal.header("ratelimit"), "\"second\";r=0;t=1, \"hour\";r=1;t=3600", "it was counted in none");
        let detail = refusal.json()["error"]["detail"].clone();
        assert_eq!(detail, "This API key is allowed 2 requests a second, and no more are left. \
            Requests are allowed again from 2026-11-23 15:04:06 UTC on.");

        app.clock.set(NOW.plus_seconds(1));
        assert_eq!(asked(&key).await, (200, "\"second\";r=1;t=1, \"hour\";r=0;t=3599".to_owned()));
        let refusal = key.caller.request("HEAD", "/v1/verify", None, "").await;
        assert_eq!((refusal.status, refusal.header("retry-after")), (429, "3599"), "the longer of the two");
        app.clock.set(NOW.plus_seconds(3_600));
        assert_eq!(asked(&key).await.0, 200);
    }

    async fn thirty_two_clients_get_exactly_what_the_window_allows(app) {
        let (_, _, key) = limited(app, &[("minute", 50), ("day", 1_000)]).await;
        let answers = together(32, async |_| {
            let mut connection = Connection::open(app.address).await;
            let mut answers = Vec::new();
            for _ in 0..5 {
                answers.push(key.caller.get_over(&mut connection, "/v1/verify?permission=ip.lookup").await);
            }
            answers
        })
        .await;
        let (allowed, others): (Vec<Answer>, Vec<Answer>) = answers.concat().into_iter().partition(|answer| answer.status == 200);
        assert_eq!((allowed.len(), others.len()), (50, 110));
        others.iter().for_each(|answer| assert_eq!(answer.refusal(), refused(429, "limit_exceeded")));
        app.clock.set(NOW.plus_seconds(60));
        let left = asked(&key).await.1;
        assert!(left.ends_with("\"day\";r=949;t=86340"), "what was refused counts in no window: {left}");
        app.backend.flush_usage().await.expect("written");
        let counted = "SELECT outcome || ' ' || CAST(sum(requests) AS TEXT) AS text FROM key_usage \
            WHERE outcome = 'limit_exceeded' GROUP BY outcome";
        assert_eq!(app.database.texts(counted).await, ["limit_exceeded 110"]);
    }

    async fn a_request_refused_for_another_reason_counts_in_no_window(app) {
        let (_, _, key) = limited(app, &[("day", 1)]).await;
        for _ in 0..3 {
            let answer = key.caller.get("/v1/verify?permission=audit.view").await;
            assert_eq!((answer.refusal(), answer.header("ratelimit")), (refused(403, "permission_missing"), ""));
        }
        assert_eq!(asked(&key).await, (200, "\"day\";r=0;t=86400".to_owned()));
    }

    async fn keys_without_limits_and_other_keys_are_not_held_up(app) {
        let (owner, admin, key) = limited(app, &[("day", 1)]).await;
        let other = owner.key(SystemRole::ApiClient).await;
        asked(&key).await;
        assert_eq!(asked(&key).await.0, 429);
        for _ in 0..3 {
            assert_eq!(asked(&other).await, (200, String::new()));
        }
        admin.caller.put(&path(key.view.id), &limits(&[])).await.data();
        assert_eq!(asked(&key).await, (200, String::new()));
    }

    async fn an_edit_does_not_fill_a_window_up_again_and_another_limit_goes_on_from_what_was_used(app) {
        let (owner, admin, key) = limited(app, &[("hour", 2)]).await;
        for status in [200, 200, 429] {
            assert_eq!(asked(&key).await.0, status);
        }
        admin.caller.patch(&format!("/v1/keys/{}", key.view.id), &json!({ "name": "Renamed" })).await.data();
        owner.caller.call("key_pause", json!({ "id": key.view.id })).await.ok::<Value>();
        owner.caller.call("key_resume", json!({ "id": key.view.id })).await.ok::<Value>();
        assert_eq!(asked(&key).await.0, 429);
        admin.caller.put(&path(key.view.id), &limits(&[("hour", 3), ("day", 100)])).await.data();
        assert_eq!(asked(&key).await, (200, "\"hour\";r=0;t=3600, \"day\";r=99;t=86400".to_owned()));
        admin.caller.put(&path(key.view.id), &limits(&[("hour", 1)])).await.data();
        assert_eq!(asked(&key).await.0, 429);
    }

    async fn whoever_asks_about_a_secret_is_told_its_limits_and_their_own(app) {
        let (_, admin, key) = limited(app, &[("minute", 1)]).await;
        admin.caller.put(&path(admin.view.id), &limits(&[("day", 500)])).await.data();
        let question = json!({ "secret": key.secret });
        let answer = admin.caller.post_json("/v1/verify", &question).await;
        let minute = |remaining| json!([{ "window": "minute", "requests": 1, "remaining": remaining, "resets_in": 60 }]);
        assert_eq!((&answer.data()["allowed"], &answer.data()["limits"]), (&json!(true), &minute(0)));
        assert_eq!(answer.header("ratelimit"), "\"day\";r=499;t=86400");
        let answer = admin.caller.post_json("/v1/verify", &question).await;
        assert_eq!((&answer.data()["reason"], &answer.data()["limits"]), (&json!("limit_exceeded"), &minute(0)));
        // What manages something has a limit of its own beside it.
        let answer = admin.caller.get("/v1/roles").await;
        let said: Vec<_> = answer.headers.get_all("ratelimit").iter().map(|value| value.to_str().expect("text")).collect();
        assert!(said.len() == 2 && said[0].starts_with("\"management\";") && said[1] == "\"day\";r=497;t=86400", "{said:?}");
    }

    async fn the_api_sets_and_shows_them_and_nobodys_change_is_lost(app) {
        let (_, admin, key) = limited(app, &[("hour", 1_000), ("second", 10)]).await;
        let path = path(key.view.id);
        asked(&key).await;
        let read = admin.caller.get(&path).await;
        let second = json!({ "window": "second", "requests": 10, "used": 1, "resets_at": "2026-11-23T15:04:06Z" });
        let hour = json!({ "window": "hour", "requests": 1_000, "used": 1, "resets_at": "2026-11-23T16:04:05Z" });
        assert_eq!(read.data(), json!({ "key_id": key.view.id, "limits": [second, hour] }));
        let known = admin.caller.clone().with("if-none-match", read.header("etag"));
        assert_eq!(known.get(&path).await.status, 304);
        asked(&key).await;
        assert_eq!(known.get(&path).await.status, 200, "something new to read, and no reason to refuse a change:");

        let body = limits(&[("day", 5)]).to_string();
        let bare = admin.caller.request("PUT", &path, Some("application/json"), body).await;
        assert_eq!(bare.refusal(), refused(428, "precondition_required"));
        let seen = admin.caller.clone().with("if-match", read.header("etag"));
        let set = seen.put(&path, &limits(&[("day", 5)])).await;
        assert_eq!(set.data()["limits"], json!([{ "window": "day", "requests": 5, "used": 0, "resets_at": null }]));
        let late = seen.put(&path, &limits(&[("day", 6)])).await;
        assert_eq!(late.refusal(), refused(412, "precondition_failed"));
        assert_eq!(late.header("etag"), set.header("etag"));

        let audited = "SELECT action || ' ' || detail AS text FROM audit_entries WHERE detail LIKE '%rate_limits%' ORDER BY seq DESC LIMIT 1";
        let entry = &app.database.texts(audited).await[0];
        assert!(entry.starts_with("key.update ") && entry.contains("10/s, 1000/h") && entry.contains("5/d"), "{entry}");
    }

    async fn what_is_no_limit_is_refused_and_changes_nothing(app) {
        let (_, admin, key) = limited(app, &[("hour", 7)]).await;
        let path = path(key.view.id);
        let before = admin.caller.get(&path).await.data();
        for body in [
            limits(&[("hour", 0)]),
            limits(&[("hour", 1_000_001)]),
            limits(&[("hour", 1), ("hour", 2)]),
            limits(&[("week", 1)]),
            json!({ "limits": [{ "window": "hour", "requests": -1 }] }),
            json!({ "limits": [{ "window": "hour" }] }),
            json!({ "limits": { "hour": 1 } }),
            json!({}),
            json!({ "limits": [], "more": 1 }),
        ] {
            let answer = admin.caller.put(&path, &body).await;
            assert_eq!(answer.refusal(), refused(422, "invalid_field"), "{body}");
        }
        assert_eq!(admin.caller.get(&path).await.data(), before);
        let gone = admin.caller.put("/v1/keys/key_0000000000000000000007/rate-limits", &limits(&[])).await;
        assert_eq!(gone.refusal(), refused(404, "not_found"));
        admin.caller.post(&format!("/v1/keys/{}/revoke", key.view.id)).await.data();
        assert_eq!(admin.caller.put(&path, &limits(&[])).await.refusal(), refused(409, "wrong_state"));
    }

    async fn nobody_limits_a_key_that_may_do_more_than_they_may(app) {
        let owner = app.owner().await;
        let keeper = owner.role_with("Keeper", &["api.key.view", "api.key.update"]).await;
        let (keeper, admin) = (owner.key_with(keeper.id).await, owner.key(SystemRole::Admin).await);
        let answer = keeper.caller.put(&path(admin.view.id), &limits(&[("day", 1)])).await;
        assert_eq!(answer.refusal(), refused(403, "above_ceiling"));
        keeper.caller.put(&path(keeper.view.id), &limits(&[("day", 100)])).await.data();
    }

    async fn the_console_sets_them_and_says_when_somebody_was_quicker(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let save = async |before: Value, limits: Value| {
            owner.caller.call("rate_limits_update", json!({ "params": { "key": key.view.id, "before": before, "limits": limits } })).await
        };
        let hour = json!([{ "window": "hour", "requests": 2 }]);
        let saved: RateLimitsView = save(json!([]), hour.clone()).await.ok();
        assert_eq!((saved.limits.to_string().as_str(), saved.used.len()), ("2/h", 1));
        asked(&key).await;
        let seen = owner.key_page(key.view.id).await.limits;
        let [WindowUse { used, resets_at, .. }] = seen.used[..] else { panic!("{seen:?}") };
        assert_eq!((used, resets_at), (1, Some(NOW.plus_seconds(3_600))));
        assert_eq!(save(json!([]), json!([])).await.error(), AppError::stale("key's limits"));
        let error = save(hour, json!([{ "window": "day", "requests": 0 }])).await.error();
        let AppError::Invalid { fields } = error else { panic!("{error}") };
        assert_eq!(fields[0].field, "day");
    }

    async fn limits_are_there_after_the_keys_are_loaded_anew(app) {
        let (_, _, key) = limited(app, &[("day", 1)]).await;
        app.backend.load().await.expect("loaded");
        assert_eq!(asked(&key).await, (200, "\"day\";r=0;t=86400".to_owned()));
        assert_eq!(asked(&key).await.0, 429);
    }
}
