//! Where the pages are.

use crate::{KeyId, RoleId};

/// The overview.
pub const HOME: &str = "/";
/// The API Keys tab.
pub const KEYS: &str = "/keys";
/// The roles and the application permissions.
pub const ROLES: &str = "/roles";
/// Making a role. Ids start with `role_`, so this is none.
pub const ROLE_NEW: &str = "/roles/new";
/// The members and invitations.
pub const TEAM: &str = "/team";
/// The audit trail.
pub const AUDIT: &str = "/audit";
/// The same as a table, for download.
pub const AUDIT_CSV: &str = "/download/audit.csv";
/// The same as one JSON object a line, for download.
pub const AUDIT_JSONL: &str = "/download/audit.jsonl";
/// Requests and refusals, for download, by `key`, `window` and `zone`.
pub const USAGE_CSV: &str = "/download/usage.csv";
/// What a key was used for since a moment, as CSV.
pub const ACTIVITY_CSV: &str = "/download/activity.csv";
/// The addresses that keys may be used from.
pub const WHITELIST: &str = "/whitelist";
/// What somebody should look at.
pub const ALERTS: &str = "/alerts";
/// From when on there are alerts, and where they go.
pub const ALERT_SETTINGS: &str = "/alerts/settings";
/// The organization, one's own password and sessions.
pub const SETTINGS: &str = "/settings";
/// How to handle keys. Reads without scripts.
pub const GUIDE: &str = "/docs/guide";
/// The reference of the API. Reads without scripts.
pub const REFERENCE: &str = "/docs";
/// Accepting an invitation: `/join?token=…`.
pub const JOIN: &str = "/join";
/// Signing in.
pub const SIGN_IN: &str = "/sign-in";
/// Making an account and an organization.
pub const SIGN_UP: &str = "/sign-up";
/// Where server functions answer.
pub const SERVER_FUNCTIONS: &str = "/api";

/// A key's page.
#[must_use]
pub fn key(id: KeyId) -> String {
    format!("{KEYS}/{id}")
}

/// A role's page.
#[must_use]
pub fn role(id: RoleId) -> String {
    format!("{ROLES}/{id}")
}

/// Where somebody goes after signing in: `next` when it is a path of this site, else the overview.
///
/// Anything that a browser could read as another host (`//host`, `/\host`, `https:…`) is refused, or the sign-in
/// page would be an open redirect (OWASP, Unvalidated Redirects and Forwards).
#[must_use]
pub fn after_sign_in(next: Option<&str>) -> &str {
    next.filter(|next| {
        next.starts_with('/')
            && !next.starts_with("//")
            && !next.chars().any(|c| c == '\\' || c.is_control())
            && !next.starts_with(SERVER_FUNCTIONS)
    })
    .unwrap_or(HOME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        assert_eq!(after_sign_in(Some("/keys?status=all")), "/keys?status=all");
        for bad in [
            None,
            Some("https://evil.example"),
            Some("//evil.example"),
            Some("/\\evil.example"),
            Some("/\tx"),
            Some("/api/sign_out"),
            Some(""),
        ] {
            assert_eq!(after_sign_in(bad), HOME, "{bad:?}");
        }
    }
}
