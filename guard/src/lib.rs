//! A [tower](https://docs.rs/tower) layer that lets a request into a service only if an IPAware server says that its
//! API key may do this, from there.
//!
//! ```no_run
//! use std::net::SocketAddr;
//!
//! use axum::{Extension, Router, routing::get};
//! use ipaware_guard::{GuardLayer, Identity};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let guard = GuardLayer::new("https://keys.example.com")?.permission("orders.read");
//! let app = Router::new().route("/orders", get(orders)).layer(guard);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
//! # Ok(())
//! # }
//!
//! async fn orders(Extension(caller): Extension<Identity>) -> String {
//!     format!("the orders of {}", caller.organization_id)
//! }
//! ```
//!
//! # What happens to a request
//!
//! The guard asks `GET /v1/verify` with the client's own `Authorization` header and the permissions of the layer.
//!
//! - **Allowed**: the service is called, with an [`Identity`] in the request's extensions. Headers named like the
//!   identity's (`X-Key-Id`, `X-Key-Role`, `X-Organization-Id`) are taken out of the request first: only a client can
//!   have sent them.
//! - **Refused** (400, 401, 403, 429): the service is not called. The client gets the server's status and body, with
//!   `WWW-Authenticate`, `Retry-After` and `X-Request-Id`.
//! - **Not answered**, because the server is away, too slow ([`GuardLayer::timeout`]), or something else than an IPAware
//!   server: the service is not called either. The client gets 503, and the cause is logged as a `tracing` warning.
//!
//! A gRPC request (`Content-Type: application/grpc…`) is refused the way gRPC refuses: `UNAUTHENTICATED` for 401,
//! `PERMISSION_DENIED` for 403, `RESOURCE_EXHAUSTED` for 429, `INVALID_ARGUMENT` for 400, else `UNAVAILABLE`.
//!
//! Nothing is remembered from one request to the next: every request is asked about, over connections that are kept, so
//! a key that is revoked is refused from the next request on.
//!
//! # Whose address
//!
//! Keys may be bound to addresses. The guard passes on the address of the client's connection as `X-Forwarded-For`,
//! and never what the client wrote there itself. **The IPAware server believes it only if the address of your service
//! is in its `--trusted-proxies`**; otherwise it takes every request to come from your service.
//!
//! - axum (feature `axum`, on by default): serve with `into_make_service_with_connect_info::<SocketAddr>()`, as above.
//! - tonic (feature `tonic`): nothing to do.
//! - anything else, or behind a proxy of your own, which then is every connection's other end:
//!   [`GuardLayer::client_address`].
//!
//! If the address is not known, none is passed on, and the server sees that of your service.
//!
//! # Where to put it
//!
//! Routes that need different permissions get layers of their own; clones of a layer share their connections.
//! `OPTIONS` requests of browsers (CORS) carry no key and are refused like any other, so a CORS layer goes outside.
//! With tonic, `Server::builder().layer(guard)` guards all services, and
//! `ServiceBuilder::new().layer(guard).named_layer(service)` one of them.

#![warn(missing_docs)]

mod address;
mod identity;
mod layer;
mod refusal;
mod verifier;

pub use self::{
    identity::Identity,
    layer::{Guard, GuardLayer},
    verifier::SetupError,
};
