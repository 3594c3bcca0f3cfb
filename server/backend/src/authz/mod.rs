//! Who may do what. Only this module makes a [`Permit`], and every change asks for one.

mod held;

use std::{fmt, marker::PhantomData};

use shared::{AppError, Grants, KeyId, MemberId, OrganizationId, Permission, SessionId, role::RoleChoice};

pub(crate) use self::held::{Held, held, held_by_member};
use crate::{context::RequestInfo, repeat::Once};

/// A kind of operation, and the permission that it takes.
pub trait Operation {
    /// What the caller's roles must hold; `None` for what everybody may do with their own account.
    const PERMISSION: Option<Permission>;
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident $(= $permission:ident)?;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Operation for $name {
            const PERMISSION: Option<Permission> = operations!(@permission $($permission)?);
        }
    )*
        /// Every operation by name, for the table of the policy.
        #[cfg(test)]
        const OPERATIONS: &[(&str, Option<Permission>)] =
            &[$((stringify!($name), operations!(@permission $($permission)?)),)*];
    };
    (@permission $permission:ident) => { Some(Permission::$permission) };
    (@permission) => { None };
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
    /// Containing a compromised one. To make another, or another secret, takes the permission for that as well.
    KeyContain = KeyDelete;
    /// Looking at roles and application permissions.
    RoleRead = RoleView;
    /// Making a role, registering an application permission.
    RoleCreate = RoleCreate;
    /// Editing a role, describing an application permission.
    RoleUpdate = RoleUpdate;
    /// Deleting a role, removing an application permission.
    RoleDelete = RoleDelete;
    /// Looking at members and invitations.
    MemberRead = MemberView;
    /// Inviting, and whatever is done with an invitation until it is accepted.
    Invite = Invite;
    /// Giving a member other roles.
    MemberUpdate = MemberUpdate;
    /// Removing a member.
    MemberRemove = MemberRemove;
    /// Looking at the whitelist, and at whom it would refuse.
    WhitelistRead = WhitelistView;
    /// Adding addresses to it.
    WhitelistCreate = WhitelistCreate;
    /// Editing its entries, switching it on and off.
    WhitelistUpdate = WhitelistUpdate;
    /// Removing addresses from it.
    WhitelistDelete = WhitelistDelete;
    /// Looking at the organization's plan and what it uses.
    OrganizationRead = OrganizationView;
    /// Renaming the organization.
    OrganizationUpdate = OrganizationUpdate;
    /// Looking at how much is used, and at what is refused and why.
    UsageRead = UsageView;
    /// Reading the audit trail.
    AuditRead = AuditView;
    /// Looking at alerts, and at what is set about them.
    AlertRead = UsageView;
    /// Acknowledging alerts, setting when there are any, and webhooks.
    AlertUpdate = OrganizationUpdate;
    /// Muting a key.
    AlertMute = KeyUpdate;
    /// Whatever people do with their own account: password, sessions, leaving. Handing on the ownership, too: no
    /// permission can grant that, the operation itself asks for the Owner.
    OwnAccount;
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
    /// Somebody who has not shown who they are, and says to be this person.
    Stranger {
        /// Whose email they gave.
        email: String,
    },
}

impl Actor {
    /// The id in the audit trail.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Member { id, .. } => id.to_string(),
            Self::Key { id, .. } => id.to_string(),
            Self::Operator => "operator".to_owned(),
            Self::Stranger { .. } => "stranger".to_owned(),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { email, .. } => f.write_str(email),
            Self::Key { id, name } => write!(f, "{name} ({id})"),
            Self::Operator => f.write_str("the operator"),
            Self::Stranger { email } => write!(f, "somebody as {email}"),
        }
    }
}

/// Who acts, in which organization, in the course of which request.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    pub(crate) organization: OrganizationId,
    pub(crate) actor: Actor,
    /// The session that a person's request came with.
    pub(crate) session: Option<SessionId>,
    /// Set when the request may be sent again and shall be carried out once.
    pub(crate) once: Option<Once>,
    pub(crate) request: RequestInfo,
}

impl Authority {
    /// A member before they have a session in this organization: they sign in, join, or come from another one.
    pub(crate) fn of_member(organization: OrganizationId, id: MemberId, email: &str, request: &RequestInfo) -> Self {
        Self {
            organization,
            actor: Actor::Member { id, email: email.to_owned() },
            session: None,
            once: None,
            request: request.clone(),
        }
    }

    /// The person who acts: their place in the organization, and their email.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for everybody else: they have no account of their own.
    pub(crate) fn person(&self) -> Result<(MemberId, &str), AppError> {
        match &self.actor {
            Actor::Member { id, email } => Ok((*id, email)),
            Actor::Key { .. } | Actor::Operator | Actor::Stranger { .. } => Err(AppError::SignedOut),
        }
    }

    /// The member who acts.
    ///
    /// # Errors
    /// As [`Self::person`].
    pub(crate) fn member(&self) -> Result<MemberId, AppError> {
        self.person().map(|(id, _)| id)
    }
}

/// Proof that somebody may do `O`, and where. Operations take the organization from here and from nowhere else, so
/// they cannot reach into another tenant.
#[derive(Debug)]
#[must_use]
pub struct Permit<O> {
    authority: Authority,
    grants: Grants,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Permit<O> {
    /// The one way to a permit.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] names the permission that is missing.
    pub(crate) fn grant(authority: &Authority, grants: &Grants) -> Result<Self, AppError> {
        match O::PERMISSION.filter(|permission| !grants.holds(*permission)) {
            None => Ok(Self { authority: authority.clone(), grants: grants.clone(), operation: PhantomData }),
            Some(permission) => {
                tracing::warn!(
                    request_id = authority.request.request_id,
                    organization = %authority.organization,
                    actor = authority.actor.id(),
                    %permission,
                    "refused: the permission is missing"
                );
                Err(AppError::Forbidden { permission })
            }
        }
    }

    pub(crate) const fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) const fn organization(&self) -> OrganizationId {
        self.authority.organization
    }

    /// What the caller may do, as it was when the permit was made. A change is judged by what they may do when it is
    /// made: [`crate::db::tx::WriteTx::check_ceiling`].
    pub(crate) const fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The ceiling rule for a page that shows a role before anybody picks it.
    pub(crate) fn lock_above_ceiling(&self, choice: RoleChoice) -> RoleChoice {
        match check_ceiling(&self.grants, &format!("assign {}", choice.name), &choice.permissions) {
            Err(error) if choice.locked.is_none() => RoleChoice { locked: Some(error.to_string()), ..choice },
            _ => choice,
        }
    }
}

/// The ceiling rule: nobody hands on, or shapes, what holds a permission that they lack themselves. `what` is what they
/// want to do, said after "You cannot".
pub(crate) fn check_ceiling(held: &Grants, what: &str, needed: &Grants) -> Result<(), AppError> {
    match held.first_lacking(needed) {
        None => Ok(()),
        Some(permission) => Err(AppError::AboveCeiling { what: what.to_owned(), permission: permission.to_owned() }),
    }
}

#[cfg(test)]
mod policy_test;
