//! `ETag`, `If-Match`, `If-None-Match`: nobody's edit is lost, and nothing is sent twice.

use serde_json::{Value, json};
use shared::role::SystemRole;

use crate::harness::{KeyCaller, Person, TestApp, both_databases, refused};

/// Every single thing there is, with a change of it and with the state it is in.
async fn things(app: &TestApp) -> (Person, KeyCaller, Vec<(String, Value)>) {
    let owner = app.owner().await;
    let admin = owner.key(SystemRole::Admin).await;
    let (client, other) = (owner.role(SystemRole::ApiClient).await, owner.role(SystemRole::Member).await);
    admin.caller.post_json("/v1/permissions", &json!({ "name": "a.b", "description": "One." })).await.data();
    let role = owner.role_with("Custom", &["ip.lookup"]).await.id;
    let key = owner.key_with(client).await.view.id;
    let member = app.member_with(&owner, client).await.viewer.member;
    let invitation = owner.invite("ada@example.com", client).await.invitation.id;
    let entry = owner.whitelist("203.0.113.0/24", "Office").await.id;
    let things = vec![
        (format!("/v1/keys/{key}"), json!({ "name": "Changed" })),
        (format!("/v1/roles/{role}"), json!({ "name": "Changed" })),
        (format!("/v1/members/{member}"), json!({ "role_ids": [other] })),
        (format!("/v1/invitations/{invitation}"), json!({ "role_id": other })),
        ("/v1/permissions/a.b".to_owned(), json!({ "description": "Changed." })),
        (format!("/v1/whitelist/{entry}"), json!({ "label": "Changed" })),
        ("/v1/organization".to_owned(), json!({ "name": "Changed" })),
    ];
    (owner, admin, things)
}

both_databases! {
    async fn a_change_without_if_match_is_refused_and_one_with_a_stale_tag_too(app) {
        let (_owner, admin, things) = things(app).await;
        for (path, change) in things {
            let bare = admin.caller.request("PATCH", &path, Some("application/json"), change.to_string()).await;
            assert_eq!(bare.refusal(), refused(428, "precondition_required"), "{path}");

            let seen = admin.caller.get(&path).await.header("etag").to_owned();
            assert!(seen.starts_with('"') && seen.ends_with('"'), "{path}: {seen}");
            let with_seen = admin.caller.clone().with("if-match", &*seen);
            let changed = with_seen.patch(&path, &change).await;
            assert_eq!(changed.status, 200, "{path}: {changed:?}");
            assert_ne!(changed.header("etag"), seen, "{path}");

            let late = with_seen.patch(&path, &change).await;
            assert_eq!(late.refusal(), refused(412, "precondition_failed"), "{path}");
            let now = admin.caller.get(&path).await;
            assert_eq!(late.header("etag"), now.header("etag"), "{path}: what it is now");
            assert_eq!(now.data(), changed.data(), "{path}: nothing was changed");

            if path != "/v1/organization" {
                let late = with_seen.delete(&path).await;
                let right = if path.starts_with("/v1/keys") { 405 } else { 412 };
                assert_eq!(late.status, right, "{path}");
                let current = admin.caller.clone().with("if-match", now.header("etag"));
                if right == 412 {
                    assert_eq!(current.delete(&path).await.data()["deleted"], true, "{path}");
                }
            }
        }
    }

    async fn what_nobody_changed_is_not_sent_again_and_what_changed_by_itself_is(app) {
        let (_owner, admin, things) = things(app).await;
        for (path, _) in &things {
            // The organization counts the very requests that look at it.
            if path == "/v1/organization" {
                continue;
            }
            let first = admin.caller.get(path).await;
            let again = admin.caller.clone().with("if-none-match", first.header("etag")).get(path).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
            assert_eq!(again.header("etag"), first.header("etag"), "{path}");
            let other = admin.caller.clone().with("if-none-match", "\"1.x\"").get(path).await;
            assert_eq!(other.status, 200, "{path}");
        }
        let path = format!("/v1/keys/{}", admin.view.id);
        let before = admin.caller.get(&path).await;
        app.backend.flush_usage().await.expect("written");
        let known = admin.caller.clone().with("if-none-match", before.header("etag"));
        let now = known.get(&path).await;
        assert_eq!(now.status, 200, "it was used in the meantime");
        assert!(now.data()["last_used"].is_object());
        // Which is no reason to refuse an edit.
        let edit = admin.caller.clone().with("if-match", before.header("etag"));
        assert_eq!(edit.patch(&path, &json!({ "name": "Changed" })).await.status, 200);
    }

    async fn a_tag_that_is_none_is_named(app) {
        let (_owner, admin, things) = things(app).await;
        for bad in ["3", "\"3\" \"4\"", "\"a"] {
            let answer = admin.caller.clone().with("if-match", bad);
            let answer = answer.request("PATCH", &things[0].0, Some("application/json"), "{\"name\":\"x\"}").await;
            assert_eq!(answer.refusal(), refused(400, "invalid_header"), "{bad:?}");
        }
    }
}
