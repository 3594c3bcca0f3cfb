//! The audit trail: who changed what, when, from where and why, and who tried what they may not.
//!
//! An entry is written in the transaction of the change it tells of; neither is there without the other. What was
//! refused changes nothing, so its entry follows by itself ([`attempts`]). Each entry carries the hash of the one
//! before, so that a removed or altered entry breaks the chain behind it ([`chain`]).

pub(crate) mod attempts;
pub mod chain;
mod told;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::{Timestamp, audit::Outcome};

pub use self::attempts::Tried;
pub(crate) use self::told::{hex, told};
use crate::{
    authz::Authority,
    db::{
        anydb::Moment,
        column::{Digest32, Id},
        row::{audit::AuditRow, organization::OrganizationRow},
    },
};

/// What is told of one change. Secrets and passwords have no place in it.
#[derive(Debug)]
pub(crate) struct AuditEvent {
    /// Noun and verb: `key.revoke`.
    pub(crate) action: &'static str,
    /// The id of what was changed.
    pub(crate) target: String,
    /// `{"before": …, "after": …}` or whatever else tells the change.
    pub(crate) detail: Value,
}

impl AuditEvent {
    /// Something came into being.
    pub(crate) fn created(action: &'static str, target: impl ToString, after: Value) -> Self {
        Self { action, target: target.to_string(), detail: json!({ "after": after }) }
    }

    /// Something became something else.
    pub(crate) fn changed(action: &'static str, target: impl ToString, before: Value, after: Value) -> Self {
        Self { action, target: target.to_string(), detail: json!({ "before": before, "after": after }) }
    }
}

/// What an entry says by itself, whoever did it.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) outcome: Outcome,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) detail: Value,
}

impl From<AuditEvent> for Said {
    fn from(event: AuditEvent) -> Self {
        let AuditEvent { action, target, detail } = event;
        Self { outcome: Outcome::Done, action: action.to_owned(), target, detail }
    }
}

impl Said {
    /// The row that follows the head of `organization`'s chain.
    pub(crate) fn into_row(self, authority: &Authority, organization: &OrganizationRow, now: Timestamp) -> AuditRow {
        let mut row = AuditRow {
            organization_id: Id(authority.organization),
            seq: organization.audit_seq + 1,
            at: Moment(now),
            actor: authority.actor.id(),
            actor_label: authority.actor.to_string(),
            action: self.action,
            target: self.target,
            detail: self.detail.to_string(),
            address: authority.request.address.map(|address| address.to_string()),
            user_agent: authority.request.user_agent.clone(),
            request_id: authority.request.request_id.clone(),
            previous_hash: organization.audit_hash,
            hash: Digest32([0; 32]),
            outcome: self.outcome.code().to_owned(),
        };
        row.hash = Digest32(chain_hash(&row));
        row
    }
}

/// SHA-256 over every field in turn, each with its length before it, so that no two entries give the same bytes.
pub(crate) fn chain_hash(row: &AuditRow) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(&row.previous_hash.0);
    field(row.organization_id.0.to_string().as_bytes());
    field(&row.seq.to_be_bytes());
    field(&row.at.0.micros().to_be_bytes());
    for text in [&row.actor, &row.actor_label, &row.action, &row.target, &row.detail, &row.request_id] {
        field(text.as_bytes());
    }
    for text in [&row.address, &row.user_agent] {
        // An absent text and an empty one are not the same.
        field(text.as_ref().map_or_else(|| b"-".to_vec(), |text| format!("+{text}").into_bytes()).as_slice());
    }
    // Came later: what was done is hashed as before, so that older entries stay valid. One field more is another text.
    if row.outcome != Outcome::Done.code() {
        field(row.outcome.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use shared::OrganizationId;

    use super::*;

    fn hash_of(outcome: Outcome) -> String {
        let row = AuditRow {
            organization_id: Id(OrganizationId::from_bits(1)),
            seq: 1,
            at: Moment(Timestamp::from_micros(1_795_446_245_000_000)),
            actor: "mem_1".to_owned(),
            actor_label: "ada@example.com".to_owned(),
            action: "key.revoke".to_owned(),
            target: "key_1".to_owned(),
            detail: "{}".to_owned(),
            address: Some("203.0.113.9".to_owned()),
            user_agent: None,
            request_id: "req_1".to_owned(),
            previous_hash: Digest32([0; 32]),
            hash: Digest32([0; 32]),
            outcome: outcome.code().to_owned(),
        };
        hex(&chain_hash(&row))
    }

    /// Worked out apart from this code. Another hash would break every trail there is.
    #[test]
    fn a_hash_is_what_it_was_before_there_were_outcomes() {
        assert_eq!(hash_of(Outcome::Done), "1503724633642d4a80e00f5d9cdeb4cb7a701bf0fd09f1bc0c090bd255559043");
        assert_eq!(hash_of(Outcome::Refused), "f9a4ec44c00cfe9ca27144c6dbe0c929b788f6d0576627e44fe9f91db9b40f49");
    }
}
