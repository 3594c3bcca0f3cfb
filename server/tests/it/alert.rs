//! Alerts: raised once for each reason, counted on, acknowledged, muted.

use std::net::IpAddr;

use backend::keyring::{AskedPermission, Question, secret::WellFormed};
use serde_json::{Value, json};
use shared::{
    AlertId, AppError, Permission,
    alert::{AlertFilter, AlertKind, AlertList, AlertListParams, AlertSettings, AlertSettingsPage, MuteView},
    role::SystemRole,
};

use crate::harness::{NOW, Person, Setup, both_databases, refused, together};

fn all() -> AlertListParams {
    AlertListParams { state: AlertFilter::All, ..AlertListParams::default() }
}

async fn set(owner: &Person, settings: &AlertSettings) {
    owner.caller.call("alert_settings_update", json!({ "settings": settings })).await.ok::<AlertSettings>();
}

fn kinds(list: &AlertList) -> Vec<(AlertKind, u64)> {
    list.page.rows.iter().map(|alert| (alert.kind, alert.times)).collect()
}

async fn acknowledge(owner: &Person, ids: &[AlertId]) {
    owner.caller.call("alert_acknowledge", json!({ "ids": ids })).await.ok::<()>();
}

async fn settings(person: &Person) -> AlertSettingsPage {
    person.caller.call("alert_settings_page", json!({})).await.ok()
}

