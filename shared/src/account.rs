//! People's accounts and sessions.

use serde::{Deserialize, Serialize};

use crate::{
    MemberId, OrganizationId, Permission, SessionId, Timestamp, field, organization::OrganizationRef,
    permission::Grants,
};

/// The shortest password accepted, in characters (NIST SP 800-63B, 5.1.1.2).
pub const PASSWORD_MIN: usize = 8;
/// The longest password accepted, in characters: room for passphrases, bounded so that hashing one is too.
pub const PASSWORD_MAX: usize = 128;
/// The longest email address (RFC 5321, 4.5.3.1: a path of 256 octets with its brackets).
pub const EMAIL_MAX: usize = 254;
/// How long an organization's name may be, in characters after trimming.
pub const ORGANIZATION_NAME_MAX: usize = 80;

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Anybody.
    Open,
    /// Nobody (any more): by invitation only.
    Closed,
}

/// The person looking at the page, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// How they sign in.
    pub email: String,
    /// Their place in the organization.
    pub member: MemberId,
    /// The organization they are in.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// Every organization they belong to, this one included, by name.
    pub organizations: Vec<OrganizationRef>,
    /// The names of their roles.
    pub roles: Vec<String>,
    /// The union of what their roles permit.
    pub permissions: Grants,
    /// Whether they are the Owner.
    pub is_owner: bool,
    /// Whom to ask for more.
    pub owner_email: String,
    /// How many alerts nobody has acknowledged yet; `None` for those who may not see them.
    pub open_alerts: Option<u64>,
}

impl Viewer {
    /// Whether they may do it.
    #[must_use]
    pub const fn may(&self, permission: Permission) -> bool {
        self.permissions.holds(permission)
    }

    /// Why they may not do it, with what is missing and whom to ask; `None` when they may. `what` is said after "Your
    /// role cannot".
    #[must_use]
    pub fn refusal(&self, permission: Permission, what: &str) -> Option<String> {
        (!self.may(permission)).then(|| {
            format!("Your role cannot {what}. It needs {permission}; ask {} (Organization Owner).", self.owner_email)
        })
    }
}

/// One signed-in browser of the person looking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Which.
    pub id: SessionId,
    /// The organization it is in.
    pub organization_name: String,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// From where they signed in.
    pub address: Option<String>,
    /// What the browser called itself.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The person's own part of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// The current one first, then the most recently used.
    pub sessions: Vec<SessionView>,
    /// When this was read.
    pub now: Timestamp,
}

/// Checks an email address and writes it in one form: trimmed, in lower case.
///
/// The rule is HTML's (`<input type=email>`), which is what the browser has told the person already.
///
/// # Errors
/// The sentence to show under the field.
pub fn email(text: &str) -> Result<String, String> {
    let text = field::line("Email", text, EMAIL_MAX)?.to_lowercase();
    let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
        let local_ok =
            !local.is_empty() && local.chars().all(|c| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c));
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        local_ok && domain.split('.').all(label_ok)
    });
    if well_formed { Ok(text) } else { Err("Email must look like name@example.com.".to_owned()) }
}

/// Checks the length of a new password. Its strength is the server's to judge.
///
/// # Errors
/// The sentence to show under the field.
pub fn password_length(text: &str) -> Result<(), String> {
    match text.chars().count() {
        n if n < PASSWORD_MIN => Err(format!("Password must have at least {PASSWORD_MIN} characters; this has {n}.")),
        n if n > PASSWORD_MAX => Err(format!("Password may have at most {PASSWORD_MAX} characters; this has {n}.")),
        _ => Ok(()),
    }
}

/// Checks an organization's name.
///
/// # Errors
/// The sentence to show under the field.
pub fn organization_name(text: &str) -> Result<String, String> {
    field::line("Organization name", text, ORGANIZATION_NAME_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_has_one_written_form() {
        assert_eq!(email("  Ada@Example.COM ").as_deref(), Ok("ada@example.com"));
        assert_eq!(email("a@localhost").as_deref(), Ok("a@localhost"));
    }

    #[test]
    fn what_is_no_email_is_refused() {
        for bad in ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@exa mple.com", "ada@-x.com", "a@b@c.d"] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
        assert!(email(&format!("{}@example.com", "a".repeat(250))).is_err());
    }
}
