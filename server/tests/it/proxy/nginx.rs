//! nginx's `auth_request` understands 200, 401 and 403 and drops the body: the example makes up for that.

use serde_json::Value;

use super::behind;
use crate::harness::{
    Caller, Setup, both_databases,
    proxy::{Program, Proxy},
    wire,
};

behind!(Program::Nginx);

#[tokio::test]
async fn while_the_server_is_away_nobody_is_let_through_and_everybody_is_told_so() {
    let nobody = wire::nobody();
    let proxy = Proxy::start(Program::Nginx, nobody.address).await;
    let answer = Caller::visitor(proxy.address).bearer("whatever").get("/orders").await;
    assert_eq!((answer.status, answer.header("content-type")), (503, "application/json"), "{answer:?}");
    let json = answer.json();
    assert_eq!((&json["code"], &json["data"]), (&503.into(), &Value::Null));
    assert_eq!(json["error"]["reason"], "verifier_unavailable");
    assert_eq!(proxy.log.count(), 0);
}

both_databases! {
    async fn two_authorization_headers_are_a_bad_request_for_nginx_itself(app) {
        let (_owner, key) = app.shop().await;
        let proxy = Proxy::start(Program::Nginx, app.address).await;
        let twice = key.caller.at(proxy.address).bearer(&key.secret);
        assert_eq!(twice.get("/orders").await.status, 400);
        assert_eq!(proxy.log.count(), 0);
    }

    async fn where_nginx_asks_itself_is_no_place_for_clients(app) {
        let (_owner, key) = app.shop().await;
        let proxy = Proxy::start(Program::Nginx, app.address).await;
        for path in ["/ipaware/ask", "/ipaware/refusal"] {
            assert_eq!(key.caller.at(proxy.address).get(path).await.status, 404, "{path}");
        }
        assert_eq!(proxy.log.count(), 0);
    }
}
