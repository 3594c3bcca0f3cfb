//! A secret is in the one answer that shows it, and nowhere else.

use serde_json::json;
use shared::{
    key::{KeyListParams, StatusFilter},
    role::SystemRole,
};

use crate::harness::{PASSWORD, both_databases};

both_databases! {
    async fn no_file_row_or_later_answer_holds_a_secret_a_password_or_a_session(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::Admin).await;
        let (secret, random) = (key.secret.as_str(), &key.secret[13..56]);
        let member = app.member_of(&owner, SystemRole::Member).await;
        let session = owner.caller.header("cookie").split_once('=').expect("a cookie").1.to_owned();

        let all = KeyListParams { status: StatusFilter::All, ..KeyListParams::default() };
        let answers = [
            key.caller.get("/v1/me").await,
            key.caller.get("/v1/verify").await,
            key.caller.post_json("/v1/verify", &json!({ "secret": secret })).await,
            app.visitor().bearer(&format!("{secret}x")).get("/v1/verify").await,
            app.visitor().get(&format!("/v1/verify?key={secret}")).await,
            owner.caller.call("key_get", json!({ "id": key.view.id })).await,
            owner.caller.call("key_list", json!({ "params": all })).await,
            owner.caller.call("key_pause", json!({ "id": key.view.id })).await,
            owner.caller.call("key_resume", json!({ "id": key.view.id })).await,
            owner.caller.call("key_revoke", json!({ "id": key.view.id, "reason": "" })).await,
            owner.caller.get("/keys?status=all").await,
            // A secret in the wrong place, by somebody who may do nothing with it.
            member.caller.call("key_revoke", json!({ "id": secret, "reason": PASSWORD })).await,
            member.caller.call("permission_delete", json!({ "name": secret })).await,
            app.visitor().form("sign_in", &[("email", owner.email.as_str()), ("password", secret)]).await,
        ];
        app.backend.flush_attempts().await.expect("written");
        let answers = answers.into_iter().chain([
            owner.caller.get("/audit").await,
            owner.caller.get("/download/audit.csv").await,
            owner.caller.get("/download/audit.jsonl").await,
        ]);
        for answer in answers {
            let all = format!("{answer:?}");
            for hidden in [secret, random, PASSWORD, &session] {
                assert!(!all.contains(hidden), "{all}");
            }
        }

        app.backend.flush_usage().await.expect("written");
        let kept = app.database.everything().await;
        assert!(kept.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 4_000, "something was kept");
        for (place, bytes) in kept {
            for hidden in [secret, random, PASSWORD, &session] {
                assert!(!bytes.windows(hidden.len()).any(|window| window == hidden.as_bytes()), "{place}");
            }
        }
    }
}
