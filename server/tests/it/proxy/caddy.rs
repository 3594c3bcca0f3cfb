//! Caddy's `forward_auth` passes every answer but 2xx on as it is.

use super::behind;
use crate::harness::{
    Caller, Setup, both_databases,
    proxy::{Program, Proxy},
    refused, wire,
};

behind!(Program::Caddy);

#[tokio::test]
async fn while_the_server_is_away_nobody_is_let_through() {
    let nobody = wire::nobody();
    let proxy = Proxy::start(Program::Caddy, nobody.address).await;
    let answer = Caller::visitor(proxy.address).bearer("whatever").get("/orders").await;
    assert_eq!(answer.status, 502, "{answer:?}");
    assert_eq!(proxy.log.count(), 0);
}

both_databases! {
    async fn two_authorization_headers_are_a_contradiction(app) {
        let (_owner, key) = app.shop().await;
        let proxy = Proxy::start(Program::Caddy, app.address).await;
        let twice = key.caller.at(proxy.address).bearer(&key.secret);
        assert_eq!(twice.get("/orders").await.refusal(), refused(400, "credentials_repeated"));
        assert_eq!(proxy.log.count(), 0);
    }
}
