//! The one error that people and programs are told. Each says what happened and what to do; causes stay in the log.

use serde::{Deserialize, Serialize};

use crate::{
    Permission,
    field::FieldError,
    key::{KeyAllowance, KeyStatus, KeyView},
    role::RoleHolders,
    whitelist::WhitelistAllowance,
};

/// Why something asked for was not done. Nothing was changed unless the text says so.
///
/// As JSON it is `{"forbidden": {"permission": …}}`, or the word alone. With the word as one more field serde would make
/// the code that reads it, and all that an error can hold, a second time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppError {
    /// No session, or one that has ended.
    #[error("Your session has ended. Sign in to go on.")]
    SignedOut,
    /// Email and password do not belong together. The same words whether the account exists or not.
    #[error("Email or password is wrong.")]
    WrongCredentials,
    /// Too many failed attempts from here.
    #[error("Too many attempts. Try again in {}.", wait(*.retry_after_seconds))]
    TooManyAttempts {
        /// When to come back.
        retry_after_seconds: u64,
    },
    /// Sign-up is not open.
    #[error("Sign-up is closed. Ask an Organization Owner or Admin for an invitation.")]
    SignUpClosed,
    /// The caller's role does not allow it.
    #[error("Your role cannot do this. It needs {permission}; an Organization Admin can grant it.")]
    Forbidden {
        /// What is missing.
        permission: Permission,
    },
    /// What is handed on holds more than whoever hands it on (the ceiling rule).
    #[error("You cannot {what}: it takes {permission}, which you lack yourself.")]
    AboveCeiling {
        /// What was asked for, after "You cannot": `assign Partner Integration`.
        what: String,
        /// The first permission that is missing.
        permission: String,
    },
    /// Only the Owner may do it, and no permission can grant it.
    #[error("Only the Organization Owner can do this.")]
    OwnerOnly,
    /// There has to be an Owner.
    #[error("An organization must have an Owner. Transfer the ownership to another member first.")]
    LastOwner,
    /// The four roles that come with every organization are locked.
    #[error("System roles are locked. Duplicate this one and change the copy.")]
    SystemRoleLocked,
    /// A role in use needs a replacement.
    #[error("This role is held by {}. Choose the role they get instead.", .holders.said())]
    RoleInUse {
        /// Who would be left without a role.
        holders: RoleHolders,
    },
    /// Somebody else changed it since the form was filled.
    #[error(
        "Somebody else changed this {what} in the meantime. Nothing was saved; look at it as it is now and try again."
    )]
    Stale {
        /// `role`, `member`, …
        what: String,
    },
    /// There are as many as there can be.
    #[error("There can be at most {limit} {what}. Remove some that are not needed.")]
    TooMany {
        /// `custom roles`, `open invitations`, …
        what: String,
        /// How many.
        limit: u64,
    },
    /// The invitation's link does not work, or no longer.
    #[error(
        "This invitation is not valid. It was used, withdrawn or sent again, or its seven days are over. Ask whoever invited you for a new one."
    )]
    InvitationGone,
    /// The invitation is for somebody else than the person who is signed in.
    #[error("This invitation is for {invited}, and you are signed in as {signed_in}. Sign out first.")]
    InvitationForAnother {
        /// Whom it is for.
        invited: String,
        /// Who is signed in.
        signed_in: String,
    },
    /// The account is fine but belongs nowhere.
    #[error("Your account belongs to no organization any more. Ask an Organization Owner or Admin for an invitation.")]
    NoOrganization,
    /// The browser says the request was started by another site.
    #[error("This request came from another site and was refused. Reload the page and try again.")]
    CrossSite,
    /// No such thing, or none that the caller may know of.
    #[error("There is no such {what} in this organization.")]
    NotFound {
        /// `API key`, `role`, …
        what: String,
    },
    /// Fields were refused.
    #[error("{}", .fields.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join(" "))]
    Invalid {
        /// Each with its sentence.
        fields: Vec<FieldError>,
    },
    /// The request could not be read at all.
    #[error("The request could not be understood: {detail}")]
    BadRequest {
        /// What is wrong with it.
        detail: String,
    },
    /// Somebody else changed the key since the form was filled.
    #[error("Somebody else changed this key in the meantime. Nothing was saved yet.")]
    Conflict {
        /// The key as it is now.
        current: Box<KeyView>,
    },
    /// The key's state does not allow it.
    #[error("{}", not_in_this_state(*.status))]
    WrongState {
        /// The state it is in.
        status: KeyStatus,
    },
    /// The form had been sent before.
    #[error("This form was already sent and has created {}. Its secret cannot be shown again: if you did not see it, revoke that key and create another one.", .key.id)]
    AlreadyCreated {
        /// What the first sending made.
        key: Box<KeyView>,
    },
    /// A second rotation would cut off whoever still uses the first secret.
    #[error(
        "This key is being rotated: its secret before this one works until {}. Finish that first, or end it with this rotation.", .retires_at.exact()
    )]
    RotationRunning {
        /// Until when.
        retires_at: crate::Timestamp,
    },
    /// There is no old secret to retire.
    #[error("This key is not being rotated. It has one secret key, the current one.")]
    NoRotation,
    /// The plan allows no further key.
    #[error(
        "The {} plan allows {} active API keys and you have {}. Revoke unused keys, or raise the plan.",
        .allowance.plan, .allowance.limit.unwrap_or_default(), .allowance.used
    )]
    KeyLimitReached {
        /// The numbers.
        allowance: KeyAllowance,
    },
    /// The plan allows no further entry of the whitelist.
    #[error(
        "The {} plan allows {} whitelisted IPs and you have {}. Remove some that are not needed, or raise the plan.",
        .allowance.plan, .allowance.limit.unwrap_or(crate::whitelist::ENTRIES_MAX), .allowance.used
    )]
    WhitelistFull {
        /// The numbers.
        allowance: WhitelistAllowance,
    },
    /// Switched on, it would refuse everybody.
    #[error("The whitelist is empty: switched on, it refuses every request of every key. Confirm that this is meant.")]
    WhitelistEmpty,
    /// There is something to know first.
    #[error("{} Nothing was saved yet.", .warnings.join(" "))]
    Unsure {
        /// Each a sentence.
        warnings: Vec<String>,
    },
    /// The key is refused from now on, but the change could not be made durable.
    #[error(
        "This server refuses the key from now on, but the change could not be saved and would be lost by a restart. Try again until it succeeds."
    )]
    RefusedButNotSaved,
    /// The database does not answer.
    #[error("The database cannot be reached right now. Nothing was changed; try again in a moment.")]
    Unavailable,
    /// A fault of ours.
    #[error("Something went wrong on our side. If it happens again, report it with the request id {request_id}.")]
    Internal {
        /// Ties the answer to the log.
        request_id: String,
    },
    /// The answer never came.
    #[error("The server could not be reached. Check the connection and try again.")]
    Unreachable,
}

