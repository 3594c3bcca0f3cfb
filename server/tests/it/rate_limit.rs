//! How often a key may call what manages something.

use std::num::NonZeroU32;

use server::state::HttpPolicy;
use shared::role::SystemRole;

use crate::harness::{Setup, both_databases, refused};

fn four_a_minute() -> Setup {
    let policy = HttpPolicy { management_per_minute: NonZeroU32::new(4), ..HttpPolicy::default() };
    Setup { policy, ..Setup::default() }
}

both_databases! {
    async fn a_key_is_told_what_it_has_left_and_then_to_come_back_later(app = four_a_minute()) {
        let owner = app.owner().await;
        let (key, other) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
        for left in [3, 2, 1, 0] {
            let answer = key.caller.get("/v1/roles").await;
            assert_eq!((answer.status, answer.header("ratelimit-policy")), (200, "\"management\";q=4;w=60"));
            assert!(answer.header("ratelimit").starts_with(&format!("\"management\";r={left};t=")), "{answer:?}");
        }
        let refusal = key.caller.get("/v1/roles").await;
        assert_eq!(refusal.refusal(), refused(429, "rate_limited"));
        let after: u32 = refusal.header("retry-after").parse().expect("seconds");
        assert!((1..=15).contains(&after) && refusal.header("ratelimit").starts_with("\"management\";r=0;t="), "{refusal:?}");
        // Neither another key nor verification is held up by it. A refusal for another reason counts, too.
        let answer = other.caller.get("/v1/roles").await;
        assert_eq!(answer.refusal(), refused(403, "permission_missing"));
        assert!(answer.header("ratelimit").contains(";r=3;"), "{answer:?}");
        for path in ["/v1/me", "/v1/verify", "/v1/ip/8.8.8.8", "/v1/health"] {
            let answer = key.caller.get(path).await;
            assert_eq!((answer.status, answer.header("ratelimit")), (200, ""), "{path}");
        }
    }
}
