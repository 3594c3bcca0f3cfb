//! Secrets and the decision about them.
//!
//! A verification never reads the database, never writes and never waits: it looks a digest up in a resident
//! [`index`] and compares. The index is fed by the change log ([`applier`]); what verifications leave behind is
//! gathered in memory ([`record`]) and written by a task ([`crate::usage`]).

pub mod allowance;
pub(crate) mod applier;
pub mod credential;
pub(crate) mod decide;
mod flood;
pub(crate) mod index;
mod load;
pub mod network;
pub(crate) mod pepper;
pub(crate) mod record;
pub mod secret;
pub(crate) mod tally;
pub(crate) mod totals;

use std::{net::IpAddr, sync::Arc};

use shared::{Grants, KeyId, OrganizationId, Permission, RoleId, Timestamp, verify::Refusal};
use smallvec::SmallVec;

pub use self::decide::RoleState;
use self::{
    allowance::{Allowance, Standing},
    decide::{Asked, Records, decide, is_reported},
    flood::Flood,
    index::Index,
    pepper::Peppers,
    record::{Allowed, Recorder},
    secret::WellFormed,
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
    /// The dotted name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(permission) => permission.name(),
            Self::Own(name) => name,
        }
    }

    /// Reads a dotted name. Every text is a question one may ask.
    #[must_use]
    pub fn read(name: &str) -> Self {
        name.parse().map_or_else(|_| Self::Own(name.to_owned()), Self::Known)
    }

    pub(crate) fn is_held_by(&self, held: &Grants) -> bool {
        match self {
            Self::Known(permission) => held.holds(*permission),
            Self::Own(name) => held.holds_own(name),
        }
    }
}

/// What a request wants to do, and from where.
#[derive(Debug, Clone, Default)]
pub struct Question<'q> {
    /// All of these are needed.
    pub permissions: SmallVec<[AskedPermission; 1]>,
    /// `None`: not known, which no address list allows.
    pub address: Option<IpAddr>,
    /// Only keys of this organization; any other is unknown.
    pub organization: Option<OrganizationId>,
    /// Whoever sends too many secrets that nobody issued is not listened to for a while. `None`: nobody is to blame.
    pub blamed: Option<IpAddr>,
    /// What the client says it is.
    pub user_agent: Option<&'q str>,
    /// Ties a refusal that is shown later to the answer that was given.
    pub request_id: &'q str,
}

impl Question<'_> {
    /// `ip.lookup orders.read`
    fn permissions_in_words(&self) -> String {
        self.permissions.iter().map(AskedPermission::name).collect::<Vec<_>>().join(" ")
    }
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
    /// How often it may ask still. Nothing is said when it was refused for another reason.
    pub standing: Standing,
}

/// The answer to a verification.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// `Ok`: allowed.
    pub outcome: Result<(), Refusal>,
    /// Set when the secret was genuine, allowed or not.
    pub holder: Option<Holder>,
}

/// The peppers, the index, and what verifications leave behind.
#[derive(Debug)]
pub(crate) struct Keyring {
    pub(crate) peppers: Peppers,
    pub(crate) index: Index,
    pub(crate) recorder: Recorder,
    flood: Flood,
}

impl Keyring {
    pub(crate) fn new(peppers: Peppers) -> Self {
        Self { peppers, index: Index::default(), recorder: Recorder::default(), flood: Flood::default() }
    }

    /// Decides about `presented`: what the request's credentials turned out to be.
    pub(crate) fn verify(
        &self,
        presented: Result<WellFormed<'_>, Refusal>,
        question: &Question<'_>,
        now: Timestamp,
    ) -> Verdict {
        presented.and_then(|secret| self.judge(secret, question, now)).unwrap_or_else(|refusal| {
            self.recorder.note_stranger(refusal);
            Verdict { outcome: Err(refusal), holder: None }
        })
    }

    /// The verdict about a genuine secret.
    ///
    /// # Errors
    /// What is said to whoever has none.
    fn judge(&self, secret: WellFormed<'_>, question: &Question<'_>, now: Timestamp) -> Result<Verdict, Refusal> {
        if self.flood.refuses(question.blamed, secret, now) {
            return Err(Refusal::TooManyAttempts);
        }
        // The current pepper comes first: almost every secret was made with it.
        let Some(found) = self.peppers.all().find_map(|pepper| self.index.find(&pepper.digest(secret))) else {
            self.flood.note_unknown(question.blamed, now);
            return Err(Refusal::Unknown);
        };
        self.flood.note_genuine(secret);
        let owner = found.cell.organization();
        let (key, organization) = (found.cell.state(), owner.state());
        let records = Records {
            key: &key,
            held: found.held,
            retires_at: found.retires_at,
            organization_id: owner.id(),
            organization: &organization,
            requests_this_month: organization.monthly_requests.map_or(0, |_| owner.requests_in(now)),
        };
        let allowance =
            Allowance { key: key.limits.as_deref(), organization: owner, monthly: organization.monthly_requests };
        // Last of all, so that whatever is refused is counted against no limit.
        let outcome = decide(&records, &Asked { question, now }).and_then(|()| allowance.charge(now));
        let standing = match outcome {
            Ok(()) | Err(Refusal::LimitExceeded) => allowance.standing(now),
            Err(Refusal::Unknown) => return Err(Refusal::Unknown),
            Err(_) => Standing::default(),
        };
        let noted = outcome.map(|()| Allowed { reported: is_reported(&organization, question) });
        self.recorder.note(&found, question, noted, now);
        let holder = Holder {
            key: found.key,
            organization: owner.id(),
            role_id: key.role,
            role: organization.roles.get(&key.role).cloned().unwrap_or_default(),
            standing,
        };
        Ok(Verdict { outcome, holder: Some(holder) })
    }
}