impl AppError {
    /// One refused field.
    #[must_use]
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { fields: vec![FieldError::new(field, message)] }
    }

    /// Changed by somebody else.
    #[must_use]
    pub fn stale(what: &str) -> Self {
        Self::Stale { what: what.to_owned() }
    }

    /// No such thing.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::NotFound { what: what.to_owned() }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::SignedOut | Self::WrongCredentials => 401,
            Self::SignUpClosed
            | Self::Forbidden { .. }
            | Self::AboveCeiling { .. }
            | Self::OwnerOnly
            | Self::SystemRoleLocked
            | Self::InvitationForAnother { .. }
            | Self::NoOrganization
            | Self::CrossSite => 403,
            Self::NotFound { .. } => 404,
            Self::InvitationGone => 410,
            Self::Invalid { .. } => 422,
            Self::BadRequest { .. } => 400,
            Self::Conflict { .. }
            | Self::WrongState { .. }
            | Self::AlreadyCreated { .. }
            | Self::RotationRunning { .. }
            | Self::NoRotation
            | Self::KeyLimitReached { .. }
            | Self::WhitelistFull { .. }
            | Self::WhitelistEmpty
            | Self::Unsure { .. }
            | Self::LastOwner
            | Self::RoleInUse { .. }
            | Self::Stale { .. }
            | Self::TooMany { .. } => 409,
            Self::TooManyAttempts { .. } => 429,
            Self::Internal { .. } => 500,
            Self::RefusedButNotSaved | Self::Unavailable | Self::Unreachable => 503,
        }
    }

    /// The sentence under `field`, if that field was refused.
    #[must_use]
    pub fn on_field(&self, field: &str) -> Option<&str> {
        match self {
            Self::Invalid { fields } => fields.iter().find(|f| f.field == field).map(|f| f.message.as_str()),
            _ => None,
        }
    }
}

fn wait(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

const fn not_in_this_state(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "This key is active already.",
        KeyStatus::Paused => "This key is paused already.",
        KeyStatus::Expired => "This key has expired. Move its date first.",
        KeyStatus::Revoked => "This key was revoked, which is final. Create a new key instead.",
    }
}
