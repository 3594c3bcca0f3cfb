//! Webhooks, the messages to them, and every try.

use diesel::prelude::{Insertable, Queryable, Selectable};
use shared::{
    DeliveryId, OrganizationId, WebhookId,
    webhook::{AttemptView, DeliveryStatus, DeliveryView, WebhookStatus, WebhookView},
};

use super::alert::kinds_of;
use crate::{
    db::{
        anydb::Moment,
        column::Id,
        schema::{webhook_attempts, webhook_deliveries, webhooks},
    },
    failure::Failure,
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhooks, treat_none_as_default_value = false)]
pub(crate) struct WebhookRow {
    pub(crate) id: Id<WebhookId>,
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) kinds: String,
    pub(crate) status: String,
    pub(crate) disabled_because: Option<String>,
    pub(crate) failing_since_at: Option<Moment>,
    pub(crate) serial: i64,
    pub(crate) pepper: i64,
    pub(crate) previous_pepper: Option<i64>,
    pub(crate) previous_until_at: Option<Moment>,
    pub(crate) version: i64,
    pub(crate) created_at: Moment,
    pub(crate) created_by: String,
}

impl WebhookRow {
    /// The stored word, as the closed type.
    pub(crate) fn status(&self) -> Result<WebhookStatus, Failure> {
        WebhookStatus::from_code(&self.status)
            .ok_or_else(|| Failure::broken(format!("{} has status {}", self.id.0, self.status)))
    }

    /// The webhook as people see it.
    pub(crate) fn view(self) -> Result<WebhookView, Failure> {
        Ok(WebhookView {
            id: self.id.0,
            status: self.status()?,
            url: self.url,
            description: self.description,
            kinds: kinds_of(&self.kinds),
            disabled_because: self.disabled_because,
            failing_since: self.failing_since_at.map(|at| at.0),
            previous_secret_until: self.previous_until_at.map(|at| at.0),
            version: self.version,
            created_at: self.created_at.0,
            created_by: self.created_by,
        })
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
pub(crate) struct DeliveryRow {
    pub(crate) id: Id<DeliveryId>,
    pub(crate) webhook_id: Id<WebhookId>,
    pub(crate) event: String,
    pub(crate) body: String,
    pub(crate) status: String,
    pub(crate) attempts: i64,
    pub(crate) tries: i64,
    pub(crate) next_at: Moment,
    pub(crate) created_at: Moment,
}

impl DeliveryRow {
    /// The message as people see it.
    pub(crate) fn view(self, attempts: Vec<AttemptView>) -> Result<DeliveryView, Failure> {
        let status = DeliveryStatus::from_code(&self.status)
            .ok_or_else(|| Failure::broken(format!("{} has status {}", self.id.0, self.status)))?;
        Ok(DeliveryView {
            id: self.id.0,
            event: self.event,
            status,
            created_at: self.created_at.0,
            next_at: (status == DeliveryStatus::Queued).then_some(self.next_at.0),
            attempts,
        })
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_attempts, treat_none_as_default_value = false)]
pub(crate) struct AttemptRow {
    pub(crate) delivery_id: Id<DeliveryId>,
    pub(crate) number: i64,
    pub(crate) started_at: Moment,
    pub(crate) took_ms: i64,
    pub(crate) status: Option<i64>,
    pub(crate) problem: Option<String>,
    pub(crate) answer: Option<String>,
}

impl From<AttemptRow> for AttemptView {
    fn from(row: AttemptRow) -> Self {
        Self {
            at: row.started_at.0,
            took_ms: u64::try_from(row.took_ms).unwrap_or(0),
            status: row.status.and_then(|status| u16::try_from(status).ok()),
            problem: row.problem,
            answer: row.answer,
        }
    }
}
