//! Lists by slices: everything once, also while others add and remove.

use std::collections::HashSet;

use serde_json::{Value, json};
use shared::{key::KeyListParams, role::SystemRole};

use crate::harness::{KeyCaller, NOW, both_databases, refused};

/// Reads a list to its end, `between` each two slices doing something.
async fn read(admin: &KeyCaller, path: &str, between: impl AsyncFn(usize)) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for number in 0.. {
        let data = admin.caller.get(&format!("{path}{cursor}")).await.data();
        all.extend(data["items"].as_array().expect("a list").iter().cloned());
        match data["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        between(number).await;
    }
    all
}

fn names(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter().map(|row| row[field].as_str().expect("a text").to_owned()).collect()
}

both_databases! {
    async fn every_order_goes_through_all_keys_once_and_ends(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        for number in 0..7_i64 {
            // Three at each moment, and names that differ in case alone: ties have to be broken.
            app.clock.set(NOW.plus_seconds(number / 3));
            let name = if number % 2 == 0 { "same" } else { "SAME" };
            let made = owner.create(name, SystemRole::ApiClient).await;
            if number % 3 == 0 {
                app.visitor().bearer(made.secret.expose()).get("/v1/me").await.data();
            }
        }
        app.backend.flush_usage().await.expect("written");
        for sort in ["created", "name", "last_used"] {
            for order in ["asc", "desc"] {
                let whole = admin.caller.get(&format!("/v1/keys?sort={sort}&order={order}&limit=100")).await.data();
                let whole = names(whole["items"].as_array().expect("a list"), "id");
                assert_eq!(whole.len(), 8);
                let path = format!("/v1/keys?sort={sort}&order={order}&limit=2");
                let slices = names(&read(&admin, &path, async |_| {}).await, "id");
                // The key that reads is used by reading, which may move it.
                let without = |ids: &[String]| -> Vec<String> {
                    ids.iter().filter(|id| **id != admin.view.id.to_string()).cloned().collect()
                };
                assert_eq!(without(&slices), without(&whole), "{sort} {order}");
            }
        }
    }

    async fn nothing_is_shown_twice_or_left_out_while_keys_come_and_go(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let mut there = HashSet::new();
        for number in 0..12_i64 {
            app.clock.set(NOW.plus_seconds(number));
            there.insert(owner.create(&format!("Client {number}"), SystemRole::ApiClient).await.key.id.to_string());
        }
        let gone = std::sync::Mutex::new(HashSet::new());
        let seen = read(&admin, "/v1/keys?limit=3", async |number| {
            app.clock.set(NOW.plus_seconds(60 + i64::try_from(number).expect("small")));
            owner.create("New", SystemRole::ApiClient).await;
            // One that was shown, and one that was not.
            let list = owner.keys(KeyListParams { search: "Client".to_owned(), ..KeyListParams::default() }).await;
            for key in [list.page.rows.first(), list.page.rows.last()].into_iter().flatten() {
                owner.caller.call("key_revoke", json!({ "id": key.id, "reason": "" })).await.ok::<Value>();
                gone.lock().expect("the list").insert(key.id.to_string());
            }
        }).await;
        let seen = names(&seen, "id");
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "twice");
        let gone = gone.into_inner().expect("the list");
        let missed: Vec<_> = there.difference(&gone).filter(|id| !seen.contains(id)).collect();
        assert_eq!(missed, Vec::<&String>::new());
    }

    async fn every_list_is_read_by_slices(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let member = owner.role(SystemRole::Member).await;
        for number in 0..3 {
            owner.invite(&format!("guest-{number}@example.com"), member).await;
            owner.role_with(&format!("Role {number}"), &["ip.lookup"]).await;
        }
        app.member_of(&owner, SystemRole::Member).await;
        for (path, field, count) in
            [("/v1/roles", "name", 7), ("/v1/permissions", "name", 22), ("/v1/members", "email", 2), ("/v1/invitations", "email", 3)]
        {
            let whole = admin.caller.get(&format!("{path}?limit=100")).await.data();
            let whole = names(whole["items"].as_array().expect("a list"), field);
            assert_eq!(whole.len(), count, "{path}");
            assert_eq!(names(&read(&admin, &format!("{path}?limit=1"), async |_| {}).await, field), whole, "{path}");
        }
    }

    async fn a_cursor_leads_nowhere_but_on_in_its_own_list(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let (admin, theirs) = (owner.key(SystemRole::Admin).await, stranger.key(SystemRole::Admin).await);
        for person in [&owner, &stranger] {
            person.create("One", SystemRole::ApiClient).await;
        }
        let cursor = admin.caller.get("/v1/keys?limit=1").await.data()["next_cursor"].as_str().expect("a cursor").to_owned();
        assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{cursor}");
        admin.caller.get(&format!("/v1/keys?limit=5&cursor={cursor}")).await.data();
        let mut altered = cursor.clone().into_bytes();
        altered[20] = if altered[20] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("ASCII");
        for (caller, path) in [
            (&admin, format!("/v1/keys?sort=name&cursor={cursor}")), (&admin, format!("/v1/keys?q=x&cursor={cursor}")),
            (&admin, format!("/v1/roles?cursor={cursor}")), (&theirs, format!("/v1/keys?cursor={cursor}")),
            (&admin, format!("/v1/keys?cursor={altered}")), (&admin, "/v1/keys?cursor=".to_owned()),
            (&admin, "/v1/members?cursor=x".to_owned()), (&admin, format!("/v1/invitations?cursor={}", "A".repeat(5_000))),
        ] {
            assert_eq!(caller.caller.get(&path).await.refusal(), refused(400, "invalid_cursor"), "{path}");
        }
    }
}
