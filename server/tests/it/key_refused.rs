//! "Why is it refused?": the last refusals of a key, and what would happen to another request.

use serde_json::json;
use shared::{
    AppError, KeyId,
    explain::{Explanation, RefusalView, Rule, RuleVerdict},
    key::KeyView,
    role::SystemRole,
    verify::Refusal,
};

use crate::harness::{NOW, Person, Setup, both_databases, refused};

async fn explain(owner: &Person, id: KeyId, permissions: &str, address: &str) -> Explanation {
    let params = json!({ "permissions": permissions, "address": address });
    owner.caller.call("key_explain", json!({ "id": id, "params": params })).await.ok()
}

async fn refusals(owner: &Person, id: KeyId) -> Vec<RefusalView> {
    owner.key_page(id).await.traffic.expect("they may see it").refusals
}

/// The rule that refuses, and how many are behind it.
fn where_it_ends(explanation: &Explanation) -> Option<(Rule, usize)> {
    let at = explanation.steps.iter().position(|step| step.verdict == RuleVerdict::Failed)?;
    let behind = &explanation.steps[at + 1..];
    assert!(explanation.steps[..at].iter().all(|step| step.verdict == RuleVerdict::Passed), "{explanation:?}");
    assert!(behind.iter().all(|step| step.verdict == RuleVerdict::NotReached), "{explanation:?}");
    Some((explanation.steps[at].rule, behind.len()))
}

both_databases! {
    async fn the_last_refusals_are_told_with_what_is_known_of_them(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let agent = key.caller.clone().with("user-agent", "shop/1.2");
        let answer = agent.get("/v1/verify?permission=orders.read&permission=ip.lookup").await;
        app.clock.set(NOW.plus_seconds(1));
        owner.caller.call("key_pause", json!({ "id": key.view.id })).await.ok::<serde_json::Value>();
        key.caller.get("/v1/verify").await.refusal();
        app.backend.flush_usage().await.expect("written");
        let told = refusals(&owner, key.view.id).await;
        assert_eq!(told.iter().map(|one| (one.reason, one.at)).collect::<Vec<_>>(),
            [(Refusal::Paused, NOW.plus_seconds(1)), (Refusal::PermissionMissing, NOW)]);
        let missing = &told[1];
        assert_eq!(missing.permissions.as_deref(), Some("orders.read ip.lookup"));
        assert_eq!((missing.address.as_deref(), missing.user_agent.as_deref()), (Some("127.0.0.1"), Some("shop/1.2")));
        assert_eq!(missing.request_id, answer.header("x-request-id"), "the id that the client was told");
    }

    async fn a_program_reads_them_a_part_at_a_time(app) {
        let owner = app.owner().await;
        let (admin, key) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
        for second in 0..5 {
            app.clock.set(NOW.plus_seconds(second / 2));
            key.caller.get("/v1/verify?permission=api.key.create").await.refusal();
        }
        app.backend.flush_usage().await.expect("written");
        let path = format!("/v1/keys/{}/refusals?limit=2", key.view.id);
        let (mut ids, mut next) = (Vec::new(), path.clone());
        loop {
            let page = admin.caller.get(&next).await.data();
            let items = page["items"].as_array().expect("items").clone();
            ids.extend(items.iter().map(|item| item["request_id"].as_str().expect("an id").to_owned()));
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(ids.len(), 5);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 5, "none is told twice");
    }

    async fn what_is_explained_is_what_a_verification_answers(app) {
        let (owner, key) = app.shop().await;
        let id = key.view.id;
        for (permissions, query) in [
            ("", ""), ("orders.read", "permission=orders.read"), ("ip.lookup", "permission=ip.lookup"),
            ("orders.read, orders.write", "permission=orders.read&permission=orders.write"),
        ] {
            let explained = explain(&owner, id, permissions, "127.0.0.1").await;
            let answer = key.caller.get(&format!("/v1/verify?{query}")).await;
            match explained.refusal {
                None => assert_eq!(answer.status, 200, "{permissions}"),
                Some(refusal) => {
                    assert_eq!(answer.refusal(), refused(refusal.status(), refusal.reason()), "{permissions}");
                    assert_eq!(where_it_ends(&explained), Some((Rule::Permission, 2)));
                }
            }
        }
        owner.bind_to(id, "198.51.100.0/24").await;
        for (address, expected) in [("127.0.0.1", Some((Rule::KeyNetworks, 4))), ("", Some((Rule::KeyNetworks, 4))), ("198.51.100.9", None)] {
            assert_eq!(where_it_ends(&explain(&owner, id, "orders.read", address).await), expected, "{address}");
        }
        assert_eq!(key.caller.get("/v1/verify").await.refusal(), refused(403, "ip_not_allowed"));
        owner.caller.call("key_pause", json!({ "id": id })).await.ok::<serde_json::Value>();
        let paused = explain(&owner, id, "", "198.51.100.9").await;
        assert_eq!((paused.refusal, where_it_ends(&paused)), (Some(Refusal::Paused), Some((Rule::Status, 6))));
    }

    async fn a_used_up_month_is_the_last_thing_that_refuses(app = Setup::free()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.use_up(app);
        let explained = explain(&owner, key.view.id, "ip.lookup", "").await;
        assert_eq!((explained.refusal, where_it_ends(&explained)),
            (Some(Refusal::LimitExceeded), Some((Rule::MonthlyRequests, 0))));
    }

    async fn asking_for_an_explanation_counts_nothing(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        for permissions in ["ip.lookup", "api.key.create"] {
            explain(&owner, key.view.id, permissions, "203.0.113.9").await;
        }
        app.backend.flush_usage().await.expect("written");
        assert_eq!(refusals(&owner, key.view.id).await, []);
        assert_eq!(owner.key_get(key.view.id).await.last_used, None);
        assert!(app.database.texts("SELECT outcome AS text FROM key_usage").await.is_empty());
    }

    async fn what_can_be_no_question_is_told_field_by_field(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let params = json!({ "permissions": "a".repeat(1_001), "address": "203.0.113.0/24" });
        let error = owner.caller.call("key_explain", json!({ "id": key.view.id, "params": params })).await.error();
        let AppError::Invalid { fields } = error else { panic!("{error:?}") };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["permissions", "address"]);
        let admin = owner.key(SystemRole::Admin).await;
        let path = format!("/v1/keys/{}/explain", key.view.id);
        assert_eq!(admin.caller.get(&format!("{path}?ip=here")).await.refusal(), refused(400, "invalid_parameter"));
        let told = admin.caller.get(&format!("{path}?permission=orders.read%20ip.lookup&ip=203.0.113.9")).await.data();
        assert_eq!((&told["allowed"], &told["reason"]), (&json!(false), &json!("permission_missing")));
        assert_eq!(told["rules"][5]["why"], "The role API Client lacks orders.read.");
    }

    async fn a_key_of_another_organization_is_not_explained(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let key: KeyView = owner.key(SystemRole::ApiClient).await.view;
        let call = json!({ "id": key.id, "params": { "permissions": "", "address": "" } });
        assert_eq!(stranger.caller.call("key_explain", call).await.error(), AppError::not_found("API key"));
    }
}
