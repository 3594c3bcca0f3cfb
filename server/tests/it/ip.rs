//! `GET /v1/ip/{address}`: the protected example.

use shared::role::SystemRole;

use crate::harness::{both_databases, refused};

both_databases! {
    async fn an_address_is_written_in_one_form_with_its_scope(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for (address, ip, version, scope) in [
            ("8.8.8.8", "8.8.8.8", 4, "global"),
            ("::ffff:10.1.2.3", "10.1.2.3", 4, "private"),
            ("2001:DB8::0:1", "2001:db8::1", 6, "documentation"),
            ("%3A%3A1", "::1", 6, "loopback"),
        ] {
            let data = key.caller.get(&format!("/v1/ip/{address}")).await.data();
            assert_eq!((data["ip"].as_str(), data["version"].as_i64(), data["scope"].as_str()), (Some(ip), Some(version), Some(scope)));
        }
    }

    async fn what_is_no_address_is_a_bad_request_that_says_so(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        for text in ["example.com", "8.8.8", "8.8.8.8%2F24", "fe80::1%25eth0", "%FF%FE", "08.8.8.8"] {
            let answer = key.caller.get(&format!("/v1/ip/{text}")).await;
            assert_eq!(answer.refusal(), refused(400, "invalid_address"), "{text}");
        }
    }

    async fn it_takes_a_key_that_may_look_up(app) {
        let key = app.owner().await.key(SystemRole::Member).await;
        assert_eq!(app.visitor().get("/v1/ip/8.8.8.8").await.refusal(), refused(401, "credentials_missing"));
        assert_eq!(key.caller.get("/v1/ip/8.8.8.8").await.refusal(), refused(403, "permission_missing"));
    }
}
