//! What people write down about a key.

use serde_json::{Value, json};
use shared::{AppError, key::KeyView, role::SystemRole};

use crate::harness::{Person, both_databases, refused};

fn form(key: &KeyView, notes: &str, deployed_to: &str) -> Value {
    json!({ "params": { "id": key.id, "version": key.version, "notes": notes, "deployed_to": deployed_to } })
}

async fn save(owner: &Person, key: &KeyView, notes: &str, deployed_to: &str) -> KeyView {
    owner.caller.call("key_notes_update", form(key, notes, deployed_to)).await.ok()
}

both_databases! {
    async fn notes_are_kept_line_by_line_and_told_in_the_trail(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let saved = save(&owner, &key, " Ask billing first.\n\n\tThen revoke. ", " billing-api on eu-1 ").await;
        assert_eq!((saved.notes.as_str(), saved.deployed_to.as_str(), saved.version),
            ("Ask billing first.\n\n\tThen revoke.", "billing-api on eu-1", 2));
        assert_eq!(owner.key_get(key.id).await, saved);
        let told = app.database.texts("SELECT detail AS text FROM audit_entries WHERE action = 'key.update'").await;
        let told: Value = serde_json::from_str(&told[0]).expect("JSON");
        assert_eq!((&told["before"]["notes"], &told["after"]["notes"]), (&json!(""), &json!(saved.notes)));
        assert_eq!(told["after"]["deployed_to"], "billing-api on eu-1");
        assert_eq!(save(&owner, &saved, "", "").await.notes, "");
    }

    async fn an_edit_of_the_key_keeps_its_notes(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let key = save(&owner, &key, "Keep me.", "eu-1").await;
        let renamed: KeyView = owner.caller.call("key_update", json!({ "params": { "id": key.id, "version": key.version,
            "name": "Renamed", "role": key.role.id, "environment": key.environment, "expires_at": null } })).await.ok();
        assert_eq!((renamed.name.as_str(), renamed.notes.as_str(), renamed.deployed_to.as_str()), ("Renamed", "Keep me.", "eu-1"));
    }

    async fn notes_made_from_an_old_version_are_a_conflict_and_change_nothing(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let first = save(&owner, &key, "First", "").await;
        let error = owner.caller.call("key_notes_update", form(&key, "Second", "")).await.error();
        assert_eq!(error, AppError::Conflict { current: Box::new(first.clone()) });
        assert_eq!(owner.key_get(key.id).await, first);
    }

    async fn what_is_too_long_or_cannot_be_seen_is_refused_by_field(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let error = owner.caller.call("key_notes_update", form(&key, &"ü".repeat(2_001), "a\nb")).await.error();
        assert!(error.on_field("notes").is_some_and(|e| e.contains("at most 2000")), "{error:?}");
        assert!(error.on_field("deployed_to").is_some_and(|e| e.contains("control characters")), "{error:?}");
        save(&owner, &key, &"ü".repeat(2_000), &"ü".repeat(200)).await;
    }

    async fn a_program_writes_them_too(app) {
        let owner = app.owner().await;
        let (admin, key) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await.view);
        let path = format!("/v1/keys/{}", key.id);
        let changed = admin.caller.patch(&path, &json!({ "notes": "One.\nTwo.", "deployed_to": "eu-1" })).await.data();
        assert_eq!((&changed["notes"], &changed["deployed_to"], &changed["name"]),
            (&json!("One.\nTwo."), &json!("eu-1"), &json!(key.name)));
        let changed = admin.caller.patch(&path, &json!({ "deployed_to": "" })).await.data();
        assert_eq!((&changed["notes"], &changed["deployed_to"]), (&json!("One.\nTwo."), &json!("")));
        for notes in ["One.\r\nTwo.", " One.", "\u{202E}"] {
            let answer = admin.caller.patch(&path, &json!({ "notes": notes })).await;
            assert_eq!(answer.refusal(), refused(422, "invalid_field"), "{notes:?}");
        }
    }

    async fn a_revoked_key_keeps_what_was_written(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await.view;
        let key = save(&owner, &key, "It leaked.", "").await;
        owner.revoke(key.id).await;
        let key = owner.key_get(key.id).await;
        assert_eq!(key.notes, "It leaked.");
        let error = owner.caller.call("key_notes_update", form(&key, "It did not.", "")).await.error();
        assert!(matches!(error, AppError::WrongState { .. }), "{error:?}");
    }
}
