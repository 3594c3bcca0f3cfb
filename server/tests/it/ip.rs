//! `GET /v1/ip/{address}`: the protected example.

use std::path::Path;

use backend::geo::GeoDatabases;
use shared::role::SystemRole;

use crate::harness::{Setup, both_databases, refused};

/// The small databases that the build tool writes.
fn with_databases() -> Setup {
    let folder = std::env::var("IPAWARE_TEST_MMDB_DIR").expect("run cargo xtask test, or set IPAWARE_TEST_MMDB_DIR");
    let files = ["country.mmdb", "asn.mmdb"].map(|name| Path::new(&folder).join(name));
    Setup { geo: GeoDatabases::open(&files).expect("the databases"), ..Setup::default() }
}

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

    async fn country_and_asn_come_from_the_configured_databases(app = with_databases()) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let known = key.caller.get("/v1/ip/8.8.8.8").await.data();
        assert_eq!((known["country"].as_str(), known["asn"].as_i64()), (Some("US"), Some(15_169)));
        assert!(known["as_organization"].as_str().is_some_and(|name| name.to_lowercase().contains("google")), "{known}");
        let unknown = key.caller.get("/v1/ip/192.168.0.1").await.data();
        assert!(unknown["country"].is_null() && unknown["asn"].is_null(), "{unknown}");
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
