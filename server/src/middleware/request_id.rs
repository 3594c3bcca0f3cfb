//! A name for every request, in the answer, the log and the audit trail.
//!
//! A client's own `X-Request-Id` is never taken over: it would let a stranger write into the log and point at
//! somebody else's request.

use std::{
    hash::{BuildHasher as _, RandomState},
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

/// A fresh one: `req_` and 22 letters and digits.
#[must_use]
pub fn fresh() -> String {
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut id = String::with_capacity(4 + 2 * WIDTH_64);
    id.push_str("req_");
    for key in &*KEYS {
        push_base62(&mut id, key.hash_one(count));
    }
    id
}

/// In 64-bit arithmetic: dividing 128-bit numbers would be the dearest part of a verification.
fn push_base62(text: &mut String, mut value: u64) {
    let mut digits = [b'0'; WIDTH_64];
    for digit in digits.iter_mut().rev() {
        *digit = usize::try_from(value % 62).ok().and_then(|i| base62::ALPHABET.get(i)).copied().unwrap_or(b'0');
        value /= 62;
    }
    text.extend(digits.map(char::from));
}

/// Puts it on the answer.
pub fn write(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HEADER, value);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_of_one_form() {
        let ids: HashSet<String> = (0..10_000).map(|_| fresh()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            let digits = id.strip_prefix("req_").expect("the prefix");
            assert!(digits.len() == 22 && digits.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
        }
    }
}
