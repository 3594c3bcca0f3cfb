//! Whose request it is, as the log, the sessions and the IP rules see it.

use server::state::HttpPolicy;
use shared::role::SystemRole;

use crate::harness::{Setup, TestApp, both_databases};

fn behind_a_proxy() -> Setup {
    let trusted_proxies = "127.0.0.1, 10.0.0.0/8".parse().expect("networks");
    Setup { policy: HttpPolicy { trusted_proxies, ..HttpPolicy::default() }, ..Setup::default() }
}

/// The address that a verification was counted for.
async fn seen(app: &TestApp, headers: &[(&'static str, &str)]) -> String {
    let owner = app.owner().await;
    let key = owner.key(SystemRole::ApiClient).await;
    let caller = headers.iter().fold(key.caller, |caller, (name, value)| caller.with(name, *value));
    caller.get("/v1/verify").await.data();
    app.backend.flush_usage().await.expect("written");
    owner.key_get(key.view.id).await.last_used.expect("it was used").address
}

both_databases! {
    async fn what_a_stranger_writes_into_headers_is_ignored(app) {
        let headers = [("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=198.51.100.7"), ("x-real-ip", "198.51.100.7")];
        assert_eq!(seen(app, &headers).await, "127.0.0.1");
    }

    async fn a_trusted_proxy_is_believed_about_the_last_address_that_is_no_proxy(app = behind_a_proxy()) {
        assert_eq!(seen(app, &[("x-forwarded-for", "198.51.100.7, 203.0.113.9, 10.1.1.1")]).await, "203.0.113.9");
    }

    async fn an_ipv4_address_written_as_ipv6_is_the_same_address(app = behind_a_proxy()) {
        assert_eq!(seen(app, &[("x-forwarded-for", "::ffff:203.0.113.9")]).await, "203.0.113.9");
    }

    async fn the_forwarded_header_is_not_read_even_from_a_proxy(app = behind_a_proxy()) {
        assert_eq!(seen(app, &[("forwarded", "for=198.51.100.7")]).await, "127.0.0.1");
    }
}
