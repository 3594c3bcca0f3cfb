//! Secrets and the decision about them.
//!
//! A verification never reads the database, never writes and never waits: it looks a digest up in a resident
//! [`index`] and compares. The index is fed by the change log ([`applier`]); what verifications leave behind is
//! gathered in memory and written by a task ([`usage`]).

pub(crate) mod applier;
pub mod credential;
pub(crate) mod decide;
pub(crate) mod index;
pub(crate) mod network;
pub(crate) mod pepper;
pub mod secret;
pub(crate) mod usage;

use std::{net::IpAddr, sync::Arc};

use shared::{KeyId, OrganizationId, Permission, RoleId, Timestamp, verify::Refusal};

pub use self::decide::RoleState;
use self::{
    decide::{Asked, Records, decide},
    index::{Index, SecretEntry},
    pepper::Peppers,
    secret::WellFormed,
    usage::Usage,
};

/// A permission that a request asks for, read once at the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedPermission {
    /// One of the catalogue.
    Known(Permission),
    /// Any other name: held by the roles that were given an application permission of this name.
    Own(String),
}

impl AskedPermission {
    /// Reads a dotted name. Every text is a question one may ask.
    #[must_use]
    pub fn read(name: &str) -> Self {
        name.parse().map_or_else(|_| Self::Own(name.to_owned()), Self::Known)
    }
}

/// What a request wants to do, and from where.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// All of these are needed.
    pub permissions: Vec<AskedPermission>,
    /// `None`: not known, which no address list allows.
    pub address: Option<IpAddr>,
    /// Only keys of this organization; any other is unknown.
    pub organization: Option<OrganizationId>,
}

/// Whoever holds a genuine secret.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The key.
    pub key: KeyId,
    /// Its owner.
    pub organization: OrganizationId,
    /// Which role it has.
    pub role_id: RoleId,
    /// That role. Without name and permissions should it be gone.
    pub role: Arc<RoleState>,
}

/// The answer to a verification.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// `Ok`: allowed.
    pub outcome: Result<(), Refusal>,
    /// Set when the secret was genuine, allowed or not.
    pub holder: Option<Holder>,
}

impl Verdict {
    fn refused(refusal: Refusal) -> Self {
        Self { outcome: Err(refusal), holder: None }
    }
}

/// The peppers, the index, and what verifications leave behind.
#[derive(Debug)]
pub(crate) struct Keyring {
    pub(crate) peppers: Peppers,
    pub(crate) index: Index,
    pub(crate) usage: Usage,
}

impl Keyring {
    pub(crate) fn new(peppers: Peppers) -> Self {
        Self { peppers, index: Index::default(), usage: Usage::default() }
    }

    /// Decides about `presented`: what the request's credentials turned out to be.
    pub(crate) fn verify(
        &self,
        presented: Result<WellFormed<'_>, Refusal>,
        question: &Question,
        now: Timestamp,
    ) -> Verdict {
        let entry = match presented {
            Ok(secret) => self.find(secret),
            Err(refusal) => return Verdict::refused(refusal),
        };
        let Some(entry) = entry else { return Verdict::refused(Refusal::Unknown) };
        let slot = entry.key();
        let (key, organization) = (slot.state(), slot.organization().state());
        let records = Records {
            key: &key,
            held: slot.held(),
            retires_at: entry.retires_at(),
            organization_id: slot.organization().id(),
            organization: &organization,
            requests_this_month: slot.organization().requests_in(now),
        };
        let asked = Asked { question, now };
        let outcome = decide(&records, &asked);
        if outcome == Err(Refusal::Unknown) {
            return Verdict::refused(Refusal::Unknown);
        }
        if outcome.is_ok() {
            slot.organization().count_request(now);
            if let Some(address) = question.address {
                self.usage.note(&entry, now, address);
            }
        }
        let holder = Holder {
            key: slot.id(),
            organization: slot.organization().id(),
            role_id: key.role,
            role: organization.roles.get(&key.role).cloned().unwrap_or_default(),
        };
        Verdict { outcome, holder: Some(holder) }
    }

    /// The entry of a genuine secret. The current pepper comes first: almost every secret was made with it.
    fn find(&self, secret: WellFormed<'_>) -> Option<Arc<SecretEntry>> {
        self.peppers.all().find_map(|pepper| self.index.find(&pepper.digest(secret)))
    }
}
