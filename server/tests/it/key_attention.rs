//! Which keys need somebody's attention, and the lists behind that.

use serde_json::{Value, json};
use shared::{
    key::{Attention, KeyCreated, KeyListParams, KeyView, StatusFilter},
    role::SystemRole,
    usage::AttentionItem,
};

use crate::harness::{KeyCaller, NOW, Person, TestApp, both_databases};

const ATTENTION: [Attention; 4] = [Attention::Unused, Attention::Due, Attention::Expiring, Attention::Rising];

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn made(app: &TestApp, owner: &Person, name: &str, environment: &str) -> KeyCaller {
    let role = owner.role(SystemRole::ApiClient).await;
    let params = json!({ "params": { "name": name, "role": role, "environment": environment } });
    let created: KeyCreated = owner.caller.call("key_create", params).await.ok();
    let secret = created.secret.expose().to_owned();
    KeyCaller { caller: app.visitor().bearer(&secret), view: created.key, secret }
}

/// What needs attention in so many days, by the names of the keys, as the overview and the list say it.
async fn attention(app: &TestApp, owner: &Person, days: i64) -> Vec<(Attention, Vec<String>)> {
    app.clock.set(NOW.plus_days(days));
    let owner = Person::sign_in(app.address, &owner.email).await;
    let items: Vec<AttentionItem> = owner.caller.call("key_attention", json!({})).await.ok();
    let mut told = Vec::new();
    for attention in ATTENTION {
        let params = KeyListParams { attention: Some(attention), ..KeyListParams::default() };
        let listed: Vec<_> = owner.keys(params).await.page.rows.into_iter().map(|key| key.name).collect();
        let item = items.iter().find(|item| item.attention == attention);
        assert_eq!(
            item.map_or(0, |item| item.keys),
            listed.len() as u64,
            "{attention:?}: the number is that of the list"
        );
        assert_eq!(item.map(|item| item.some.clone()).unwrap_or_default(), listed, "{attention:?}");
        if !listed.is_empty() {
            told.push((attention, listed));
        }
    }
    told
}

async fn expire(owner: &Person, key: &KeyView, days: i64) {
    let form = json!({ "params": { "id": key.id, "version": key.version, "name": key.name, "role": key.role.id,
        "environment": key.environment, "expires_at": NOW.plus_days(days) } });
    owner.caller.call("key_update", form).await.ok::<KeyView>();
}

