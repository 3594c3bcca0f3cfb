//! The IPAware server, as the guard asks it.

use std::{error::Error, io, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::{identity::Identity, refusal::Refusal};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// How long the server may take, unless the user says otherwise.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an unused connection is kept: less long than servers and proxies commonly do, so that none is used at the
/// very moment in which its other end closes it.
const IDLE: Duration = Duration::from_secs(30);
/// The longest answer. Honest ones have a few hundred bytes.
const ANSWER_MAX: usize = 64 * 1024;

/// Why a guard cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The address of the server is none. It is not repeated, because it may hold a password.
    #[error("the address of the IPAware server must be scheme and host alone, like https://keys.example.com")]
    Url,
    /// Without them no https server can be trusted.
    #[error("the system's certificates cannot be read")]
    Certificates(#[source] io::Error),
    /// The cryptography that is built in does not fit the versions of TLS.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Why nobody has said yes or no.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the question cannot be written as a request")]
    Question(#[from] http::Error),
    #[error("it cannot be reached")]
    Unreachable(#[from] legacy::Error),
    #[error("its answer broke off, or is too long")]
    Answer(#[source] Box<dyn Error + Send + Sync>),
    #[error("it took longer than {0:?}")]
    Slow(Duration),
    #[error("it answered with status {0}, and not as an IPAware server does")]
    Foreign(StatusCode),
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    Allowed(Identity),
    Refused(Refusal),
}

/// A server, and what it is asked. Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    /// Scheme and host, without a slash at the end.
    origin: String,
    query: String,
    pub(crate) timeout: Duration,
}

impl Verifier {
    pub(crate) fn new(url: &str) -> Result<Self, SetupError> {
        let uri: Uri = url.parse().map_err(|_not_a_uri| SetupError::Url)?;
        let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or(SetupError::Url)?;
        let is_origin = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
        if !is_origin || !matches!(scheme, "http" | "https") {
            return Err(SetupError::Url);
        }
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls(scheme == "https")?);
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = connector.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client, origin: format!("{scheme}://{authority}"), query: String::new(), timeout: PATIENCE })
    }

    /// Asks for this as well.
    pub(crate) fn parameter(&mut self, name: &str, value: &str) {
        let query = std::mem::take(&mut self.query);
        self.query = form_urlencoded::Serializer::new(query).append_pair(name, value).finish();
    }

    /// Whether the request with these headers is allowed. No answer is a refusal too.
    pub(crate) async fn ask(&self, headers: &HeaderMap, address: Option<IpAddr>) -> Verdict {
        let exchange = tokio::time::timeout(self.timeout, self.exchange(headers, address)).await;
        exchange.unwrap_or(Err(Fault::Slow(self.timeout))).unwrap_or_else(|fault| {
            let error: &(dyn Error + 'static) = &fault;
            tracing::warn!(error, server = self.origin, "a request is refused: the IPAware server gave no answer");
            Verdict::Refused(Refusal::unavailable())
        })
    }

    async fn exchange(&self, headers: &HeaderMap, address: Option<IpAddr>) -> Result<Verdict, Fault> {
        let mut question = Request::get(format!("{}/v1/verify?{}", self.origin, self.query)).body(Empty::new())?;
        // All of them: it is for the server to say that two are too many.
        for secret in headers.get_all(AUTHORIZATION) {
            let mut secret = secret.clone();
            secret.set_sensitive(true);
            question.headers_mut().append(AUTHORIZATION, secret);
        }
        if let Some(address) = address.and_then(|address| HeaderValue::try_from(address.to_string()).ok()) {
            question.headers_mut().insert(FORWARDED_FOR, address);
        }
        let (answer, body) = self.client.request(question).await?.into_parts();
        // Also when nobody looks at it: only then can the connection be used again.
        let body = Limited::new(body, ANSWER_MAX).collect().await.map_err(Fault::Answer)?.to_bytes();
        match answer.status {
            StatusCode::OK => {
                let identity = Identity::read(&answer.headers).ok_or(Fault::Foreign(answer.status))?;
                Ok(Verdict::Allowed(identity))
            }
            StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::TOO_MANY_REQUESTS => {
                Ok(Verdict::Refused(Refusal::by_server(answer.status, &answer.headers, body)))
            }
            status => Err(Fault::Foreign(status)),
        }
    }
}

/// The system's certificates are read only when they are needed: a service that asks over http may run without any.
fn tls(is_https: bool) -> Result<ClientConfig, SetupError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    let config = if is_https {
        config.with_native_roots().map_err(SetupError::Certificates)?
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    Ok(config.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_scheme_and_host_and_nothing_else() {
        for url in ["http://127.0.0.1:3000", "http://keys.example.com/", "http://[::1]:3000"] {
            let verifier = Verifier::new(url).expect(url);
            assert_eq!(verifier.origin, url.trim_end_matches('/'));
        }
        for url in ["", "keys.example.com", "/v1", "ftp://a", "http://a/console", "http://a?x", "http://u:hunter2@a"] {
            let error = Verifier::new(url).expect_err(url).to_string();
            assert!(error.contains("https://keys.example.com") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_is_asked_for_cannot_break_out_of_its_parameter() {
        let mut verifier = Verifier::new("http://a").expect("a server");
        verifier.parameter("permission", "orders.read");
        verifier.parameter("permission", "a&permission=b#c d");
        assert_eq!(verifier.query, "permission=orders.read&permission=a%26permission%3Db%23c+d");
    }
}
