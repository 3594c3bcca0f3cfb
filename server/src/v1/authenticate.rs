//! Who calls: the key in the `Authorization` header, and nothing else. A secret in the query or in a cookie is never
//! looked at (RFC 6750, section 5.3, "Don't pass bearer tokens in page URLs").

use std::net::IpAddr;

use backend::{
    context::RequestInfo,
    keyring::{AskedPermission, Holder, Question, Verdict, allowance::Standing, credential::bearer},
};
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
    request::Parts,
};
use shared::{Permission, verify::Refusal};

use super::{envelope::Problem, limits};
use crate::{middleware::headers::Headers, state::AppState};

/// What everybody is told who does not hold a genuine secret.
pub const INVALID: &str = "Invalid API Key";

/// The holder of the key that came with the request, if it may do `permission`.
///
/// # Errors
/// The refusal, ready to be sent.
pub fn authenticate(state: &AppState, parts: &Parts, permission: Option<Permission>) -> Result<Holder, Problem> {
    verify(state, &parts.headers, &question(parts, permission))
}

/// The holder of the key that came with the request, also if all that it wants is `permission`: then it was counted as
/// refused, and whoever asks has more to say about that.
///
/// # Errors
/// Any other refusal, ready to be sent.
pub fn identify(state: &AppState, parts: &Parts, permission: Option<Permission>) -> Result<Holder, Problem> {
    let question = question(parts, permission);
    match state.backend.verify(bearer(parts.headers.all(AUTHORIZATION)), &question) {
        Verdict { outcome: Err(Refusal::PermissionMissing), holder: Some(holder) } => Ok(holder),
        verdict => answer(verdict, &question),
    }
}

fn question(parts: &Parts, permission: Option<Permission>) -> Question<'_> {
    let info = parts.extensions.get::<RequestInfo>();
    let address = info.and_then(|info| info.address);
    Question {
        permissions: permission.map(AskedPermission::Known).into_iter().collect(),
        address,
        organization: None,
        blamed: address,
        user_agent: info.and_then(|info| info.user_agent.as_deref()),
        request_id: info.map_or("", |info| &info.request_id),
    }
}

/// The holder of the key in `headers`, if the answer to `question` is yes.
///
/// # Errors
/// The refusal, ready to be sent.
pub fn verify(state: &AppState, headers: &(impl Headers + ?Sized), question: &Question<'_>) -> Result<Holder, Problem> {
    answer(state.backend.verify(bearer(headers.all(AUTHORIZATION)), question), question)
}

fn answer(verdict: Verdict, question: &Question<'_>) -> Result<Holder, Problem> {
    match (verdict.outcome, verdict.holder) {
        (Ok(()), Some(holder)) => Ok(holder),
        (Ok(()), None) => Err(Problem::internal()),
        (Err(refusal), holder) => {
            let standing = holder.map(|holder| holder.standing).unwrap_or_default();
            Err(refused(refusal, &question.permissions, &standing))
        }
    }
}

fn refused(refusal: Refusal, asked: &[AskedPermission], standing: &Standing) -> Problem {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let output = match refusal {
        Refusal::TooManyAttempts => "Too Many Requests",
        refusal if refusal.needs_genuine_secret() => refusal.detail(),
        _ => INVALID,
    };
    let used_up = standing.used_up();
    let detail = used_up.map_or_else(|| sentence(refusal, asked), limits::sentence);
    let mut problem = Problem::new(status, refusal.reason(), detail).saying(output);
    if let Some(challenge) = challenge(refusal, asked) {
        problem = problem.with(WWW_AUTHENTICATE, challenge);
    }
    for (name, value) in limits::headers(standing) {
        problem = problem.with(name, value);
    }
    match refusal {
        // Without a limit that is used up, another request was refused in the meantime, and gave back what it had.
        Refusal::LimitExceeded => {
            problem.with(RETRY_AFTER, HeaderValue::from(used_up.map_or(1, |limit| limit.resets_in)))
        }
        // An address is listened to again after a fraction of a second, unless it goes on.
        Refusal::TooManyAttempts => problem.with(RETRY_AFTER, HeaderValue::from(1)),
        _ => problem,
    }
}

