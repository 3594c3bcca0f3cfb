//! What browsers are told to refuse (OWASP, HTTP Security Response Headers Cheat Sheet).

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};

const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];
/// For everything that is no page of ours: nothing in it may run or load anything.
const NOTHING_RUNS: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
/// For a page without scripts: our style, font and pictures, and nothing else.
pub const READ_ONLY_PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'",
);
/// RFC 6797: a year, as the preload list's minimum is.
const HSTS: (HeaderName, HeaderValue) = (
    HeaderName::from_static("strict-transport-security"),
    HeaderValue::from_static("max-age=31536000; includeSubDomains"),
);
/// An answer to one, and to nobody later.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The policy of one rendered page. `wasm-unsafe-eval` allows compiling WebAssembly and nothing else; the nonce is the
/// page's own, so an injected script does not have it.
#[must_use]
pub fn page_policy(nonce: &str) -> Option<HeaderValue> {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'; manifest-src 'self'"
    );
    HeaderValue::from_str(&policy).ok()
}

/// Adds them to an answer, keeping what a handler has set itself.
pub fn write(headers: &mut HeaderMap, path: &str, https: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOTHING_RUNS);
    if https {
        headers.insert(HSTS.0, HSTS.1);
    }
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page || path.starts_with("/v1") || path.starts_with("/api") {
        headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &str, https: bool, set: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers: HeaderMap =
            set.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        write(&mut headers, path, https);
        headers
    }

    #[test]
    fn a_policy_never_allows_inline_code_or_eval() {
        let policy = page_policy("abc").expect("a header");
        let policy = policy.to_str().expect("text");
        assert!(
            policy.contains("'nonce-abc'") && !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'")
        );
    }

    #[test]
    fn hsts_is_for_https_alone() {
        assert!(!written("/", false, &[]).contains_key("strict-transport-security"));
        assert!(written("/", true, &[]).contains_key("strict-transport-security"));
    }

    #[test]
    fn what_may_hold_a_secret_is_not_stored_and_files_keep_their_own_rule() {
        assert_eq!(written("/v1/me", false, &[])[CACHE_CONTROL], "no-store");
        assert_eq!(written("/keys", false, &[(CONTENT_TYPE, "text/html; charset=utf-8")])[CACHE_CONTROL], "no-store");
        let file = written("/pkg/a.js", false, &[(CACHE_CONTROL, "public, max-age=31536000, immutable")]);
        assert_eq!(file[CACHE_CONTROL], "public, max-age=31536000, immutable");
    }
}
