//! Where a request comes from: the other end of its connection, as the server around the service has noted it.

use std::net::{IpAddr, SocketAddr};

use http::request::Parts;

/// The client's address, if axum or tonic say. IPv4 written as IPv6 is IPv4.
pub(crate) fn of_connection(parts: &mut Parts) -> Option<IpAddr> {
    axum(parts).or_else(|| tonic(parts)).map(|address| address.ip().to_canonical())
}

#[cfg(feature = "axum")]
fn axum(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().map(|info| info.0)
}

#[cfg(not(feature = "axum"))]
fn axum(_parts: &Parts) -> Option<SocketAddr> {
    None
}

/// By way of tonic's own request, which also knows what connections with TLS leave behind.
#[cfg(feature = "tonic")]
fn tonic(parts: &mut Parts) -> Option<SocketAddr> {
    let extensions = std::mem::take(&mut parts.extensions);
    let request = tonic::Request::from_parts(tonic::metadata::MetadataMap::new(), extensions, ());
    let address = request.remote_addr();
    (_, parts.extensions, ()) = request.into_parts();
    address
}

#[cfg(not(feature = "tonic"))]
fn tonic(_parts: &Parts) -> Option<SocketAddr> {
    None
}
