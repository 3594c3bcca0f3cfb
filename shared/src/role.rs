//! Roles: named sets of permissions. A key has exactly one; a member may have several.

use serde::{Deserialize, Serialize};

use crate::{
    KeyId, MemberId, Permission, PermissionSet, RoleId, field,
    permission::{ApplicationPermission, Grants},
};

/// How long a role's name may be, in characters after trimming.
pub const NAME_MAX: usize = 60;
/// How long a role's description may be, in characters after trimming.
pub const DESCRIPTION_MAX: usize = 200;
/// How long a search text may be; more is cut off.
pub const SEARCH_MAX: usize = 100;
/// How many roles of its own an organization may have.
pub const CUSTOM_ROLES_MAX: usize = 200;
/// How many of the keys that hold a role its page lists; the table of keys, filtered by role, has all.
pub const HOLDERS_SHOWN: usize = 20;

/// Checks a role's name.
///
/// # Errors
/// The sentence to show under the field.
pub fn name(text: &str) -> Result<String, String> {
    field::line("Role Name", text, NAME_MAX)
}

/// Checks a role's description; empty means none.
///
/// # Errors
/// The sentence to show under the field.
pub fn description(text: &str) -> Result<String, String> {
    field::optional_line("Description", text, DESCRIPTION_MAX).map(Option::unwrap_or_default)
}

/// The four roles every organization starts with. Their names and permissions are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SystemRole {
    /// Everything; exactly one member has it, and it is handed on by ownership transfer only.
    Owner,
    /// Everything but ownership transfer.
    Admin,
    /// Sees keys and usage.
    Member,
    /// For keys: calls the protected API and nothing else.
    ApiClient,
}

impl SystemRole {
    /// All four, most powerful first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Member, Self::ApiClient];

    /// The name pages show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "Organization Owner",
            Self::Admin => "Organization Admin",
            Self::Member => "Organization Member",
            Self::ApiClient => "API Client",
        }
    }

    /// One line for whoever picks a role.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Owner => "Everything. Exactly one member is the Owner; no key can be.",
            Self::Admin => "Everything except handing on the ownership.",
            Self::Member => "Sees the API keys and the usage, and changes nothing.",
            Self::ApiClient => "Calls the IPAware API and nothing else. Right for almost every key.",
        }
    }

    /// The word the database stores.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::ApiClient => "api_client",
        }
    }

    /// The inverse of [`Self::code`].
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Whether it also holds every permission that the organization registers for its own application.
    #[must_use]
    pub const fn holds_application_permissions(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// What it may do. This is the policy; the snapshot test prints it as a table.
    #[must_use]
    pub const fn permissions(self) -> PermissionSet {
        match self {
            Self::Owner | Self::Admin => PermissionSet::ALL,
            Self::Member => PermissionSet::of(&[Permission::KeyView, Permission::UsageView]),
            Self::ApiClient => PermissionSet::of(&[Permission::IpLookup]),
        }
    }
}

/// A role by name, where a row only mentions it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleRef {
    /// Which role.
    pub id: RoleId,
    /// Its name.
    pub name: String,
}

/// A role that somebody may choose for a key, or may not, and then why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChoice {
    /// Which role.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// What it may do.
    pub permissions: Grants,
    /// Why the person looking may not assign it; `None` when they may.
    pub locked: Option<String>,
}

/// A role as the table of roles shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleView {
    /// Which role.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// One line about it; may be empty.
    pub description: String,
    /// Set for the four that come with every organization and cannot be changed.
    pub system: Option<SystemRole>,
    /// Counts the edits; an edit names the version it was made from.
    pub version: i64,
    /// What it may do.
    pub permissions: Grants,
    /// Who holds it.
    pub holders: RoleHolders,
    /// Why the person looking may neither edit nor delete it though their role allows editing: it holds something that
    /// they lack. `None` when they may, and for system roles.
    pub locked: Option<String>,
}

impl RoleView {
    /// Whether a search lets it through: by its name, its description, or what it holds. `wanted` is in lower case.
    #[must_use]
    pub fn matches(&self, wanted: &str) -> bool {
        self.name.to_lowercase().contains(wanted)
            || self.description.to_lowercase().contains(wanted)
            || self.permissions.names().any(|name| name.contains(wanted))
    }
}

/// How many hold a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleHolders {
    /// Keys that are not revoked.
    pub keys: u64,
    /// Members.
    pub members: u64,
    /// Invitations that were not accepted yet.
    pub invitations: u64,
}

impl RoleHolders {
    /// Whether nobody holds it, so that it can be deleted without a replacement.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys == 0 && self.members == 0 && self.invitations == 0
    }

    /// `4 keys and 3 members`, with pending invitations where there are any; `nobody` for none.
    #[must_use]
    pub fn said(&self) -> String {
        let some = |count: u64, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
        let mut parts: Vec<String> = [
            some(self.keys, "key", "keys"),
            some(self.members, "member", "members"),
            some(self.invitations, "pending invitation", "pending invitations"),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (parts.pop(), parts.is_empty()) {
            (None, _) => "nobody".to_owned(),
            (Some(only), true) => only,
            (Some(last), false) => format!("{} and {last}", parts.join(", ")),
        }
    }
}

/// The roles page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleList {
    /// Every role: the system's first, most powerful first, then the organization's own by name.
    pub roles: Vec<RoleView>,
    /// What the organization has registered, by name.
    pub application_permissions: Vec<ApplicationPermission>,
}

/// A role's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDetail {
    /// The role.
    pub role: RoleView,
    /// What the organization has registered, by name.
    pub application_permissions: Vec<ApplicationPermission>,
    /// The newest keys that hold it, at most [`HOLDERS_SHOWN`]; `None` when the person may not see keys.
    pub keys: Option<Vec<KeyHolder>>,
    /// The members who hold it; `None` when the person may not see the team.
    pub members: Option<Vec<MemberHolder>>,
    /// What it can be replaced by when it is deleted.
    pub replacements: Vec<RoleChoice>,
}

/// A key that holds a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyHolder {
    /// Which key.
    pub id: KeyId,
    /// Its name.
    pub name: String,
}

/// A member who holds a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberHolder {
    /// Who.
    pub id: MemberId,
    /// Their email.
    pub email: String,
}

/// What `Create Role` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleCreateParams {
    /// The name, as typed.
    pub name: String,
    /// The description, as typed; may be empty.
    pub description: String,
    /// The names of its permissions.
    pub permissions: Vec<String>,
}

/// What `Save Changes` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleUpdateParams {
    /// Which role.
    pub id: RoleId,
    /// The version the edit was made from.
    pub version: i64,
    /// The name, as typed.
    pub name: String,
    /// The description, as typed; may be empty.
    pub description: String,
    /// The names of all its permissions from now on.
    pub permissions: Vec<String>,
}

/// What `Delete Role` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDeleteParams {
    /// Which role.
    pub id: RoleId,
    /// The version the person has seen.
    pub version: i64,
    /// What its keys, members and invitations get instead; needed when there are any.
    #[serde(default)]
    pub replacement: Option<RoleId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_said_as_people_say_them() {
        let said = |keys, members, invitations| RoleHolders { keys, members, invitations }.said();
        assert_eq!(said(0, 0, 0), "nobody");
        assert_eq!(said(1, 0, 0), "1 key");
        assert_eq!(said(4, 3, 0), "4 keys and 3 members");
        assert_eq!(said(4, 1, 1), "4 keys, 1 member and 1 pending invitation");
    }
}
