//! The session cookie.

use backend::authn::session::{CookiePolicy, NewSession};
use http::{HeaderValue, header};

use crate::server_context::append_header;

/// Gives the browser its new session.
pub(crate) fn set(session: &NewSession) {
    append(&session.cookie, session.token.expose(), session.max_age_seconds);
    // What follows is for this person alone.
    append_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Takes the session away.
pub(crate) fn clear(policy: &CookiePolicy) {
    append(policy, "", 0);
}

/// Sends the browser to a page of this site, with and without scripts.
#[expect(clippy::disallowed_methods, reason = "the one module that may: the caller returns right after")]
pub(crate) fn go_to(path: &str) {
    leptos_axum::redirect(path);
}

fn append(policy: &CookiePolicy, value: &str, max_age_seconds: i64) {
    let secure = if policy.secure { "; Secure" } else { "" };
    let cookie =
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}{secure}", policy.name());
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        append_header(header::SET_COOKIE, cookie);
    }
}
