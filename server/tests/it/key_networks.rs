//! A key's own list of addresses.

use serde_json::{Value, json};
use shared::{
    AppError, KeyId,
    key::KeyStatus,
    role::SystemRole,
    whitelist::{KeyNetworks, WhitelistMode},
};

use crate::harness::{Answer, Person, Setup, both_databases, refused};

async fn get(owner: &Person, id: KeyId) -> KeyNetworks {
    owner.key_page(id).await.networks
}

async fn update(owner: &Person, before: &KeyNetworks, networks: &[&str]) -> Answer {
    owner.caller.call("key_networks_update", json!({ "params": { "before": before, "networks": networks } })).await
}

both_databases! {
    async fn a_key_is_refused_from_elsewhere_from_the_very_next_request_on(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let from = async |address: &str| {
            key.caller.clone().with("x-forwarded-for", address).get("/v1/ip/8.8.8.8").await.status
        };
        let none = get(&owner, key.view.id).await;
        assert_eq!((none.networks.len(), from("192.0.2.1").await), (0, 200));
        let list: KeyNetworks = update(&owner, &none, &["203.0.113.9/24", "2001:db8::1"]).await.ok();
        assert_eq!((from("203.0.113.77").await, from("2001:db8::1").await, from("192.0.2.1").await), (200, 200, 403));
        assert_eq!(get(&owner, key.view.id).await, list);
        update(&owner, &list, &[]).await.ok::<KeyNetworks>();
        assert_eq!(from("192.0.2.1").await, 200);
    }

    async fn both_lists_have_to_allow_it(app = Setup::behind_a_proxy()) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let from = async |address: &str| {
            key.caller.clone().with("x-forwarded-for", address).get("/v1/ip/8.8.8.8").await.status
        };
        owner.bind_to(key.view.id, "203.0.113.0/24").await;
        owner.whitelist("203.0.113.128/25", "").await;
        owner.whitelist("192.0.2.0/24", "").await;
        owner.whitelist_mode(WhitelistMode::On).await.ok::<Value>();
        assert_eq!((from("203.0.113.200").await, from("203.0.113.7").await, from("192.0.2.7").await), (200, 403, 403));
    }

    async fn what_is_wrong_names_its_line_and_changes_nothing(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let none = get(&owner, key.view.id).await;
        let error = update(&owner, &none, &["10.0.0.1", "10.0.0.1/40"]).await.error();
        assert!(error.on_field("networks").is_some_and(|why| why.starts_with("Line 2: ")), "{error:?}");
        let many: Vec<_> = (0..101).map(|n| format!("10.0.0.{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(update(&owner, &none, &many).await.error().on_field("networks").is_some());
        let first: KeyNetworks = update(&owner, &none, &["10.0.0.1", "10.0.0.1/32"]).await.ok();
        assert_eq!(first.networks.len(), 1);
        assert_eq!(update(&owner, &none, &["10.0.0.2"]).await.error(), AppError::stale("list"));
        assert_eq!(get(&owner, key.view.id).await, first);
        owner.revoke(key.view.id).await;
        assert_eq!(update(&owner, &first, &[]).await.error(), AppError::WrongState { status: KeyStatus::Revoked });
    }

    async fn nobody_shapes_a_key_that_may_do_more(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::Admin).await;
        let role = owner.role_with("Key editor", &["api.key.view", "api.key.update"]).await;
        let editor = app.member_with(&owner, role.id).await;
        let list = get(&editor, key.view.id).await;
        assert!(matches!(update(&editor, &list, &["10.0.0.1"]).await.error(), AppError::AboveCeiling { .. }));
        assert_eq!(get(&owner, key.view.id).await, list);
    }

    async fn programs_read_and_replace_it(app) {
        let owner = app.owner().await;
        let (admin, key) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
        let path = format!("/v1/keys/{}/networks", key.view.id);
        let read = admin.caller.get(&path).await;
        assert_eq!(read.data(), json!({ "key_id": key.view.id, "networks": [] }));
        let body = json!({ "networks": ["2001:DB8::/32", "203.0.113.9/24"] });
        let bare = admin.caller.request("PUT", &path, Some("application/json"), body.to_string()).await;
        assert_eq!(bare.refusal(), refused(428, "precondition_required"));
        let seen = admin.caller.clone().with("if-match", read.header("etag"));
        let replaced = seen.put(&path, &body).await;
        assert_eq!(replaced.data()["networks"], json!(["203.0.113.0/24", "2001:db8::/32"]));
        assert_eq!(seen.put(&path, &body).await.refusal(), refused(412, "precondition_failed"));
        assert_eq!(admin.caller.get(&path).await.header("etag"), replaced.header("etag"));
        assert_eq!(key.caller.get("/v1/ip/8.8.8.8").await.refusal(), refused(403, "ip_not_allowed"));
        for bad in [json!(["x"]), json!([" 10.0.0.1"]), json!(["010.0.0.1"])] {
            let answer = admin.caller.put(&path, &json!({ "networks": bad })).await;
            assert_eq!(answer.refusal(), refused(422, "invalid_field"), "{bad}");
        }
    }
}
