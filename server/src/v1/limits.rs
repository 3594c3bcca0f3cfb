//! What a key has left of its limits, in headers and in words.
//!
//! The headers are those of "`RateLimit` header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers), with one item
//! for each limit.

use std::fmt;

use backend::keyring::allowance::{Limit, Period, Standing};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(super) const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// `"second";q=10;w=1, "hour";q=1000;w=3600`
pub(super) struct Policy<'s>(pub(super) &'s Standing);

impl fmt::Display for Policy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.0, |f, limit| write!(f, "\"{}\";q={};w={}", limit.period.name(), limit.requests, limit.seconds))
    }
}

/// `"second";r=9;t=1, "hour";r=998;t=3540`
pub(super) struct Left<'s>(pub(super) &'s Standing);

impl fmt::Display for Left<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.0, |f, limit| write!(f, "\"{}\";r={};t={}", limit.period.name(), limit.remaining, limit.resets_in))
    }
}

fn list(
    f: &mut fmt::Formatter<'_>,
    standing: &Standing,
    write: impl Fn(&mut fmt::Formatter<'_>, &Limit) -> fmt::Result,
) -> fmt::Result {
    for (place, limit) in standing.limits().iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        write(f, limit)?;
    }
    Ok(())
}

/// The headers; none for a key without limits.
pub(super) fn headers(standing: &Standing) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let texts = (!standing.limits().is_empty())
        .then(|| [(POLICY, Policy(standing).to_string()), (LIMIT, Left(standing).to_string())]);
    texts.into_iter().flatten().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?)))
}

/// The answer, with what the calling key has left.
pub(super) fn told<B>(standing: &Standing, mut response: Response<B>) -> Response<B> {
    write(standing, response.headers_mut());
    response
}

/// Adds the headers to those that are there: the management API has a limit of its own.
pub(super) fn write(standing: &Standing, to: &mut HeaderMap) {
    for (name, value) in headers(standing) {
        to.append(name, value);
    }
}

/// What is used up and when there will be more, in a sentence each.
pub(super) fn sentence(limit: &Limit) -> String {
    let Limit { period, requests, resets_at, .. } = limit;
    let whose = match period {
        Period::Window(_) => "This API key is allowed",
        Period::Month => "The organization's plan allows",
    };
    let noun = if *requests == 1 { "request" } else { "requests" };
    let article = if period.name().starts_with('h') { "an" } else { "a" };
    format!(
        "{whose} {requests} {noun} {article} {}, and no more are left. Requests are allowed again from {} on.",
        period.name(),
        resets_at.exact()
    )
}

/// What a key has left of one limit.
#[derive(Serialize, ToSchema)]
#[schema(as = LimitLeft, example = json!({ "window": "hour", "requests": 1000, "remaining": 998, "resets_in": 3540 }))]
pub(super) struct Out {
    /// Of which: `second`, `minute`, `hour` and `day` are the key's own, `month` is the organization's.
    window: &'static str,
    /// How many requests are allowed in it.
    requests: u64,
    /// How many of them are left.
    remaining: u64,
    /// In how many seconds all of them are there again.
    resets_in: u64,
}

impl Out {
    pub(super) fn all(standing: &Standing) -> Vec<Self> {
        let out = |limit: &Limit| Self {
            window: limit.period.name(),
            requests: limit.requests,
            remaining: limit.remaining,
            resets_in: limit.resets_in,
        };
        standing.limits().iter().map(out).collect()
    }
}