both_databases! {
    async fn a_burst_of_one_key_is_one_alert_that_counts_on_and_the_next_burst_is_another(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.is_refused(19).await;
        app.watch_requests().await;
        assert_eq!(kinds(&owner.alerts(all()).await), []);
        key.is_refused(1).await;
        app.watch_requests().await;
        app.watch_requests().await;
        let list = owner.alerts(all()).await;
        assert_eq!((kinds(&list), list.open), (vec![(AlertKind::KeyRefusals, 20)], 1));
        let alert = &list.page.rows[0];
        assert_eq!(alert.key.as_ref().map(|key| key.id), Some(key.view.id));
        assert!(alert.message.contains("20 requests of Production Server"), "{}", alert.message);
        assert_eq!(owner.viewer().await.open_alerts, Some(1));

        app.clock.set(NOW.plus_seconds(60));
        key.is_refused(5).await;
        app.watch_requests().await;
        app.watch_requests().await;
        let list = owner.alerts(all()).await;
        assert_eq!(kinds(&list), [(AlertKind::KeyRefusals, 25)]);
        assert_eq!((list.page.rows[0].opened_at, list.page.rows[0].last_at), (NOW, NOW.plus_seconds(60)));

        app.clock.set(NOW.plus_seconds(60 + 15 * 60));
        key.is_refused(20).await;
        app.watch_requests().await;
        assert_eq!(kinds(&owner.alerts(all()).await), [(AlertKind::KeyRefusals, 20), (AlertKind::KeyRefusals, 25)]);
    }

    async fn refusals_that_are_further_apart_than_five_minutes_are_no_burst(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        for half in 0..2 {
            app.clock.set(NOW.plus_seconds(half * 301));
            key.is_refused(19).await;
            app.watch_requests().await;
        }
        assert_eq!(kinds(&owner.alerts(all()).await), []);
    }

    async fn refusals_from_one_address_and_of_all_keys_together_are_counted_too(app) {
        let owner = app.owner().await;
        let settings = AlertSettings { key_refusals: 100, address_refusals: 8, organization_refusals: 10, ..AlertSettings::default() };
        set(&owner, &settings).await;
        let [one, two] = [owner.key(SystemRole::ApiClient).await, owner.key(SystemRole::ApiClient).await];
        one.is_refused(4).await;
        two.is_refused(4).await;
        app.watch_requests().await;
        let list = owner.alerts(all()).await;
        assert_eq!(kinds(&list), [(AlertKind::AddressRefusals, 8)]);
        assert_eq!((list.page.rows[0].address.as_deref(), &list.page.rows[0].key), (Some("127.0.0.1"), &None));
        app.clock.set(NOW.plus_seconds(1));
        two.is_refused(2).await;
        app.watch_requests().await;
        let list = owner.alerts(all()).await;
        assert_eq!(kinds(&list), [(AlertKind::OrganizationRefusals, 10), (AlertKind::AddressRefusals, 10)]);
        // Somebody else's are somebody else's.
        assert_eq!(kinds(&app.owner().await.alerts(all()).await), []);
    }

    async fn every_refusal_of_a_flood_counts_also_those_whose_details_are_not_kept(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let settings = AlertSettings { key_refusals: 1_000, address_refusals: 900, organization_refusals: 1_000, ..AlertSettings::default() };
        set(&owner, &settings).await;
        let key = owner.key(SystemRole::ApiClient).await;
        let secret = WellFormed::read(&key.secret).expect("a secret");
        let one_address = std::iter::repeat_n(IpAddr::from([203, 0, 113, 9]), 900);
        let others = (0..100).map(|n| IpAddr::from([203, 0, 113, 100 + n]));
        for (number, address) in one_address.chain(others).enumerate() {
            let question = Question {
                permissions: std::iter::once(AskedPermission::read("api.key.create")).collect(),
                address: Some(address),
                request_id: &format!("req_{number}"),
                ..Question::default()
            };
            assert!(app.backend.verify(Ok(secret), &question).outcome.is_err());
        }
        app.watch_requests().await;
        let mut found = kinds(&owner.alerts(all()).await);
        found.sort_by_key(|(kind, _)| kind.code());
        let wanted = [(AlertKind::AddressRefusals, 900), (AlertKind::KeyRefusals, 1_000), (AlertKind::OrganizationRefusals, 1_000)];
        assert_eq!(found, wanted);
    }

    async fn what_a_limit_refuses_is_no_burst(app = Setup::free()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.use_up(app);
        for _ in 0..25 {
            key.caller.get("/v1/verify").await.refusal();
        }
        app.watch_requests().await;
        assert_eq!(kinds(&owner.alerts(all()).await), []);
    }

    async fn of_servers_that_find_the_same_at_the_same_moment_one_raises_it(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.is_refused(20).await;
        app.backend.flush_usage().await.expect("written");
        let second = app.second(Default::default()).await;
        together(8, async |n| {
            let backend = if n % 2 == 0 { &app.backend } else { &second };
            backend.watch_requests().await.expect("looked at");
            backend.watch_dates().await.expect("looked at");
        })
        .await;
        assert_eq!(kinds(&owner.alerts(all()).await), [(AlertKind::KeyRefusals, 20)]);
    }

    async fn thresholds_have_bounds_and_nobodys_edit_is_lost(app) {
        let owner = app.owner().await;
        let bad = AlertSettings { key_refusals: 4, organization_refusals: 10_001, ..AlertSettings::default() };
        let AppError::Invalid { fields } = owner.caller.call("alert_settings_update", json!({ "settings": bad })).await.error() else {
            panic!("a refusal")
        };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["key_refusals", "organization_refusals"]);
        let good = AlertSettings { key_refusals: 7, mailed: vec![AlertKind::Expiring], ..AlertSettings::default() };
        set(&owner, &good).await;
        let stale = owner.caller.call("alert_settings_update", json!({ "settings": good })).await.error();
        assert!(matches!(stale, AppError::Stale { .. }), "{stale:?}");
        let saved: Value = owner.caller.call("alert_settings_page", json!({})).await.ok();
        assert_eq!(saved["settings"]["settings"], json!({ "key_refusals": 7, "address_refusals": 50, "organization_refusals": 200, "mailed": ["expiring"], "version": 1 }));
        let admin = owner.key(SystemRole::Admin).await;
        let read = admin.caller.get("/v1/alert-settings").await;
        let tag = read.header("etag").to_owned();
        let change = json!({ "address_refusals": 70 });
        let caller = admin.caller.clone().with("if-match", tag);
        assert_eq!(caller.patch("/v1/alert-settings", &change).await.data()["address_refusals"], 70);
        assert_eq!(caller.patch("/v1/alert-settings", &change).await.refusal(), refused(412, "precondition_failed"));
    }

    async fn acknowledged_alerts_leave_the_list_with_who_and_when(app) {
        let owner = app.owner().await;
        let [first, second] = [owner.alert(app).await, owner.alert(app).await];
        acknowledge(&owner, &[first]).await;
        let open = owner.alerts(AlertListParams::default()).await;
        assert_eq!((open.page.rows.len(), open.page.rows[0].id, open.open), (1, second, 1));
        let seen = owner.alerts(AlertListParams { state: AlertFilter::Acknowledged, ..all() }).await;
        let by = seen.page.rows[0].acknowledged.clone().expect("who");
        assert_eq!((by.at, &by.by), (NOW, &owner.email));
        // Whoever was first stays the one, and what is not there changes nothing.
        let admin = owner.key(SystemRole::Admin).await;
        let again = admin.caller.post(&format!("/v1/alerts/{first}/acknowledge")).await.data();
        assert_eq!(again["acknowledged"]["by"], owner.email.as_str());
        let foreign = app.owner().await;
        let foreign = foreign.alert(app).await;
        let both = owner.caller.call("alert_acknowledge", json!({ "ids": [second, foreign] })).await.error();
        assert!(matches!(both, AppError::NotFound { .. }));
        assert_eq!(owner.alerts(AlertListParams::default()).await.open, 1);
        let entries = app.database.texts("SELECT action AS text FROM audit_entries WHERE action LIKE 'alert%'").await;
        assert_eq!(entries, ["alert.acknowledge"]);
        let viewer = app.member_of(&owner, SystemRole::Member).await;
        assert_eq!(viewer.alerts(all()).await.page.total, 2);
        assert_eq!((settings(&viewer).await.webhooks.is_some(), settings(&owner).await.webhooks.is_some()), (false, true));
        let error = viewer.caller.call("alert_acknowledge", json!({ "ids": [second] })).await.error();
        assert_eq!(error, AppError::Forbidden { permission: Permission::OrganizationUpdate });
    }

    async fn a_muted_key_raises_nothing_of_that_kind_until_it_is_over(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let mute = json!({ "key": key.view.id, "kind": "key_refusals", "days": 1 });
        let muted: MuteView = owner.caller.call("alert_mute", mute).await.ok();
        assert_eq!(muted.until, Some(NOW.plus_days(1)));
        key.is_refused(20).await;
        app.watch_requests().await;
        assert_eq!(kinds(&owner.alerts(all()).await), []);
        assert_eq!(settings(&owner).await.mutes, [muted]);
        app.clock.set(NOW.plus_days(1));
        let owner = Person::sign_in(app.address, &owner.email).await;
        assert_eq!(settings(&owner).await.mutes, []);
        key.is_refused(20).await;
        app.watch_requests().await;
        assert_eq!(kinds(&owner.alerts(all()).await), [(AlertKind::KeyRefusals, 20)]);
        let wrong = json!({ "key": key.view.id, "kind": "plan_limit", "days": 1 });
        assert!(matches!(owner.caller.call("alert_mute", wrong).await.error(), AppError::Invalid { .. }));
    }

    async fn a_program_lists_reads_and_mutes(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let first = owner.alert(app).await;
        app.clock.set(NOW.plus_seconds(1));
        let second = owner.alert(app).await;
        let page = admin.caller.get("/v1/alerts?limit=1").await.data();
        assert_eq!(page["items"][0]["id"], second.to_string());
        let cursor = page["next_cursor"].as_str().expect("more");
        let rest = admin.caller.get(&format!("/v1/alerts?limit=1&cursor={cursor}")).await.data();
        assert_eq!((&rest["items"][0]["id"], &rest["next_cursor"]), (&json!(first), &Value::Null));
        assert_eq!(admin.caller.get("/v1/alerts?kind=unused").await.data()["items"], json!([]));
        let one = admin.caller.get(&format!("/v1/alerts/{first}")).await;
        let known = admin.caller.clone().with("if-none-match", one.header("etag"));
        assert_eq!(known.get(&format!("/v1/alerts/{first}")).await.status, 304);
        let key = &one.data()["key"]["id"];
        let made = admin.caller.post_json("/v1/alert-mutes", &json!({ "key_id": key, "kind": "unused" })).await;
        let place = made.header("location").to_owned();
        assert_eq!((made.status, &made.data()["until"]), (201, &Value::Null));
        assert_eq!(admin.caller.get("/v1/alert-mutes").await.data()["items"].as_array().map(Vec::len), Some(1));
        let tag = made.header("etag").to_owned();
        admin.caller.post_json("/v1/alert-mutes", &json!({ "key_id": key, "kind": "unused", "days": 7.0 })).await.data();
        for stale in ["", "\"seen\"", &tag] {
            let refusal = admin.caller.clone().with("if-match", stale).delete(&place).await.refusal();
            assert_eq!(refusal, refused(412, "precondition_failed"), "{stale}");
        }
        assert_eq!(admin.caller.delete(&place).await.data()["deleted"], true);
        assert_eq!(admin.caller.delete(&place).await.refusal(), refused(404, "not_found"));
    }
}
