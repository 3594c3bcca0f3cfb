//! The way out: one request to one address that was looked at before.
//!
//! Written on the HTTP client's lowest level, because that is where the address of the connection is ours to choose.
//! Nothing is followed and nothing is kept: each message has a connection of its own.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, Either, FutureExt as _, select};
use http::{
    Request,
    header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT},
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use shared::webhook::ANSWER_MAX;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::address::Destination;

/// How long a connection may take to come about.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long all of one try may take, the name's look-up included.
const TIME: Duration = Duration::from_secs(15);
/// How long the text of an answer is listened to.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// Of several addresses of a name, so many are tried.
const ADDRESSES_TRIED: usize = 3;
/// So much of an answer is read.
const ANSWER_BYTES: usize = 4 * ANSWER_MAX;

/// What a name leads to, and how an address is reached.
pub trait Network: fmt::Debug + Send + Sync {
    /// Every address of a name.
    fn resolve<'n>(&'n self, host: &'n str, port: u16) -> BoxFuture<'n, io::Result<Vec<SocketAddr>>>;
    /// A connection to this very address.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;
}

/// The one that there is.
#[derive(Debug)]
pub struct Internet;

impl Network for Internet {
    fn resolve<'n>(&'n self, host: &'n str, port: u16) -> BoxFuture<'n, io::Result<Vec<SocketAddr>>> {
        async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }.boxed()
    }

    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        TcpStream::connect(to).boxed()
    }
}

/// A message, signed.
pub(super) struct Message<'m> {
    pub(super) id: &'m str,
    pub(super) seconds: i64,
    pub(super) signatures: &'m str,
    pub(super) body: &'m str,
}

/// How a try ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) status: Option<u16>,
    /// Why it failed; `None`: it did not.
    pub(super) problem: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) took_ms: u64,
}

/// Sends a message once.
pub(super) async fn send(network: &dyn Network, allow_private: bool, url: &str, message: Message<'_>) -> Outcome {
    let began = Instant::now();
    let sent = tokio::time::timeout(TIME, exchange(network, allow_private, url, message)).await;
    let outcome = match sent {
        Ok(Ok((status, answer))) => {
            let problem = match status {
                200..300 => None,
                300..400 => Some(format!("It sends elsewhere (status {status}), and nobody is followed.")),
                _ => Some(format!("It answered with status {status}.")),
            };
            Outcome { status: Some(status), problem, answer: Some(answer), took_ms: 0 }
        }
        Ok(Err(problem)) => Outcome { problem: Some(problem), ..Outcome::default() },
        Err(_elapsed) => {
            let problem = format!("It took longer than {} seconds.", TIME.as_secs());
            Outcome { problem: Some(problem), ..Outcome::default() }
        }
    };
    Outcome { took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), ..outcome }
}

async fn exchange(
    network: &dyn Network,
    allow_private: bool,
    url: &str,
    message: Message<'_>,
) -> Result<(u16, String), String> {
    let to = Destination::read(url, allow_private)?;
    let stream = connect(network, allow_private, &to).await?;
    let request = request(&to, message).map_err(|error| format!("The request cannot be written: {error}."))?;
    if to.is_https {
        let name = ServerName::try_from(to.host.clone()).map_err(|_error| "Its name is none for TLS.".to_owned())?;
        let stream = tls()?.connect(name, stream).await.map_err(|error| format!("TLS: {error}."))?;
        talk(stream, request).await
    } else {
        talk(stream, request).await
    }
}

/// Looks the name up, once, and connects to one of the addresses that are allowed.
async fn connect(network: &dyn Network, allow_private: bool, to: &Destination) -> Result<TcpStream, String> {
    let found = network.resolve(&to.host, to.port).await;
    let found = found.map_err(|error| format!("The name {} cannot be looked up: {error}.", to.host))?;
    let mut problem = String::new();
    for address in to.allowed(found, allow_private)?.into_iter().take(ADDRESSES_TRIED) {
        match tokio::time::timeout(CONNECT_TIME, network.connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => problem = format!("{address} cannot be reached: {error}."),
            Err(_elapsed) => problem = format!("{address} does not answer."),
        }
    }
    Err(problem)
}

fn request(to: &Destination, message: Message<'_>) -> Result<Request<Full<Bytes>>, http::Error> {
    let path = to.uri.path_and_query().map_or("/", |path| path.as_str());
    Request::post(path)
        .header(HOST, to.uri.authority().map_or("", |authority| authority.as_str()))
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("ipaware/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.seconds)
        .header("webhook-signature", message.signatures)
        .body(Full::new(Bytes::copy_from_slice(message.body.as_bytes())))
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(u16, String), String> {
    let failed = |error: hyper::Error| format!("No answer: {error}.");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        Ok((status, beginning(response.into_body()).await))
    };
    // The connection does the work; when it ends first, what it has brought is still there to be read.
    let answer = match select(Box::pin(exchange), Box::pin(connection)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_, exchange)) => exchange.await,
    };
    answer.map_err(failed)
}

/// The beginning of an answer. That it breaks off or does not end is no reason to send the message again.
async fn beginning(mut body: Incoming) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.len() < ANSWER_BYTES
            && let Some(Ok(frame)) = body.frame().await
        {
            bytes.extend(frame.data_ref().into_iter().flatten());
        }
    };
    _ = tokio::time::timeout(ANSWER_TIME, reading).await;
    let text = String::from_utf8_lossy(&bytes);
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(ANSWER_MAX).collect()
}

/// The public authorities, and the system's: a receiver may have a company's own.
fn tls() -> Result<TlsConnector, String> {
    static CONFIG: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(ring::default_provider().into());
        let config = config.with_safe_default_protocol_versions().ok()?;
        Some(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
    });
    config.clone().map(TlsConnector::from).ok_or_else(|| "TLS cannot be set up.".to_owned())
}
