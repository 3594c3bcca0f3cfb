//! A name for every request, in the answer, the log and the audit trail.
//!
//! A client's own `X-Request-Id` is never taken over: it would let a stranger write into the log and point at
//! somebody else's request.

use std::{
    hash::{BuildHasher as _, RandomState},
    ops::Deref,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderMap, HeaderName, HeaderValue};
use shared::base62;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Two keys of a pseudo-random function (`SipHash`), drawn when the process starts. Ids are that function of a counter:
/// nobody can guess the next one, and no request has to ask the operating system for random bytes.
static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// How many base62 digits 64 bits take.
const WIDTH_64: usize = 11;

const PREFIX: &[u8] = b"req_";

/// `req_` and 22 letters and digits. Lies where it is needed, without a trip to the allocator.
#[derive(Debug, Clone, Copy)]
pub struct RequestId([u8; PREFIX.len() + 2 * WIDTH_64]);

impl Deref for RequestId {
    type Target = str;

    fn deref(&self) -> &str {
        // It is ASCII throughout.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A fresh one.
#[must_use]
pub fn fresh() -> RequestId {
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut id = [b'0'; PREFIX.len() + 2 * WIDTH_64];
    let (prefix, digits) = id.split_at_mut(PREFIX.len());
    prefix.copy_from_slice(PREFIX);
    for (key, digits) in KEYS.iter().zip(digits.chunks_mut(WIDTH_64)) {
        digits.copy_from_slice(&base62::encode::<WIDTH_64>(u128::from(key.hash_one(count))));
    }
    RequestId(id)
}

/// Puts it on the answer.
pub fn write(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_bytes(&id.0) {
        headers.insert(HEADER, value);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_of_one_form() {
        let ids: HashSet<String> = (0..10_000).map(|_| fresh().to_string()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            let digits = id.strip_prefix("req_").expect("the prefix");
            assert!(digits.len() == 22 && digits.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
        }
    }
}