/// RFC 6750, section 3. A key that is fine but called from the wrong place, or too often, gets no challenge: another
/// token would not help.
fn challenge(refusal: Refusal, asked: &[AskedPermission]) -> Option<HeaderValue> {
    if matches!(refusal, Refusal::TooManyAttempts | Refusal::IpNotAllowed | Refusal::LimitExceeded) {
        return None;
    }
    let Some(error) = refusal.bearer_error() else { return Some(HeaderValue::from_static("Bearer")) };
    let scope = (refusal == Refusal::PermissionMissing).then(|| scope(asked)).flatten();
    let text = match scope {
        Some(scope) => format!("Bearer error=\"{error}\", scope=\"{scope}\""),
        None => format!("Bearer error=\"{error}\""),
    };
    HeaderValue::try_from(text).ok()
}

/// Says of a permission that is missing which one it may be.
fn sentence(refusal: Refusal, asked: &[AskedPermission]) -> String {
    match scope(asked).filter(|_| refusal == Refusal::PermissionMissing) {
        Some(names) => format!("{} It needs {}.", refusal.detail(), names.replace(' ', " and ")),
        None => refusal.detail().to_owned(),
    }
}

/// What the request needs, if all of it can be written as scope tokens (RFC 6749, section 3.3).
fn scope(asked: &[AskedPermission]) -> Option<String> {
    let name = |asked: &AskedPermission| -> Option<String> {
        let name = match asked {
            AskedPermission::Known(permission) => permission.name(),
            AskedPermission::Own(name) => name,
        };
        let is_token = !name.is_empty() && name.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E));
        is_token.then(|| name.to_owned())
    };
    asked.iter().map(name).collect::<Option<Vec<_>>>().map(|names| names.join(" "))
}

/// Reads an address that somebody wrote.
///
/// # Errors
/// A sentence that names `what`.
pub(super) fn address(what: &str, text: &str) -> Result<IpAddr, String> {
    let shown: String = text.chars().take(60).collect();
    text.parse().map_err(|_error| {
        format!("{what} must be an IPv4 or IPv6 address such as 203.0.113.9 or 2001:db8::9; {shown:?} is none.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_says_what_rfc_6750_asks_for() {
        let said = |refusal, asked: &[&str]| {
            let asked: Vec<_> = asked.iter().map(|name| AskedPermission::read(name)).collect();
            challenge(refusal, &asked).map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(said(Refusal::CredentialsMissing, &[]).as_deref(), Some("Bearer"));
        assert_eq!(said(Refusal::Unknown, &[]).as_deref(), Some("Bearer error=\"invalid_token\""));
        assert_eq!(said(Refusal::CredentialsRepeated, &[]).as_deref(), Some("Bearer error=\"invalid_request\""));
        assert_eq!(
            said(Refusal::PermissionMissing, &["ip.lookup", "orders.read"]).as_deref(),
            Some("Bearer error=\"insufficient_scope\", scope=\"ip.lookup orders.read\"")
        );
        assert_eq!(
            said(Refusal::PermissionMissing, &["a\"b"]).as_deref(),
            Some("Bearer error=\"insufficient_scope\""),
            "a name that is no scope token could break out of the quotes"
        );
        assert_eq!(said(Refusal::LimitExceeded, &[]), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let asked = ["ip.lookup", "orders.read"].map(AskedPermission::read);
        let said = sentence(Refusal::PermissionMissing, &asked);
        assert!(said.ends_with("It needs ip.lookup and orders.read."), "{said}");
        assert_eq!(sentence(Refusal::Revoked, &asked), Refusal::Revoked.detail());
        assert_eq!(
            sentence(Refusal::PermissionMissing, &[AskedPermission::read("a b")]),
            Refusal::PermissionMissing.detail()
        );
    }
}
