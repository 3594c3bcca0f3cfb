//! The layer, and the service that it makes of another one.

use std::{
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body::Body;
use http_body_util::{Either, Full};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    address,
    identity::Identity,
    refusal::is_grpc,
    verifier::{SetupError, Verdict, Verifier},
};

/// Puts a [`Guard`] around a service.
#[derive(Debug, Clone)]
pub struct GuardLayer {
    verifier: Verifier,
    address_of: Option<AddressOf>,
}

type FindAddress = dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync;

#[derive(Clone)]
struct AddressOf(Arc<FindAddress>);

impl fmt::Debug for AddressOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressOf(…)")
    }
}

impl GuardLayer {
    /// Asks the server at `url`: scheme and host, like `https://keys.example.com` or `http://127.0.0.1:3000`.
    ///
    /// Until more is said, any key that is valid is let in.
    ///
    /// # Errors
    /// `url` is something else, or the certificates for https cannot be read. Whether the server is there is not tried.
    pub fn new(url: &str) -> Result<Self, SetupError> {
        Ok(Self { verifier: Verifier::new(url)?, address_of: None })
    }

    /// Lets in only keys whose role holds this permission, like `orders.read`. Said repeatedly, all of them are needed.
    #[must_use]
    pub fn permission(mut self, name: &str) -> Self {
        self.verifier.parameter("permission", name);
        self
    }

    /// Lets in only keys of this organization (`org_…`), when several share the server.
    #[must_use]
    pub fn organization(mut self, id: &str) -> Self {
        self.verifier.parameter("organization", id);
        self
    }

    /// How long the server may take before the client gets 503, everything included. Two seconds unless said otherwise.
    #[must_use]
    pub const fn timeout(mut self, patience: Duration) -> Self {
        self.verifier.timeout = patience;
        self
    }

    /// How to find the client's address, if it is not the other end of the connection or nobody has noted that.
    ///
    /// Behind a proxy, take what the proxy itself has written, and nothing that it has passed on from the client.
    #[must_use]
    pub fn client_address(mut self, of: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.address_of = Some(AddressOf(Arc::new(of)));
        self
    }

    fn address(&self, request: &mut Parts) -> Option<IpAddr> {
        match &self.address_of {
            Some(AddressOf(of)) => of(request).map(|address| address.to_canonical()),
            None => address::of_connection(request),
        }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, layer: Arc::new(self.clone()) }
    }
}

/// Calls the service inside for requests that are allowed, and answers the others itself.
#[derive(Debug, Clone)]
pub struct Guard<S> {
    inner: S,
    layer: Arc<GuardLayer>,
}

impl<S, B, R> Service<Request<B>> for Guard<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Body<Data = Bytes>,
{
    type Response = Response<Either<R, Full<Bytes>>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that has said that it is ready is the one to be called.
        let another = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, another);
        let layer = Arc::clone(&self.layer);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let address = layer.address(&mut parts);
            match layer.verifier.ask(&parts.headers, address).await {
                Verdict::Allowed(identity) => {
                    Identity::strip(&mut parts.headers);
                    parts.extensions.insert(identity);
                    let response = inner.call(Request::from_parts(parts, body)).await?;
                    Ok(response.map(Either::Left))
                }
                Verdict::Refused(refusal) => {
                    let answer = if is_grpc(&parts.headers) { refusal.into_grpc() } else { refusal.into_http() };
                    Ok(answer.map(Either::Right))
                }
            }
        })
    }
}
