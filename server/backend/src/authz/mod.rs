//! Who may do what. Only this module makes a [`Permit`], and every change asks for one.

use std::{fmt, marker::PhantomData};

use shared::{AppError, KeyId, MemberId, OrganizationId, Permission, PermissionSet, role::RoleChoice};

use crate::context::RequestInfo;

/// A kind of operation, and the permission that it takes.
pub trait Operation {
    /// What the caller's roles must hold.
    const PERMISSION: Permission;
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $permission:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Operation for $name {
            const PERMISSION: Permission = Permission::$permission;
        }
    )*};
}

operations! {
    /// Looking at keys.
    KeyRead = KeyView;
    /// Making one.
    KeyCreate = KeyCreate;
    /// Editing, pausing, resuming.
    KeyUpdate = KeyUpdate;
    /// Revoking.
    KeyDelete = KeyDelete;
}

/// Whoever does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    Member {
        /// Their place in the organization.
        id: MemberId,
        /// How they sign in.
        email: String,
    },
    /// An application, by its key.
    Key {
        /// Which.
        id: KeyId,
        /// Its name at that moment.
        name: String,
    },
    /// Whoever runs the server, at its command line.
    Operator,
}

impl Actor {
    /// The id in the audit trail.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Member { id, .. } => id.to_string(),
            Self::Key { id, .. } => id.to_string(),
            Self::Operator => "operator".to_owned(),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { email, .. } => f.write_str(email),
            Self::Key { id, name } => write!(f, "{name} ({id})"),
            Self::Operator => f.write_str("the operator"),
        }
    }
}

/// Who acts, in which organization, in the course of which request.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    pub(crate) organization: OrganizationId,
    pub(crate) actor: Actor,
    pub(crate) request: RequestInfo,
}

/// Proof that somebody may do `O`, and where. Operations take the organization from here and from nowhere else, so
/// they cannot reach into another tenant.
#[derive(Debug)]
#[must_use]
pub struct Permit<O> {
    authority: Authority,
    permissions: PermissionSet,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Permit<O> {
    /// The one way to a permit.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] names the permission that is missing.
    pub(crate) fn grant(authority: &Authority, permissions: PermissionSet) -> Result<Self, AppError> {
        if permissions.contains(O::PERMISSION) {
            Ok(Self { authority: authority.clone(), permissions, operation: PhantomData })
        } else {
            tracing::warn!(
                request_id = authority.request.request_id,
                organization = %authority.organization,
                actor = authority.actor.id(),
                permission = %O::PERMISSION,
                "refused: the permission is missing"
            );
            Err(AppError::Forbidden { permission: O::PERMISSION })
        }
    }

    pub(crate) const fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) const fn organization(&self) -> OrganizationId {
        self.authority.organization
    }

    /// The ceiling rule: nobody hands on a permission that they lack themselves.
    pub(crate) fn check_ceiling(&self, role_name: &str, role: PermissionSet) -> Result<(), AppError> {
        match role.without(self.permissions).iter().next() {
            None => Ok(()),
            Some(permission) => Err(AppError::AboveCeiling { role: role_name.to_owned(), permission }),
        }
    }

    /// The same rule for a page that shows a role before anybody picks it.
    pub(crate) fn lock_above_ceiling(&self, choice: RoleChoice) -> RoleChoice {
        match self.check_ceiling(&choice.name, choice.permissions) {
            Err(error) if choice.locked.is_none() => RoleChoice { locked: Some(error.to_string()), ..choice },
            _ => choice,
        }
    }
}

#[cfg(test)]
mod policy_test;
