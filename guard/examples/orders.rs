//! A small service behind the guard: `IPAWARE_URL=http://127.0.0.1:3000 cargo run -p ipaware-guard --example orders`.
//!
//! Register the permission `orders.read` in the console, make a role that holds it and a key with that role, and then:
//! `curl -i -H "Authorization: Bearer $SECRET" http://127.0.0.1:8081/orders`. To have the client's address looked at,
//! start the IPAware server with `--trusted-proxies 127.0.0.1`.

use std::{env, net::SocketAddr};

use axum::{Extension, Json, Router, routing::get};
use ipaware_guard::{GuardLayer, Identity};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = env::var("IPAWARE_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".to_owned());
    let guard = GuardLayer::new(&url)?;
    let orders = Router::new().route("/orders", get(orders)).layer(guard.clone().permission("orders.read"));
    let whoami = Router::new().route("/whoami", get(whoami)).layer(guard);

    let app = orders.merge(whoami).route("/health", get(async || "open to everybody"));
    let listener = TcpListener::bind("127.0.0.1:8081").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// For keys that hold `orders.read`.
async fn orders(Extension(caller): Extension<Identity>) -> Json<Value> {
    Json(json!({ "orders_of": caller.organization_id, "orders": ["apples", "pears"] }))
}

/// For any valid key.
async fn whoami(Extension(caller): Extension<Identity>) -> Json<Value> {
    Json(json!({ "key_id": caller.key_id, "role": caller.role, "organization_id": caller.organization_id }))
}
