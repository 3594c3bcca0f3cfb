//! `/v1/whitelist`: what a key does with the whitelist.

use serde_json::{Value, json};
use shared::role::SystemRole;

use crate::harness::{NOW, Setup, both_databases, refused};

both_databases! {
    async fn an_entry_is_added_read_changed_and_removed(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let body = json!({ "address": "203.0.113.9/24", "label": "Office" });
        let answer = admin.caller.post_json("/v1/whitelist", &body).await;
        let path = answer.header("location").to_owned();
        let entry = answer.data();
        assert_eq!((answer.status, &entry["address"], &entry["label"]), (201, &json!("203.0.113.0/24"), &json!("Office")));
        let read = admin.caller.get(&path).await;
        assert_eq!((read.data(), read.header("etag")), (entry, answer.header("etag")));
        assert_eq!(admin.caller.post_json("/v1/whitelist", &body).await.refusal(), refused(409, "conflict"));

        let inside = admin.caller.post_json("/v1/whitelist", &json!({ "address": "203.0.113.7" })).await.data();
        assert_eq!(inside["warnings"], json!(["203.0.113.7 lies within 203.0.113.0/24 (Office), which allows it already."]));
        let changed = admin.caller.patch(&path, &json!({ "label": "Office, ground floor" })).await.data();
        assert_eq!((&changed["address"], &changed["version"]), (&json!("203.0.113.0/24"), &json!(2)));
        assert_eq!(admin.caller.patch(&path, &json!({})).await.refusal(), refused(422, "invalid_field"));
        assert_eq!(admin.caller.delete(&path).await.data()["deleted"], true);
        assert_eq!(admin.caller.get(&path).await.refusal(), refused(404, "not_found"));
        let listed = admin.caller.get("/v1/whitelist").await.data();
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    }

    async fn what_is_wrong_is_refused_with_the_fields_name(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        for (body, field) in [
            (json!({ "address": "010.0.0.1" }), "address"),
            (json!({ "address": "fe80::1%eth0" }), "address"),
            (json!({ "address": " 10.0.0.1" }), "address"),
            (json!({ "address": "10.0.0.1", "label": "x".repeat(81) }), "label"),
            (json!({ "address": "10.0.0.1", "label": "x " }), "label"),
        ] {
            let answer = admin.caller.post_json("/v1/whitelist", &body).await;
            assert_eq!(answer.refusal(), refused(422, "invalid_field"), "{body}");
            assert_eq!(answer.json()["error"]["fields"][0]["field"], field, "{body}");
        }
        assert_eq!(admin.caller.get("/v1/whitelist").await.data()["items"], json!([]));
    }

    async fn slices_lead_through_all_entries_newest_first(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        for number in 0..5 {
            // Two at each moment: those are in the order of their addresses.
            app.clock.set(NOW.plus_seconds(number / 2));
            owner.whitelist(&format!("10.0.0.{number}"), "").await;
        }
        let mut seen = Vec::new();
        let mut path = "/v1/whitelist?limit=2".to_owned();
        loop {
            let slice = admin.caller.get(&path).await.data();
            seen.extend(slice["items"].as_array().expect("a list").iter().map(|entry| entry["address"].clone()));
            let Some(cursor) = slice["next_cursor"].as_str() else { break };
            path = format!("/v1/whitelist?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, [4, 2, 3, 0, 1].map(|number| json!(format!("10.0.0.{number}"))));
        assert_eq!(admin.caller.get("/v1/whitelist?q=10.0.0.3").await.data()["items"][0]["address"], "10.0.0.3");
    }

    async fn the_plans_limit_holds_for_programs_too(app = Setup::free()) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        owner.whitelist("192.0.2.1", "").await;
        let answer = admin.caller.post_json("/v1/whitelist", &json!({ "address": "192.0.2.2" })).await;
        assert_eq!(answer.refusal(), refused(409, "limit_reached"));
        assert_eq!(admin.caller.get("/v1/whitelist/mode").await.data()["entries"], json!({ "used": 1, "limit": 1 }));
    }

    async fn the_same_request_sent_again_adds_nothing_more(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let once = admin.caller.clone().with("idempotency-key", "one");
        let body = json!({ "address": "10.0.0.1" });
        let first = once.post_json("/v1/whitelist", &body).await;
        let again = once.post_json("/v1/whitelist", &body).await;
        assert_eq!((again.data(), again.header("idempotency-replayed")), (first.data(), "true"));
        assert_eq!(owner.whitelist_list("").await.page.total, 1);
    }

    async fn programs_read_who_is_meant_slice_by_slice(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let (admin, key) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
        owner.whitelist("127.0.0.0/8", "").await;
        owner.whitelist_mode(shared::whitelist::WhitelistMode::Report).await.ok::<Value>();
        for number in 1..=3 {
            app.clock.set(NOW.plus_seconds(number));
            key.caller.clone().with("x-forwarded-for", format!("192.0.2.{number}")).get("/v1/verify").await.data();
        }
        app.backend.flush_usage().await.expect("written");
        for list in ["/v1/whitelist/report", "/v1/whitelist/preview"] {
            let first = admin.caller.get(&format!("{list}?limit=2")).await.data();
            let addresses = |data: &Value| -> Vec<Value> {
                data["items"].as_array().expect("a list").iter().map(|caller| caller["address"].clone()).collect()
            };
            assert_eq!(addresses(&first), ["192.0.2.3", "192.0.2.2"], "{list}");
            assert_eq!(first["items"][0]["key"]["id"], json!(key.view.id));
            let cursor = first["next_cursor"].as_str().expect("there is more");
            let rest = admin.caller.get(&format!("{list}?limit=2&cursor={cursor}")).await.data();
            assert_eq!((addresses(&rest), &rest["next_cursor"]), (vec![json!("192.0.2.1")], &Value::Null), "{list}");
        }
        let role = owner.role_with("Network", &["organization.whitelist.view"]).await;
        let network = owner.key_with(role.id).await;
        assert_eq!(network.caller.get("/v1/whitelist/report").await.data()["items"][0]["key"], Value::Null);
    }

    async fn the_mode_is_switched_by_what_was_looked_at(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let path = "/v1/whitelist/mode";
        let seen = admin.caller.get(path).await;
        assert_eq!(seen.data(), json!({ "mode": "off", "version": 1, "entries": { "used": 0, "limit": null } }));
        let with_seen = admin.caller.clone().with("if-match", seen.header("etag"));
        assert_eq!(with_seen.patch(path, &json!({ "mode": "on" })).await.refusal(), refused(409, "whitelist_empty"));
        let report = with_seen.patch(path, &json!({ "mode": "report" })).await;
        assert_eq!(report.data()["mode"], "report");
        assert_eq!(with_seen.patch(path, &json!({ "mode": "off" })).await.refusal(), refused(412, "precondition_failed"));
        let with_report = admin.caller.clone().with("if-match", report.header("etag"));
        owner.whitelist("127.0.0.1", "").await;
        assert_eq!(with_report.patch(path, &json!({ "mode": "on" })).await.refusal(), refused(412, "precondition_failed"));
        assert_eq!(admin.caller.patch(path, &json!({ "mode": "on" })).await.data()["mode"], "on");
        // It allows this machine, so the key goes on.
        assert_eq!(admin.caller.get(path).await.data()["mode"], "on");
        // Whoever shuts themselves out is shut out at once.
        let body = json!({ "mode": "on", "accept_empty": true });
        let entry = owner.whitelist_list("").await.page.rows[0].id;
        admin.caller.delete(&format!("/v1/whitelist/{entry}")).await.data();
        assert_eq!(admin.caller.patch(path, &body).await.refusal(), refused(403, "ip_not_allowed"));
        let _: Value = owner.whitelist_mode(shared::whitelist::WhitelistMode::Off).await.ok();
        admin.caller.get(path).await.data();
    }
}
