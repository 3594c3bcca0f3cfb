//! The plan's limit of active keys, also when many ask at once.

use shared::{
    AppError, KeyId,
    key::{KeyCreated, KeyListParams},
    role::SystemRole,
};

use crate::harness::{Setup, both_databases, together};
use serde_json::json;

/// What the built-in plan Free allows.
const FREE: u64 = 5;

fn free() -> Setup {
    Setup { plan: "Free", ..Setup::default() }
}

both_databases! {
    async fn of_50_simultaneous_creations_with_one_place_left_exactly_one_succeeds(app = free()) {
        let owner = app.owner().await;
        for number in 1..FREE {
            owner.create(&format!("Key {number}"), SystemRole::ApiClient).await;
        }
        let params = owner.create_params("The last one", SystemRole::ApiClient).await;
        let answers = together(50, async |_| owner.caller.call("key_create", params.clone()).await).await;
        let (created, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((created.len(), refused.len()), (1, 49));
        for answer in refused {
            let AppError::KeyLimitReached { allowance } = answer.error() else { panic!("{answer:?}") };
            assert_eq!((allowance.used, allowance.limit), (FREE, Some(FREE)));
        }
        assert_eq!(owner.keys(KeyListParams::default()).await.page.total, FREE);
    }

    async fn a_revoked_key_makes_room_and_a_paused_one_does_not(app = free()) {
        let owner = app.owner().await;
        let mut keys: Vec<KeyId> = Vec::new();
        for number in 0..FREE {
            keys.push(owner.create(&format!("Key {number}"), SystemRole::ApiClient).await.key.id);
        }
        let params = owner.create_params("One more", SystemRole::ApiClient).await;
        owner.caller.call("key_pause", json!({ "id": keys[0] })).await.ok::<serde_json::Value>();
        assert_eq!(owner.caller.call("key_create", params.clone()).await.status, 409);
        owner.caller.call("key_revoke", json!({ "id": keys[0], "reason": "" })).await.ok::<serde_json::Value>();
        owner.caller.call("key_create", params).await.ok::<KeyCreated>();
        assert!(owner.keys(KeyListParams::default()).await.allowance.is_reached());
    }
}
