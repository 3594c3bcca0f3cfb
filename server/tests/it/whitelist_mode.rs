//! Off, report only, on: what each does, and what is asked before.

use serde_json::{Value, json};
use shared::{
    AppError,
    role::SystemRole,
    whitelist::{WhitelistCaller, WhitelistCallers, WhitelistMode, WhitelistStanding},
};

use crate::harness::{KeyCaller, NOW, Person, Setup, TestApp, both_databases, refused};

/// A request of the key from this address.
async fn from(key: &KeyCaller, address: &str) -> u16 {
    key.caller.clone().with("x-forwarded-for", address).get("/v1/ip/8.8.8.8").await.status
}

/// Key names, addresses and requests.
fn told(callers: &WhitelistCallers) -> Vec<(String, String, u64)> {
    let told = |caller: &WhitelistCaller| {
        let key = caller.key.clone().expect("the owner may see keys");
        (key.name, caller.address.expect("an address").to_string(), caller.requests)
    };
    callers.callers.iter().map(told).collect()
}

async fn preview(owner: &Person) -> WhitelistCallers {
    owner.caller.call("whitelist_preview", json!({})).await.ok()
}

async fn written(app: &TestApp) {
    app.backend.flush_usage().await.expect("written");
}

both_databases! {
    async fn off_and_report_refuse_nobody_and_on_refuses_what_is_not_listed(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        owner.whitelist("203.0.113.0/24", "Office").await;
        for (mode, outside) in [
            (WhitelistMode::Report, 200),
            (WhitelistMode::On, 403),
            (WhitelistMode::Report, 200),
            (WhitelistMode::On, 403),
            (WhitelistMode::Off, 200),
        ] {
            let standing: WhitelistStanding = owner.whitelist_mode(mode).await.ok();
            assert_eq!((standing.mode, from(&key, "203.0.113.9").await, from(&key, "203.0.114.9").await), (mode, 200, outside));
        }
        let audited = "SELECT detail AS text FROM audit_entries WHERE action = 'whitelist.switch' ORDER BY seq";
        let trail = app.database.texts(audited).await;
        assert_eq!(trail.len(), 5);
        assert_eq!(serde_json::from_str::<Value>(&trail[1]).expect("JSON"), json!({ "before": { "mode": "report" }, "after": { "mode": "on" } }));
    }

    /// 256 addresses of a key are kept one by one between two writes.
    async fn of_more_addresses_than_are_kept_it_is_not_said_that_they_are_shut_out(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        owner.whitelist("203.0.0.0/16", "Office").await;
        for number in 0..300_u16 {
            let [high, low] = number.to_be_bytes();
            key.use_from(app, [203, 0, high, low]);
        }
        written(app).await;
        let found = preview(&owner).await;
        assert_eq!((told(&found), found.total, found.scattered), (vec![], 0, 44));
        let last = owner.key_get(key.view.id).await.last_used.expect("it was used");
        assert!(last.address.starts_with("203.0."), "{}", last.address);
    }

    async fn an_empty_list_is_switched_on_only_if_that_is_meant(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        assert_eq!(owner.whitelist_mode(WhitelistMode::On).await.error(), AppError::WhitelistEmpty);
        key.caller.get("/v1/ip/8.8.8.8").await.data();
        let params = json!({ "version": 1, "mode": "on", "accept_empty": true });
        owner.caller.call("whitelist_mode_update", json!({ "params": params })).await.ok::<Value>();
        assert_eq!(key.caller.get("/v1/ip/8.8.8.8").await.refusal(), refused(403, "ip_not_allowed"));
    }

    async fn whoever_has_seen_another_list_or_mode_switches_nothing(app) {
        let owner = app.owner().await;
        let seen = owner.whitelist_list("").await.standing.version;
        owner.whitelist("203.0.113.0/24", "Office").await;
        let switch = |version: i64| json!({ "params": { "version": version, "mode": "on", "accept_empty": false } });
        assert_eq!(owner.caller.call("whitelist_mode_update", switch(seen)).await.error(), AppError::stale("whitelist"));
        let now = owner.whitelist_list("").await.standing;
        assert_eq!(now.mode, WhitelistMode::Off);
        let on: WhitelistStanding = owner.caller.call("whitelist_mode_update", switch(now.version)).await.ok();
        assert_eq!(on.version, owner.whitelist_list("").await.standing.version);
        assert_eq!(owner.caller.call("whitelist_mode_update", switch(now.version)).await.error(), AppError::stale("whitelist"));
    }

    async fn report_tells_who_would_be_refused_how_often_and_from_where(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        owner.whitelist("203.0.113.0/24", "Office").await;
        // Before it reports, nothing is counted.
        from(&key, "192.0.2.1").await;
        owner.whitelist_mode(WhitelistMode::Report).await.ok::<Value>();
        for (address, times) in [("203.0.113.9", 4), ("192.0.2.7", 3), ("2001:db8::7", 2)] {
            for _ in 0..times {
                assert_eq!(from(&key, address).await, 200);
            }
            written(app).await;
            app.clock.set(app.clock.now().plus_seconds(60));
        }
        // What is refused anyway is nobody's news.
        key.caller.clone().with("x-forwarded-for", "192.0.2.9").get("/v1/verify?permission=api.key.create").await;
        written(app).await;
        let report = owner.whitelist_list("").await.reported.expect("it reports");
        let name = || "Production Server".to_owned();
        assert_eq!(told(&report), [(name(), "2001:db8::7".to_owned(), 2), (name(), "192.0.2.7".to_owned(), 3)]);
        assert_eq!((report.total, report.requests), (2, 5));

        // Whoever is added is reported no longer; what is too old neither.
        owner.whitelist("192.0.2.0/24", "").await;
        assert_eq!(told(&owner.whitelist_list("").await.reported.expect("it reports")), [(name(), "2001:db8::7".to_owned(), 2)]);
        app.clock.set(NOW.plus_days(8));
        let owner = Person::sign_in(app.address, &owner.email).await;
        assert_eq!(owner.whitelist_list("").await.reported.expect("it reports").total, 0);
        owner.whitelist_mode(WhitelistMode::Off).await.ok::<Value>();
        assert_eq!(owner.whitelist_list("").await.reported, None);
    }

    async fn the_preview_shows_whom_switching_on_would_shut_out(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let [key, revoked] = [owner.key(SystemRole::ApiClient).await, owner.key(SystemRole::ApiClient).await];
        for address in ["203.0.113.9", "192.0.2.7", "192.0.2.7"] {
            from(&key, address).await;
        }
        from(&revoked, "192.0.2.8").await;
        owner.revoke(revoked.view.id).await;
        written(app).await;
        assert_eq!(preview(&owner).await.total, 2, "all that is in use, as nothing is listed");
        owner.whitelist("203.0.113.0/24", "Office").await;
        let found = preview(&owner).await;
        assert_eq!(told(&found), [("Production Server".to_owned(), "192.0.2.7".to_owned(), 2)]);
        assert_eq!((found.total, found.requests), (1, 2));

        // Whoever may not see the keys is not told which.
        let role = owner.role_with("Network", &["organization.whitelist.view"]).await;
        let member = app.member_with(&owner, role.id).await;
        let found: WhitelistCallers = member.caller.call("whitelist_preview", json!({})).await.ok();
        assert_eq!((found.callers[0].key.clone(), found.total), (None, 1));

        app.clock.set(NOW.plus_days(31));
        let owner = Person::sign_in(app.address, &owner.email).await;
        assert_eq!(preview(&owner).await.total, 0);
        // A stranger's traffic is not ours.
        assert_eq!(preview(&app.owner().await).await.total, 0);
    }
}
