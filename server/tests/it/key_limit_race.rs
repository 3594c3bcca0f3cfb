//! The plan's limit of active keys, also when many ask at once.

use shared::{
    AppError, KeyId,
    key::{KeyCreated, KeyListParams},
    role::SystemRole,
};

use crate::harness::{Setup, both_databases};
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
        let mut answers = Vec::new();
        together(50, async |_| owner.caller.call("key_create", params.clone()).await, &mut answers).await;
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

/// Starts `count` of them, so that all are under way together, and gathers what they answer.
async fn together<T>(count: usize, start: impl AsyncFn(usize) -> T, into: &mut Vec<T>) {
    use std::{future::poll_fn, pin::Pin, task::Poll};
    let mut running: Vec<Pin<Box<dyn Future<Output = T> + '_>>> =
        (0..count).map(|n| Box::pin(start(n)) as Pin<Box<dyn Future<Output = T> + '_>>).collect();
    poll_fn(|cx| {
        running.retain_mut(|future| match future.as_mut().poll(cx) {
            Poll::Ready(answer) => {
                into.push(answer);
                false
            }
            Poll::Pending => true,
        });
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