both_databases! {
    async fn a_new_key_needs_no_attention_and_an_old_one_is_due_by_its_environment(app) {
        let owner = app.owner().await;
        made(app, &owner, "Live", "production").await;
        app.clock.set(NOW.plus_seconds(1));
        made(app, &owner, "Desk", "development").await;
        assert_eq!(attention(app, &owner, 89).await, []);
        assert_eq!(attention(app, &owner, 90).await, [(Attention::Due, names(&["Live"]))]);
        assert_eq!(attention(app, &owner, 91).await,
            [(Attention::Unused, names(&["Desk", "Live"])), (Attention::Due, names(&["Live"]))]);
        assert_eq!(attention(app, &owner, 181).await,
            [(Attention::Unused, names(&["Desk", "Live"])), (Attention::Due, names(&["Desk", "Live"]))]);
    }

    async fn a_key_is_due_after_the_days_that_its_organization_says(app) {
        let owner = app.owner().await;
        let (live, desk) = (made(app, &owner, "Live", "production").await, made(app, &owner, "Desk", "development").await);
        owner.due_after(30, 60).await;
        assert_eq!(attention(app, &owner, 29).await, []);
        assert_eq!(attention(app, &owner, 30).await, [(Attention::Due, names(&["Live"]))]);
        assert_eq!(attention(app, &owner, 59).await, [(Attention::Due, names(&["Live"]))]);
        let both = names(&["Desk", "Live"]);
        assert_eq!(attention(app, &owner, 60).await.into_iter().map(|(_, mut keys)| { keys.sort(); keys }).collect::<Vec<_>>(), [both]);
        let owner = Person::sign_in(app.address, &owner.email).await;
        let due = async |key: &KeyCaller| owner.key_get(key.view.id).await.rotation_due_at;
        assert_eq!([due(&live).await, due(&desk).await], [30, 60].map(|days| Some(NOW.plus_days(days))));
    }

    async fn a_key_that_is_used_is_not_unused(app) {
        let owner = app.owner().await;
        let key = made(app, &owner, "Desk", "development").await;
        app.clock.set(NOW.plus_days(60));
        key.caller.get("/v1/verify").await.data();
        app.backend.flush_usage().await.expect("written");
        assert_eq!(attention(app, &owner, 149).await, []);
        assert_eq!(attention(app, &owner, 151).await, [(Attention::Unused, vec!["Desk".to_owned()])]);
    }

    async fn a_key_is_expiring_for_two_weeks_and_then_it_has_expired(app) {
        let owner = app.owner().await;
        let key = made(app, &owner, "Fair", "development").await;
        expire(&owner, &key.view, 30).await;
        let expiring = [(Attention::Expiring, vec!["Fair".to_owned()])];
        assert_eq!(attention(app, &owner, 15).await, []);
        assert_eq!(attention(app, &owner, 16).await, expiring);
        assert_eq!(attention(app, &owner, 29).await, expiring);
        assert_eq!(attention(app, &owner, 30).await, []);
    }

    async fn refusals_rise_when_there_are_many_more_than_on_the_days_before(app) {
        let owner = app.owner().await;
        let (noisy, quiet) = (made(app, &owner, "Noisy", "staging").await, made(app, &owner, "Quiet", "staging").await);
        let refuse = async |key: &KeyCaller, times: usize| {
            for _ in 0..times {
                key.caller.get("/v1/verify?permission=api.key.create").await.refusal();
            }
            app.backend.flush_usage().await.expect("written");
        };
        // Six a day, for a week.
        for day in 0..7 {
            app.clock.set(NOW.plus_days(day));
            refuse(&noisy, 6).await;
        }
        refuse(&quiet, 9).await;
        assert_eq!(attention(app, &owner, 6).await, []);
        app.clock.set(NOW.plus_days(7));
        refuse(&noisy, 12).await;
        assert_eq!(attention(app, &owner, 7).await, [], "twice as many are not more than that");
        refuse(&noisy, 1).await;
        assert_eq!(attention(app, &owner, 7).await, [(Attention::Rising, vec!["Noisy".to_owned()])]);
        // A week later, only what was refused then counts.
        assert_eq!(attention(app, &owner, 9).await, []);
    }

    async fn paused_and_revoked_keys_need_none(app) {
        let owner = app.owner().await;
        let (paused, revoked) = (made(app, &owner, "Paused", "production").await, made(app, &owner, "Revoked", "production").await);
        owner.caller.call("key_pause", json!({ "id": paused.view.id })).await.ok::<Value>();
        owner.revoke(revoked.view.id).await;
        assert_eq!(attention(app, &owner, 200).await, []);
    }

    async fn a_program_lists_them_by_the_same_word_a_part_at_a_time(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        for (second, name) in (1..).zip(["One", "Two", "Three"]) {
            app.clock.set(NOW.plus_seconds(second));
            made(app, &owner, name, "production").await;
        }
        app.clock.set(NOW.plus_days(91));
        let mut names = Vec::new();
        let mut next = "/v1/keys?attention=due&limit=2".to_owned();
        loop {
            let page = admin.caller.get(&next).await.data();
            names.extend(page["items"].as_array().expect("items").iter().map(|key| key["name"].clone()));
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("/v1/keys?attention=due&limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(names, ["Three", "Two", "One", "Production Server"]);
    }

    async fn filters_narrow_each_other(app) {
        let owner = app.owner().await;
        made(app, &owner, "Live", "production").await;
        app.clock.set(NOW.plus_days(100));
        let owner = Person::sign_in(app.address, &owner.email).await;
        for (status, rows) in [(StatusFilter::Active, 1), (StatusFilter::Paused, 0)] {
            let params = KeyListParams { attention: Some(Attention::Due), status, ..KeyListParams::default() };
            assert_eq!(owner.keys(params).await.page.rows.len(), rows, "{status:?}");
        }
    }
}
