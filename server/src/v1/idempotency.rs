//! `Idempotency-Key`: a POST that is sent again, because its answer never came, is not carried out again.
//!
//! The draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header) as Stripe and others
//! practise it: any visible ASCII, chosen by the client, remembered for 24 hours for each calling key.

use backend::repeat::Once;
use http::{HeaderName, StatusCode, request::Parts};
use sha2::{Digest as _, Sha256};

use super::envelope::Problem;

pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest one.
pub(super) const MAX: usize = 255;

/// What makes this request the same as another one; `None` when the client does not say.
///
/// # Errors
/// 400 for a header that cannot be one, or several.
pub(super) fn read(parts: &Parts, body: &[u8]) -> Result<Option<Once>, Problem> {
    let mut sent = parts.headers.get_all(HEADER).iter();
    let Some(first) = sent.next() else { return Ok(None) };
    let is_visible = |byte: &u8| (0x21..=0x7E).contains(byte);
    let key = first.to_str().ok().filter(|key| (1..=MAX).contains(&key.len()) && key.as_bytes().iter().all(is_visible));
    match (key, sent.next()) {
        (Some(key), None) => Ok(Some(Once { key: key.to_owned(), fingerprint: fingerprint(parts, body) })),
        _ => Err(Problem::bad_request(
            "invalid_header",
            format!("Idempotency-Key must be sent once, with 1 to {MAX} visible ASCII characters and no spaces."),
        )),
    }
}

/// SHA-256 of method, path, query and body, each with its length before it.
fn fingerprint(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    for part in [parts.method.as_str().as_bytes(), path.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// 422.
pub(super) fn reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request within the last 24 hours. Choose a new one for this request.",
    )
}

/// 409.
pub(super) fn answer_lost() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "answer_lost",
        "This request was carried out before, but its answer was lost. Look at what there is now: a key whose secret \
         nobody has seen should be revoked. To do it once more, send another Idempotency-Key.",
    )
}
