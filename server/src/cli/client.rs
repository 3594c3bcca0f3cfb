//! A server's `/v1`, called with one key.
//!
//! A redirection is not followed, so the secret goes nowhere but to `IPAWARE_URL`. A POST is sent a second time when the
//! connection breaks; its `Idempotency-Key` keeps it from being carried out twice.

use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION, WWW_AUTHENTICATE},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use shared::field::FieldError;
use ureq::{Agent, Body, Proxy};

use super::{ask, failure::Failure, server_url::ServerUrl};

/// How long a connection may take to come about.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long all of one request may take.
const TIME: Duration = Duration::from_secs(60);
/// Ten times the largest part of a list.
const ANSWER_MAX: u64 = 4 * 1024 * 1024;
/// The most that a part of a list may have.
const PART: usize = 100;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Who calls which server.
pub(super) struct Client {
    agent: Agent,
    base: String,
    authorization: HeaderValue,
}

/// A good answer.
pub(super) struct Answer {
    /// `data` as the server wrote it.
    pub(super) data: Value,
    /// Which state that is.
    tag: Option<HeaderValue>,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    data: Value,
    error: Option<Refusal>,
}

/// Why there is no good answer.
#[derive(Deserialize)]
struct Refusal {
    detail: String,
    request_id: String,
    #[serde(default)]
    fields: Vec<FieldError>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    next_cursor: Option<String>,
}

impl Answer {
    /// `data` as something that is known here.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read(&self.data)
    }
}

/// Reads a part of an answer. What it holds beyond `T` is left alone, so that an older client can talk to a newer server.
pub(super) fn read<T: DeserializeOwned>(data: &Value) -> Result<T, Failure> {
    T::deserialize(data).map_err(|_error| not_understood())
}

impl Client {
    /// As the environment says, or whoever sits at the terminal.
    pub(super) fn of_environment() -> Result<Self, Failure> {
        let url = ServerUrl::read(&ask::url()?)?;
        let secret = ask::own_secret()?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", secret.expose()))
            .map_err(|_error| Failure::wrong_call("IPAWARE_SECRET is no secret key."))?;
        authorization.set_sensitive(true);
        let agent = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            // Nobody in between may read what is not encrypted, not even a proxy.
            .proxy(if url.is_here { None } else { Proxy::try_from_env() })
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_global(Some(TIME))
            .user_agent(concat!("ipaware/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self { agent, base: url.base, authorization })
    }

    /// Reads one thing.
    pub(super) fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send(&Method::GET, path, HeaderMap::new(), None)
    }

    /// Reads a list from its beginning, as far as `limit`.
    pub(super) fn list(
        &self,
        path: &str,
        filters: &[(&str, String)],
        limit: Option<usize>,
    ) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let wanted = limit.map_or(PART, |limit| limit.saturating_sub(items.len()).min(PART));
            if wanted == 0 {
                return Ok(items);
            }
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(filters).append_pair("limit", &wanted.to_string());
            if let Some(cursor) = &cursor {
                query.append_pair("cursor", cursor);
            }
            let page: Page = self.get(&format!("{path}?{}", query.finish()))?.read()?;
            items.extend(page.items);
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(items),
            }
        }
    }

    /// Does something that is not done twice.
    pub(super) fn post(&self, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, fresh_key()?);
        self.send(&Method::POST, path, headers, body)
    }

    /// Changes what was `seen`, unless somebody else did in the meantime.
    pub(super) fn patch(&self, path: &str, seen: &Answer, change: &Value) -> Result<Answer, Failure> {
        self.send(&Method::PATCH, path, if_match(seen)?, Some(change))
    }

    /// Replaces what was `seen`, unless somebody else changed it in the meantime.
    pub(super) fn put(&self, path: &str, seen: &Answer, whole: &Value) -> Result<Answer, Failure> {
        self.send(&Method::PUT, path, if_match(seen)?, Some(whole))
    }

    /// Deletes what was `seen`, unless somebody else changed it in the meantime.
    pub(super) fn delete(&self, path: &str, seen: &Answer) -> Result<Answer, Failure> {
        self.send(&Method::DELETE, path, if_match(seen)?, None)
    }

    fn send(&self, method: &Method, path: &str, headers: HeaderMap, body: Option<&Value>) -> Result<Answer, Failure> {
        let mut sent = self.send_once(method, path, &headers, body);
        // The others would find their own change and take it for somebody else's.
        let may_repeat = matches!(*method, Method::GET | Method::POST);
        if may_repeat && matches!(sent, Err(ureq::Error::Io(_) | ureq::Error::ConnectionFailed)) {
            sent = self.send_once(method, path, &headers, body);
        }
        let (status, headers, text) = sent.map_err(|error| unreached(&error, *method != Method::GET))?;
        answered(status, &headers, &text)
    }

    fn send_once(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Option<&Value>,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request = request.header(AUTHORIZATION, &self.authorization);
        let mut response: http::Response<Body> = match body {
            Some(body) => {
                self.agent.run(request.header(CONTENT_TYPE, "application/json").body(body.to_string().into_bytes())?)
            }
            None if *method == Method::POST => self.agent.run(request.body(Vec::new())?),
            None => self.agent.run(request.body(())?),
        }?;
        let text = response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec()?;
        let (parts, _) = response.into_parts();
        Ok((parts.status, parts.headers, text))
    }
}

