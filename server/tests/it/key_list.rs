//! The table of keys.

use serde_json::json;
use shared::{
    AppError,
    key::{KeyListParams, KeySort, StatusFilter},
    role::SystemRole,
};

use crate::harness::{NOW, Person, both_databases};

async fn names(owner: &Person, params: KeyListParams) -> Vec<String> {
    owner.keys(params).await.page.rows.into_iter().map(|key| key.name).collect()
}

both_databases! {
    async fn an_organization_without_keys_is_told_apart_from_a_search_without_a_match(app) {
        let owner = app.owner().await;
        assert!(!owner.keys(KeyListParams::default()).await.any);
        owner.create("Alpha", SystemRole::ApiClient).await;
        let list = owner.keys(KeyListParams { search: "omega".to_owned(), ..KeyListParams::default() }).await;
        assert_eq!((list.any, list.page.total), (true, 0));
    }

    async fn keys_are_found_by_name_id_and_the_end_of_their_secret(app) {
        let owner = app.owner().await;
        let alpha = owner.create("Alpha Backend", SystemRole::ApiClient).await.key;
        owner.create("Beta", SystemRole::ApiClient).await;
        for search in ["alpha", "BACK", &alpha.id.to_string(), &alpha.secret_last4] {
            let params = KeyListParams { search: search.to_owned(), ..KeyListParams::default() };
            assert!(names(&owner, params).await.contains(&alpha.name), "{search}");
        }
    }

    async fn characters_that_a_database_reads_as_wildcards_are_searched_for_literally(app) {
        let owner = app.owner().await;
        for name in ["100% sure", "snake_case", "back\\slash", "plain"] {
            owner.create(name, SystemRole::ApiClient).await;
        }
        for (search, found) in [("%", "100% sure"), ("e_c", "snake_case"), ("\\", "back\\slash")] {
            let params = KeyListParams { search: search.to_owned(), ..KeyListParams::default() };
            assert_eq!(names(&owner, params).await, [found], "{search}");
        }
    }

    async fn a_search_that_no_database_could_take_is_cut_and_cleaned(app) {
        let owner = app.owner().await;
        owner.create("Alpha", SystemRole::ApiClient).await;
        for (search, found) in [("%".repeat(60_000), 0), ("\0Al\u{7}pha\0".to_owned(), 1), ("x".repeat(60_000), 0)] {
            let params = KeyListParams { search, ..KeyListParams::default() };
            assert_eq!(names(&owner, params).await.len(), found);
        }
    }

    async fn filters_by_state_show_only_keys_in_that_state(app) {
        let owner = app.owner().await;
        owner.create("active", SystemRole::ApiClient).await;
        let paused = owner.create("paused", SystemRole::ApiClient).await.key.id;
        let revoked = owner.create("revoked", SystemRole::ApiClient).await.key.id;
        let mut params = owner.create_params("expired", SystemRole::ApiClient).await;
        params["params"]["expires_at"] = json!(NOW.plus_seconds(10));
        owner.caller.call("key_create", params).await.ok::<serde_json::Value>();
        owner.caller.call("key_pause", json!({ "id": paused })).await.ok::<serde_json::Value>();
        owner.caller.call("key_revoke", json!({ "id": revoked, "reason": "" })).await.ok::<serde_json::Value>();
        app.clock.set(NOW.plus_seconds(10));
        let by_name = |status| KeyListParams { status, sort: KeySort::Name, ascending: true, ..KeyListParams::default() };
        for (status, expected) in [
            (StatusFilter::Current, vec!["active", "expired", "paused"]),
            (StatusFilter::Active, vec!["active"]),
            (StatusFilter::Paused, vec!["paused"]),
            (StatusFilter::Expired, vec!["expired"]),
            (StatusFilter::Revoked, vec!["revoked"]),
            (StatusFilter::All, vec!["active", "expired", "paused", "revoked"]),
        ] {
            assert_eq!(names(&owner, by_name(status)).await, expected, "{status:?}");
        }
    }

    async fn the_newest_key_comes_first_and_names_are_sorted_without_regard_to_case(app) {
        let owner = app.owner().await;
        for (second, name) in ["banana", "Apple", "cherry"].into_iter().enumerate() {
            app.clock.set(NOW.plus_seconds(i64::try_from(second).expect("small")));
            owner.create(name, SystemRole::ApiClient).await;
        }
        assert_eq!(names(&owner, KeyListParams::default()).await, ["cherry", "Apple", "banana"]);
        let by_name = KeyListParams { sort: KeySort::Name, ascending: true, ..KeyListParams::default() };
        assert_eq!(names(&owner, by_name).await, ["Apple", "banana", "cherry"]);
    }

    async fn a_page_beyond_the_last_one_is_the_last_one(app) {
        let owner = app.owner().await;
        for number in 0..26 {
            owner.create(&format!("Key {number}"), SystemRole::ApiClient).await;
        }
        let page = owner.keys(KeyListParams { page: 99, ..KeyListParams::default() }).await.page;
        assert_eq!((page.number, page.rows.len(), page.total), (2, 1, 26));
    }

    async fn when_and_from_where_a_key_was_last_used_is_shown(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/me").await.data();
        app.backend.flush_usage().await.expect("written");
        let used = owner.key_get(key.view.id).await.last_used.expect("it was used");
        assert_eq!((used.at, used.address.as_str()), (NOW, "127.0.0.1"));
    }

    async fn nobody_sees_the_keys_of_another_organization(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key = owner.create("Ours", SystemRole::ApiClient).await.key;
        let theirs = stranger.keys(KeyListParams { status: StatusFilter::All, ..KeyListParams::default() }).await;
        assert_eq!((theirs.page.total, theirs.any), (0, false));
        assert_eq!(
            stranger.caller.call("key_get", json!({ "id": key.id })).await.error(),
            AppError::not_found("API key")
        );
    }

    async fn roles_above_the_callers_own_are_locked_with_a_reason(app) {
        let owner = app.owner().await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let all = ["API Client", "Organization Admin", "Organization Member"];
        for (person, expected) in [(&owner, &all[..]), (&member, &["Organization Member"])] {
            let roles = person.keys(KeyListParams::default()).await.roles;
            let mut free: Vec<_> = roles.iter().filter(|role| role.locked.is_none()).map(|role| role.name.as_str()).collect();
            free.sort_unstable();
            assert_eq!(free, expected);
        }
    }
}
