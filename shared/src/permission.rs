//! The permission catalogue: every permission the console itself knows, in groups, with a sentence for the page.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! catalogue {
    ($($group:ident { $($variant:ident = $name:literal, $says:literal;)* })*) => {
        /// One thing somebody may do. The name is dotted, with the verb last.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission {
            $($(#[doc = $says] #[serde(rename = $name)] $variant,)*)*
        }

        impl Permission {
            /// The whole catalogue, in the order in which pages show it.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// The dotted name: `api.key.create`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }

            /// What it lets its holder do, in one sentence.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $($(Self::$variant => $says,)*)* }
            }

            /// Under which heading pages show it.
            #[must_use]
            pub const fn group(self) -> PermissionGroup {
                match self { $($(Self::$variant => PermissionGroup::$group,)*)* }
            }
        }
    };
}

catalogue! {
    ApiKeys {
        KeyView = "api.key.view", "See the API keys and their details.";
        KeyCreate = "api.key.create", "Create API keys.";
        KeyUpdate = "api.key.update", "Edit, pause and resume API keys.";
        KeyDelete = "api.key.delete", "Revoke API keys, for good.";
    }
    Verification {
        KeyVerify = "api.key.verify", "Ask whether another party's secret is allowed.";
    }
    Roles {
        RoleView = "organization.role.view", "See the roles and their permissions.";
        RoleCreate = "organization.role.create", "Create roles.";
        RoleUpdate = "organization.role.update", "Edit roles.";
        RoleDelete = "organization.role.delete", "Delete roles.";
    }
    Team {
        MemberView = "organization.member.view", "See the members and invitations.";
        Invite = "organization.invite", "Invite people.";
        MemberUpdate = "organization.member.update", "Change the roles of members.";
        MemberRemove = "organization.member.remove", "Remove members.";
    }
    Whitelist {
        WhitelistView = "organization.whitelist.view", "See the IP whitelist.";
        WhitelistCreate = "organization.whitelist.create", "Add addresses to the whitelist.";
        WhitelistUpdate = "organization.whitelist.update", "Edit the whitelist and switch it on or off.";
        WhitelistDelete = "organization.whitelist.delete", "Remove addresses from the whitelist.";
    }
    Organization {
        OrganizationView = "organization.view", "See the organization's settings.";
        OrganizationUpdate = "organization.update", "Change the organization's settings.";
    }
    Insight {
        UsageView = "usage.view", "See usage and statistics.";
        AuditView = "audit.view", "Read the audit trail.";
    }
    IpAwareApi {
        IpLookup = "ip.lookup", "Look up IP addresses through the API.";
    }
}

/// A heading of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PermissionGroup {
    /// Managing keys.
    ApiKeys,
    /// Asking about secrets.
    Verification,
    /// Managing roles.
    Roles,
    /// Managing people.
    Team,
    /// Managing the organization's IP list.
    Whitelist,
    /// The organization itself.
    Organization,
    /// Usage and audit.
    Insight,
    /// The protected API.
    IpAwareApi,
}

impl PermissionGroup {
    /// The heading as pages show it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ApiKeys => "API keys",
            Self::Verification => "Verification",
            Self::Roles => "Roles",
            Self::Team => "Team",
            Self::Whitelist => "Whitelist",
            Self::Organization => "Organization",
            Self::Insight => "Insight",
            Self::IpAwareApi => "IPAware API",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no permission of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such permission")]
pub struct UnknownPermission;

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.iter().copied().find(|p| p.name() == text).ok_or(UnknownPermission)
    }
}

/// A set of catalogue permissions, as one word of bits: checking one costs a mask.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Permission>", into = "Vec<Permission>")]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// Nothing at all.
    pub const EMPTY: Self = Self(0);
    /// The whole catalogue.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// Exactly these.
    #[must_use]
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = permissions;
        while let [first, tail @ ..] = rest {
            bits |= 1 << *first as u64;
            rest = tail;
        }
        Self(bits)
    }

    /// Whether `permission` is among them.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// Whether all of `other` is among them: the ceiling rule in one comparison.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Those of `self` that `other` lacks.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In the catalogue's order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |p| self.contains(*p))
    }

    /// How many.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::EMPTY, |set, p| set.union(Self::of(&[p])))
    }
}

impl From<Vec<Permission>> for PermissionSet {
    fn from(permissions: Vec<Permission>) -> Self {
        permissions.into_iter().collect()
    }
}

impl From<PermissionSet> for Vec<Permission> {
    fn from(set: PermissionSet) -> Self {
        set.iter().collect()
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_fits_the_set() {
        for permission in Permission::ALL {
            assert_eq!(permission.name().parse(), Ok(*permission));
            assert!(PermissionSet::ALL.contains(*permission));
            assert!(!PermissionSet::ALL.without(PermissionSet::of(&[*permission])).contains(*permission));
        }
        assert_eq!(PermissionSet::ALL.len(), Permission::ALL.len());
    }

    #[test]
    fn a_set_travels_as_a_list_of_names() {
        let set = PermissionSet::of(&[Permission::IpLookup, Permission::KeyView]);
        let json = serde_json::to_string(&set).expect("json");
        assert_eq!(json, r#"["api.key.view","ip.lookup"]"#);
        assert_eq!(serde_json::from_str::<PermissionSet>(&json).expect("set"), set);
    }
}