/// 128 random bits: the same request of the same command is the same, every other one is another.
fn fresh_key() -> Result<HeaderValue, Failure> {
    let refuse = |_| Failure::trouble("The operating system gives no random numbers.");
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(refuse)?;
    let text = format!("{:032x}", u128::from_be_bytes(bytes));
    HeaderValue::try_from(text).map_err(|_error| not_understood())
}

fn if_match(seen: &Answer) -> Result<HeaderMap, Failure> {
    let tag = seen.tag.clone().ok_or_else(not_understood)?;
    Ok(HeaderMap::from_iter([(IF_MATCH, tag)]))
}

/// What the answer means.
fn answered(status: StatusCode, headers: &HeaderMap, text: &[u8]) -> Result<Answer, Failure> {
    if status.is_redirection() {
        let target = headers.get(LOCATION).map_or("", |to| to.to_str().unwrap_or_default());
        return Err(Failure::trouble(format!(
            "The server sends elsewhere ({target}), and the secret is not sent there. Set IPAWARE_URL to where it leads."
        )));
    }
    let envelope: Envelope = serde_json::from_slice(text).map_err(|_error| not_ours(status))?;
    match envelope.error {
        None if status.is_success() => Ok(Answer { data: envelope.data, tag: headers.get(ETAG).cloned() }),
        None => Err(not_ours(status)),
        Some(refusal) => Err(refusal.said(status, scope(headers))),
    }
}

impl Refusal {
    fn said(self, status: StatusCode, missing: Option<&str>) -> Failure {
        let Self { detail, request_id, fields } = self;
        let about = if fields.is_empty() { detail } else { "The server refuses what was sent.".to_owned() };
        let needs = missing.filter(|missing| !about.contains(missing)).map(|missing| format!(" It needs {missing}."));
        let sentence = format!("{about}{} (request {request_id})", needs.unwrap_or_default());
        let failure = if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            Failure::trouble(sentence)
        } else {
            Failure::refused(sentence)
        };
        failure.with(fields.into_iter().map(|FieldError { field, message }| format!("{field}: {message}")).collect())
    }
}

/// The permission that is missing (RFC 6750, section 3), where the detail may not say so.
fn scope(headers: &HeaderMap) -> Option<&str> {
    let challenge = headers.get(WWW_AUTHENTICATE)?.to_str().ok()?;
    challenge.split_once("scope=\"")?.1.split('"').next()
}

fn not_ours(status: StatusCode) -> Failure {
    Failure::trouble(format!(
        "There is no IPAware server at IPAWARE_URL: something else answered, with status {}.",
        status.as_u16()
    ))
}

fn not_understood() -> Failure {
    Failure::trouble("The server answers in a way that this version of ipaware does not understand.")
}

fn unreached(error: &ureq::Error, is_change: bool) -> Failure {
    let cause = match error {
        ureq::Error::HostNotFound => "its name is not known".to_owned(),
        ureq::Error::Timeout(_) => "it does not answer in time".to_owned(),
        other => other.to_string(),
    };
    let unknown =
        if is_change { " Whether anything was changed is not known: look before you do it again." } else { "" };
    Failure::trouble(format!("The server at IPAWARE_URL cannot be reached: {cause}.{unknown}"))
}
