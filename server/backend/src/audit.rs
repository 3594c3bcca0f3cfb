//! The audit trail: who changed what, when, from where and why.
//!
//! An entry is written in the transaction of the change it tells of; neither is there without the other. Each entry
//! carries the hash of the one before, so that a removed or altered entry breaks the chain behind it.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::Timestamp;

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

    /// The row that follows the head of `organization`'s chain.
    pub(crate) fn into_row(self, authority: &Authority, organization: &OrganizationRow, now: Timestamp) -> AuditRow {
        let mut row = AuditRow {
            organization_id: Id(authority.organization),
            seq: organization.audit_seq + 1,
            at: Moment(now),
            actor: authority.actor.id(),
            actor_label: authority.actor.to_string(),
            action: self.action.to_owned(),
            target: self.target,
            detail: self.detail.to_string(),
            address: authority.request.address.map(|address| address.to_string()),
            user_agent: authority.request.user_agent.clone(),
            request_id: authority.request.request_id.clone(),
            previous_hash: organization.audit_hash,
            hash: Digest32([0; 32]),
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
    hash.finalize().into()
}
