//! A secret is in the one answer that shows it, and nowhere else.

use std::fs;

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
        ];
        for answer in answers {
            let all = format!("{answer:?}");
            for hidden in [secret, random, PASSWORD, &session] {
                assert!(!all.contains(hidden), "{all}");
            }
        }

        app.backend.flush_usage().await.expect("written");
        let mut kept: Vec<(String, Vec<u8>)> = vec![("the rows".to_owned(), app.database.dump().await.into_bytes())];
        let mut folders = vec![app.database.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    kept.push((path.display().to_string(), fs::read(&path).expect("its bytes")));
                }
            }
        }
        assert!(kept.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 4_000, "something was kept");
        for (place, bytes) in kept {
            for hidden in [secret, random, PASSWORD, &session] {
                assert!(!bytes.windows(hidden.len()).any(|window| window == hidden.as_bytes()), "{place}");
            }
        }
    }
}
