//! How long a session lasts, and what its cookie is.

use serde_json::json;
use shared::{AppError, account::Viewer, key::KeyListParams};

use crate::harness::{Caller, NOW, Setup, both_databases, cookie};
use server::state::HttpPolicy;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn https() -> Setup {
    Setup { policy: HttpPolicy { https: true, ..HttpPolicy::default() }, ..Setup::default() }
}

async fn is_signed_in(caller: &Caller) -> bool {
    caller.form("session", &[]).await.ok::<Option<Viewer>>().is_some()
}

both_databases! {
    async fn a_session_ends_after_a_day_without_a_request(app) {
        let owner = app.owner().await;
        app.clock.set(NOW.plus_seconds(DAY));
        assert!(!is_signed_in(&owner.caller).await);
    }

    async fn every_request_prolongs_it(app) {
        let owner = app.owner().await;
        for half_day in 1..=4 {
            app.clock.set(NOW.plus_seconds(half_day * DAY / 2));
            assert!(is_signed_in(&owner.caller).await, "after {half_day} half days");
        }
    }

    async fn it_ends_after_two_weeks_whatever_happens(app) {
        let owner = app.owner().await;
        for half_day in 1..28 {
            app.clock.set(NOW.plus_seconds(half_day * DAY / 2));
            assert!(is_signed_in(&owner.caller).await, "after {half_day} half days");
        }
        app.clock.set(NOW.plus_seconds(14 * DAY));
        assert!(!is_signed_in(&owner.caller).await);
    }

    async fn an_ended_session_may_do_nothing_and_is_told_so(app) {
        let owner = app.owner().await;
        app.clock.set(NOW.plus_seconds(DAY));
        let answer = owner.caller.call("key_list", json!({ "params": KeyListParams::default() })).await;
        assert_eq!(answer.error(), AppError::SignedOut);
    }

    async fn a_made_up_or_broken_cookie_is_no_session(app) {
        app.owner().await;
        for cookie in ["ipaware_session=", "ipaware_session=x", &format!("ipaware_session={}", "A".repeat(43)), "; ;=;"] {
            assert!(!is_signed_in(&app.visitor().with("cookie", cookie)).await, "{cookie}");
        }
    }

    async fn behind_https_the_cookie_is_secure_and_bound_to_the_host(app = https()) {
        let fields = [("email", "ada@example.com"), ("password", crate::harness::PASSWORD), ("organization_name", "Acme")];
        let answer = app.visitor().form("sign_up", &fields).await;
        let set = answer.header("set-cookie");
        assert!(set.starts_with("__Host-ipaware_session=") && set.contains("; Secure"), "{set}");
        assert!(is_signed_in(&app.visitor().with("cookie", cookie(&answer))).await);
        let without_prefix = cookie(&answer).replace("__Host-", "");
        assert!(!is_signed_in(&app.visitor().with("cookie", without_prefix)).await);
    }
}
