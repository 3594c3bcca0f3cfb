//! A key's own page: everything about it in one answer, as far as whoever asks may see it.

use serde_json::{Value, json};
use shared::{
    Permission,
    alert::AlertKind,
    key::{KeyAct, KeyPage},
    role::SystemRole,
    usage::{Answers, Window},
};

use crate::harness::{NOW, Person, TestApp, both_databases};

/// What somebody sees who holds just these permissions.
async fn seen_with(app: &TestApp, owner: &Person, permissions: &[&str], page: &KeyPage) -> KeyPage {
    let role = owner.role_with(&permissions.join(" and "), permissions).await;
    app.member_with(owner, role.id).await.key_page(page.detail.key.id).await
}

both_databases! {
    async fn all_of_it_comes_in_one_answer(app) {
        let owner = app.owner().await;
        let (key, other) = (owner.key(SystemRole::ApiClient).await, owner.key(SystemRole::ApiClient).await);
        key.caller.get("/v1/verify").await.data();
        key.caller.get("/v1/verify?permission=orders.read").await.refusal();
        other.caller.get("/v1/verify").await.data();
        for muted in [&key, &other] {
            let mute = json!({ "key": muted.view.id, "kind": AlertKind::Unused, "days": null });
            owner.caller.call("alert_mute", mute).await.ok::<Value>();
        }
        owner.bind_to(key.view.id, "203.0.113.0/24").await;
        app.backend.flush_usage().await.expect("written");

        let page = owner.key_page(key.view.id).await;
        assert_eq!((page.detail.key.id, page.networks.networks.len()), (key.view.id, 1));
        let traffic = page.traffic.expect("they may see it");
        assert_eq!((traffic.usage.window, traffic.usage.total()), (Window::Month, Answers { allowed: 1, refused: 1 }));
        assert_eq!(traffic.refusals.len(), 1);
        let [mute] = &traffic.mutes[..] else { panic!("of this key alone: {:?}", traffic.mutes) };
        assert_eq!(mute.key.id, key.view.id);
        let acts = page.acts.expect("they may see it");
        let sentences = acts.iter().map(|KeyAct { sentence, by, refused, .. }| (sentence.as_str(), by, *refused));
        assert_eq!(acts.len(), 3, "made, muted and bound: {:?}", sentences.collect::<Vec<_>>());
        assert!(acts.iter().all(|act| act.by == owner.email && !act.refused), "{acts:?}");
    }

    async fn the_last_use_is_told_with_what_it_came_from(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        assert_eq!(owner.key_page(key.view.id).await.detail.user_agent, None);
        for agent in ["curl/8.5.0", "billing-service/2.1"] {
            key.caller.clone().with("user-agent", agent).get("/v1/verify").await.data();
            app.backend.flush_usage().await.expect("written");
            let detail = owner.key_page(key.view.id).await.detail;
            assert_eq!(detail.user_agent.as_deref(), Some(agent));
            assert_eq!(detail.key.last_used.map(|used| used.address).as_deref(), Some("127.0.0.1"));
            app.clock.set(NOW.plus_seconds(1));
        }
    }

    async fn what_somebody_may_not_see_is_left_out(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let whole = owner.key_page(key.view.id).await;
        let (view, usage, audit) = (Permission::KeyView.name(), Permission::UsageView.name(), Permission::AuditView.name());
        for (held, traffic, acts) in
            [(&[view][..], false, false), (&[view, usage], true, false), (&[view, audit], false, true)]
        {
            let seen = seen_with(app, &owner, held, &whole).await;
            assert_eq!((seen.traffic.is_some(), seen.acts.is_some()), (traffic, acts), "{held:?}");
            assert_eq!(seen.detail.key, whole.detail.key);
        }
    }
}
