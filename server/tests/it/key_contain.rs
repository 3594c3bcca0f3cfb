//! A compromised key: contained in one act, told to the team, tied together by one id.

use backend::audit::chain;
use serde_json::{Value, json};
use shared::{
    AppError, Permission,
    alert::{AlertKind, AlertListParams},
    audit::{AuditEntry, AuditParams},
    incident::{Activity, KeyContained},
    key::{KeyStatus, KeyView},
    role::SystemRole,
};

use crate::harness::{Answer, NOW, Person, both_databases, refused, together};

async fn contain(person: &Person, key: &KeyView, how: &str) -> Answer {
    let params = json!({ "id": key.id, "version": key.version, "containment": how, "reason": "It was in a log." });
    person.caller.call("key_contain", json!({ "params": params })).await
}

async fn trail(owner: &Person, search: &str) -> Vec<AuditEntry> {
    let params = AuditParams { search: search.to_owned(), ..AuditParams::default() };
    let list: Value = owner.caller.call("audit_list", json!({ "params": params, "cursor": null })).await.ok();
    serde_json::from_value(list["entries"].clone()).expect("entries")
}

both_databases! {
    async fn another_key_takes_its_place_with_the_same_rules(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        owner.bind_to(key.view.id, "127.0.0.0/8").await;
        let limits = json!({ "key": key.view.id, "before": [], "limits": [{ "window": "hour", "requests": 1 }] });
        owner.caller.call("rate_limits_update", json!({ "params": limits })).await.ok::<Value>();
        let view = owner.key_get(key.view.id).await;
        let contained: KeyContained = contain(&owner, &view, "replace").await.ok();

        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
        assert_eq!(contained.key.status, KeyStatus::Revoked);
        assert_eq!(contained.key.revoked.and_then(|revoked| revoked.reason).as_deref(), Some("It was in a log."));
        let made = contained.created.expect("a replacement");
        assert_ne!(made.key.id, view.id);
        let same = |key: &KeyView| (key.name.clone(), key.role.clone(), key.environment, key.expires_at);
        assert_eq!(same(&made.key), same(&view));
        let new = app.visitor().bearer(made.secret.expose());
        assert_eq!(new.get("/v1/me").await.data()["key_id"], made.key.id.to_string());
        assert_eq!(new.get("/v1/me").await.refusal(), refused(429, "limit_exceeded"), "the limit holds for it, too");
        let page: Value = owner.caller.call("key_page", json!({ "id": made.key.id, "window": "24h" })).await.ok();
        assert_eq!(page["networks"]["networks"], json!(["127.0.0.0/8"]));
    }

    async fn a_new_secret_is_the_only_one_that_works(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let params = json!({ "id": key.view.id, "version": key.view.version, "overlap_seconds": 3_600 });
        let rotated: Value = owner.caller.call("key_rotate", json!({ "params": params })).await.ok();
        let view = owner.key_get(key.view.id).await;
        let contained: KeyContained = contain(&owner, &view, "rotate").await.ok();
        let second = app.visitor().bearer(rotated["secret"].as_str().expect("a secret"));
        for old in [&key.caller, &second] {
            assert_eq!(old.get("/v1/me").await.refusal(), refused(401, "revoked"));
        }
        let made = contained.created.expect("a secret");
        assert_eq!((made.key.id, made.key.status), (view.id, KeyStatus::Active));
        app.visitor().bearer(made.secret.expose()).get("/v1/me").await.data();
    }

    async fn a_key_is_revoked_alone(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let contained: KeyContained = contain(&owner, &key.view, "revoke").await.ok();
        assert!(contained.created.is_none());
        assert_eq!(key.caller.get("/v1/me").await.refusal(), refused(401, "revoked"));
        for how in ["replace", "revoke", "rotate"] {
            let again = contain(&owner, &contained.key, how).await.error();
            assert_eq!(again, AppError::WrongState { status: KeyStatus::Revoked });
        }
    }

    async fn one_id_ties_the_trail_and_the_alert_together(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let contained: KeyContained = contain(&owner, &key.view, "replace").await.ok();
        let made = contained.created.expect("a replacement").key;
        let entries = trail(&owner, &contained.incident.to_string()).await;
        let told: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.target.clone())).collect();
        assert_eq!(told, [("key.create", made.id.to_string()), ("key.contain", key.view.id.to_string())]);
        assert_eq!(entries[1].why.as_deref(), Some("It was in a log."));
        let alerts = owner.alerts(AlertListParams::default()).await.page.rows;
        assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Compromised));
        assert!(alerts[0].message.contains(&contained.incident.to_string()), "{}", alerts[0].message);
        let each = |proof: chain::Proof| assert_eq!(proof.broken, None, "two entries of one act are two links");
        chain::verify(&app.database.url, None, each).await.expect("the trail");
    }

    async fn of_eight_who_do_it_at_the_same_time_one_does(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let answers = together(8, async |_| contain(&owner, &key.view, "replace").await).await;
        let done = answers.iter().filter(|answer| answer.status == 200).count();
        let keys = "SELECT CAST(count(*) AS TEXT) AS text FROM api_keys";
        assert_eq!((done, app.database.texts(keys).await), (1, vec!["2".to_owned()]));
        assert_eq!(owner.alerts(AlertListParams::default()).await.page.rows.len(), 1);
    }

    async fn what_is_not_allowed_in_full_is_not_done_in_part(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let may = ["api.key.view", "api.key.delete", "ip.lookup"];
        let role = owner.role_with("Watchman", &may).await;
        let watchman = app.member_with(&owner, role.id).await;
        for (how, permission) in [("replace", Permission::KeyCreate), ("rotate", Permission::KeyUpdate)] {
            assert_eq!(contain(&watchman, &key.view, how).await.error(), AppError::Forbidden { permission });
        }
        let role = owner.role_with("Weak", &["api.key.view", "api.key.delete", "api.key.create", "api.key.update"]).await;
        let weak = app.member_with(&owner, role.id).await;
        for how in ["replace", "rotate"] {
            let error = contain(&weak, &key.view, how).await.error();
            assert!(matches!(error, AppError::AboveCeiling { .. }), "{error:?}");
        }
        let stale = KeyView { version: key.view.version + 1, ..key.view.clone() };
        assert!(matches!(contain(&owner, &stale, "replace").await.error(), AppError::Conflict { .. }));
        let silent = json!({ "id": key.view.id, "version": key.view.version, "containment": "revoke", "reason": " " });
        let error = owner.caller.call("key_contain", json!({ "params": silent })).await.error();
        assert!(error.on_field("reason").is_some(), "{error:?}");
        assert_eq!(owner.key_get(key.view.id).await, key.view);
        key.caller.get("/v1/me").await.data();
        assert_eq!(owner.alerts(AlertListParams::default()).await.page.rows, []);
        contain(&watchman, &key.view, "revoke").await.ok::<KeyContained>();
    }

    async fn a_program_contains_a_key_and_sees_the_secret_once(app) {
        let owner = app.owner().await;
        let (admin, key) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
        let path = format!("/v1/keys/{}/contain", key.view.id);
        let body = json!({ "containment": "replace", "reason": "It was in a log." });
        let caller = admin.caller.clone().with("idempotency-key", "contain-1");
        let first = caller.post_json(&path, &body).await.data();
        let new = app.visitor().bearer(first["secret"].as_str().expect("a secret"));
        assert_eq!(new.get("/v1/me").await.data()["key_id"], first["replacement"]["id"]);
        let again = caller.post_json(&path, &body).await.data();
        assert_eq!((&again["secret"], &again["secret_shown"]), (&Value::Null, &json!(true)));
        assert_eq!(again["incident"], first["incident"]);
        let silent = json!({ "containment": "replace", "reason": "" });
        assert_eq!(admin.caller.post_json(&path, &silent).await.refusal(), refused(422, "invalid_field"));
    }

    async fn what_a_key_did_is_told_and_exported(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/verify?permission=ip.lookup").await;
        app.clock.set(NOW.plus_seconds(60));
        key.caller.get("/v1/verify?permission=ip.lookup").await;
        key.caller.get("/v1/verify?permission=api.key.view").await;
        app.backend.flush_usage().await.expect("written");
        let arguments = json!({ "id": key.view.id, "since": NOW.plus_seconds(-3_600) });
        let activity: Activity = owner.caller.call("key_activity", arguments).await.ok();
        let lines: Vec<_> = activity.lines.iter().map(|line| (&*line.permissions, line.allowed, line.refused)).collect();
        assert_eq!(lines, [("", 0, 1), ("ip.lookup", 2, 0)]);
        assert_eq!((activity.lines[1].first_at, activity.lines[1].last_at), (NOW, NOW.plus_seconds(60)));
        assert_eq!(activity.reasons.len(), 1);
        let file = format!("/download/activity.csv?key={}&since=2026-01-01T00:00:00Z", key.view.id);
        let file = owner.caller.get(&file).await;
        let rows: Vec<_> = file.text.lines().map(|line| line.split(',').next().unwrap_or_default()).collect();
        assert_eq!((file.status, rows), (200, vec!["\"what\"", "\"use\"", "\"use\"", "\"refusal\""]));
        let since = async |seconds| -> Activity {
            let arguments = json!({ "id": key.view.id, "since": NOW.plus_seconds(seconds) });
            owner.caller.call("key_activity", arguments).await.ok()
        };
        // Uses are known to the moment, and reasons by the hour.
        assert_eq!(since(61).await.lines, []);
        assert_eq!(since(61).await.reasons, activity.reasons);
        assert_eq!(since(3_600).await.reasons, []);
    }
}
