//! Sessions: a random token in a cookie, its digest in the database.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::random;

/// A session ends after this long without a request.
pub(crate) const IDLE_SECONDS: i64 = 24 * 3600;
/// A session ends this long after signing in, whatever happens.
pub(crate) const ABSOLUTE_SECONDS: i64 = 14 * 24 * 3600;
/// How precise "last seen" is: writing it at every request would make every page a write.
pub(crate) const SEEN_EVERY_SECONDS: i64 = 60;

/// The name and attributes of the session cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookiePolicy {
    /// Whether people reach us by https; then the cookie is `Secure` and its name says so.
    pub secure: bool,
}

impl CookiePolicy {
    /// `__Host-` makes browsers refuse the cookie from a subdomain or without `Secure` (RFC 6265bis, 4.1.3.2).
    #[must_use]
    pub const fn name(&self) -> &'static str {
        if self.secure { "__Host-ipaware_session" } else { "ipaware_session" }
    }
}

/// 256 random bits that stand for a session. Without `Debug` and `Serialize`: whoever has it is signed in.
#[derive(Clone)]
pub struct SessionToken(String);

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

impl SessionToken {
    pub(crate) fn mint() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random::bytes::<32>()))
    }

    /// What a cookie holds; `None` when it cannot be one of ours.
    pub(crate) fn read(cookie: &str) -> Option<Self> {
        (cookie.len() == 43 && cookie.is_ascii()).then(|| Self(cookie.to_owned()))
    }

    /// The token, for the cookie.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored. The token is random, so a plain hash is enough: there is no dictionary to try.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// A session that was just begun.
#[derive(Debug)]
pub struct NewSession {
    /// Goes into the cookie and nowhere else.
    pub token: SessionToken,
    /// How the cookie is set.
    pub cookie: CookiePolicy,
    /// For how long the browser keeps it.
    pub max_age_seconds: i64,
}
