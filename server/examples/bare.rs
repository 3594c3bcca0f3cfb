//! The least that axum can do: what `cargo xtask bench` compares a verification with.

use axum::{Json, Router, routing::get};
use serde_json::{Value, json};

async fn answer() -> Json<Value> {
    Json(json!({ "code": 200, "data": { "allowed": true }, "output": "OK" }))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    // In the words of `ipaware serve`, so that both are waited for alike.
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/v1/verify", get(answer))).await
}
