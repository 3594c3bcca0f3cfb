//! The permission catalogue: every permission the console itself knows, in groups, with a sentence for the page.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, field};

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

/// The shortest name of an application permission, in characters: `a.b`.
pub const NAME_MIN: usize = 3;
/// The longest name of an application permission, in characters.
pub const NAME_MAX: usize = 64;
/// How long the description of an application permission may be, in characters after trimming.
pub const DESCRIPTION_MAX: usize = 200;
/// How many application permissions an organization may register. Every role's are kept in memory.
pub const APPLICATION_PERMISSIONS_MAX: usize = 200;

/// What the console's own names start with, now and in later versions.
const RESERVED: [&str; 5] = ["api", "audit", "ip", "organization", "usage"];

/// A permission that the organization has registered for its own application. The console knows nothing about it but
/// its name; `verify?permission=…` honours it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationPermission {
    /// Dotted, with the verb last: `orders.read`.
    pub name: String,
    /// What it lets its holder do, in the organization's words.
    pub description: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Checks the name of an application permission.
///
/// # Errors
/// The sentence to show under the field.
pub fn application_permission_name(text: &str) -> Result<String, String> {
    let name = field::line("Name", text, NAME_MAX)?;
    let part_ok = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
    };
    if name.len() < NAME_MIN || !name.contains('.') || !name.split('.').all(part_ok) {
        return Err("Name must be lower-case words joined by dots, such as orders.read.".to_owned());
    }
    match name.split('.').next().filter(|first| RESERVED.contains(first)) {
        Some(first) => Err(format!("Names that start with {first}. belong to the console. Choose another first word.")),
        None => Ok(name),
    }
}

/// Checks the description of an application permission.
///
/// # Errors
/// The sentence to show under the field.
pub fn application_permission_description(text: &str) -> Result<String, String> {
    field::line("Description", text, DESCRIPTION_MAX)
}

/// Everything a role, a member or a key may do: permissions of the catalogue, and the organization's own by name.
///
/// It travels as one flat list of names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Grants {
    catalogue: PermissionSet,
    own: BTreeSet<String>,
}

impl Grants {
    /// Whether `permission` is among them.
    #[must_use]
    pub const fn holds(&self, permission: Permission) -> bool {
        self.catalogue.contains(permission)
    }

    /// Whether the permission of this name is among them.
    #[must_use]
    pub fn holds_name(&self, name: &str) -> bool {
        name.parse().map_or_else(|UnknownPermission| self.own.contains(name), |permission| self.holds(permission))
    }

    /// Whether the organization's own permission of this name is among them. The catalogue is not looked at.
    #[must_use]
    pub fn holds_own(&self, name: &str) -> bool {
        self.own.contains(name)
    }

    /// Whether all of `other` is among them: the ceiling rule.
    #[must_use]
    pub fn contains_all(&self, other: &Self) -> bool {
        self.catalogue.contains_all(other.catalogue) && other.own.is_subset(&self.own)
    }

    /// The first of `other` that is not among them.
    #[must_use]
    pub fn first_lacking<'o>(&self, other: &'o Self) -> Option<&'o str> {
        let of_catalogue = other.catalogue.without(self.catalogue).iter().next().map(Permission::name);
        of_catalogue.or_else(|| other.own.iter().find(|name| !self.own.contains(*name)).map(String::as_str))
    }

    /// Takes all of `other` in.
    pub fn extend(&mut self, other: &Self) {
        self.catalogue = self.catalogue.union(other.catalogue);
        self.own.extend(other.own.iter().cloned());
    }

    /// Takes one in by its name.
    pub fn insert(&mut self, name: &str) {
        match name.parse::<Permission>() {
            Ok(permission) => self.catalogue = self.catalogue.union(PermissionSet::of(&[permission])),
            Err(UnknownPermission) => {
                self.own.insert(name.to_owned());
            }
        }
    }

    /// Leaves one out.
    pub fn remove(&mut self, name: &str) {
        match name.parse::<Permission>() {
            Ok(permission) => self.catalogue = self.catalogue.without(PermissionSet::of(&[permission])),
            Err(UnknownPermission) => {
                self.own.remove(name);
            }
        }
    }

    /// The organization's own, sorted.
    pub fn own(&self) -> impl Iterator<Item = &str> {
        self.own.iter().map(String::as_str)
    }

    /// All names: the catalogue in its order, then the organization's own.
    pub fn names<'g>(&'g self) -> impl Iterator<Item = &'g str> {
        let of_catalogue = self.catalogue.iter().map(|permission| -> &'g str { permission.name() });
        of_catalogue.chain(self.own())
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.catalogue.len() + self.own.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.catalogue.is_empty() && self.own.is_empty()
    }
}

impl From<PermissionSet> for Grants {
    fn from(catalogue: PermissionSet) -> Self {
        Self { catalogue, own: BTreeSet::new() }
    }
}

impl<S: AsRef<str>> FromIterator<S> for Grants {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut grants = Self::default();
        for name in names {
            grants.insert(name.as_ref());
        }
        grants
    }
}

impl From<Vec<String>> for Grants {
    fn from(names: Vec<String>) -> Self {
        names.into_iter().collect()
    }
}

impl From<Grants> for Vec<String> {
    fn from(grants: Grants) -> Self {
        grants.names().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_application_permission_is_dotted_and_not_the_consoles() {
        for good in ["a.b", "orders.read", "orders.line_items.write", "v2.orders-x.read"] {
            assert_eq!(application_permission_name(&format!(" {good} ")).as_deref(), Ok(good));
        }
        for bad in ["", "ab", "orders", "Orders.read", ".read", "orders.", "a..b", "orders read", "1a.b", "orders.*"] {
            assert!(application_permission_name(bad).is_err(), "{bad}");
        }
        assert!(application_permission_name(&format!("a.{}", "b".repeat(NAME_MAX))).is_err());
        // Every name of the catalogue is covered, so no later look-up can confuse the two.
        for permission in Permission::ALL {
            assert!(application_permission_name(permission.name()).is_err(), "{permission}");
        }
    }

    #[test]
    fn grants_compare_catalogue_and_own_names_alike() {
        let mut small: Grants = ["api.key.view", "orders.read"].into_iter().collect();
        let mut large = Grants::from(PermissionSet::ALL);
        assert_eq!(large.first_lacking(&small), Some("orders.read"));
        large.insert("orders.read");
        assert!(large.contains_all(&small) && !small.contains_all(&large));
        assert!(small.holds_name("orders.read") && small.holds_name("api.key.view"));
        small.remove("orders.read");
        assert!(!small.holds_name("orders.read"));
        assert_eq!(serde_json::to_string(&small).expect("json"), r#"["api.key.view"]"#);
    }

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
