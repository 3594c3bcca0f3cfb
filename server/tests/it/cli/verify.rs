//! `ipaware verify`.

use serde_json::{Value, json};
use shared::role::SystemRole;

use super::Shell;
use crate::harness::both_databases;

both_databases! {
    async fn the_exit_status_is_the_answer(app) {
        let owner = app.owner().await;
        let (service, client) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
        let shell = Shell::of(app, &service);
        let asked = ["verify", "--permission", "ip.lookup", "--ip", "203.0.113.9"];
        let id = client.view.id.to_string();
        let said = shell.run_with(&asked, &format!("{}\n", client.secret)).await.good();
        assert_eq!(said, format!("allowed\nkey: {id}, role: API Client\n"));

        let more = shell.run_with(&[&asked[..], &["--permission", "usage.view"]].concat(), &client.secret).await;
        assert_eq!((more.status, more.err.as_str()), (1, ""), "{more:?}");
        assert!(more.out.starts_with("refused: permission_missing. ") && more.out.contains(&id), "{more:?}");

        owner.caller.call("key_revoke", json!({ "id": client.view.id, "reason": "" })).await.ok::<Value>();
        let revoked = shell.run_with(&["verify", "--json"], &client.secret).await;
        let json: Value = serde_json::from_str(&revoked.out).expect("JSON");
        assert_eq!(revoked.status, 1);
        assert_eq!(json, json!({ "allowed": false, "reason": "revoked", "key_id": id, "role": "API Client",
            "limits": [] }));

        let unknown = shell.run_with(&["verify"], "nonsense").await;
        assert_eq!(unknown.status, 1, "{unknown:?}");
        assert!(unknown.out.starts_with("refused: unknown. "), "{unknown:?}");
    }

    async fn whoever_may_not_ask_gets_no_answer_and_is_told_what_is_missing(app) {
        let owner = app.owner().await;
        let client = owner.key(SystemRole::ApiClient).await;
        let said = Shell::of(app, &client).run_with(&["verify"], &client.secret).await.failed(2);
        assert!(said.contains("api.key.verify") && said.contains("request req_"), "{said}");
        let other = app.owner().await.key(SystemRole::Admin).await;
        other.caller.post(&format!("/v1/keys/{}/revoke", other.view.id)).await.data();
        let said = Shell::of(app, &other).run_with(&["verify"], &client.secret).await.failed(2);
        assert!(said.contains("revoked"), "{said}");
    }
}
