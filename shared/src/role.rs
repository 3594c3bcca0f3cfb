//! Roles: named sets of permissions. A key has exactly one; a member may have several.

use serde::{Deserialize, Serialize};

use crate::{Permission, PermissionSet, RoleId};

/// The four roles every organization starts with. Their names and permissions are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    pub permissions: PermissionSet,
    /// Why the person looking may not assign it; `None` when they may.
    pub locked: Option<String>,
}
