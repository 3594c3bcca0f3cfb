//! Webhooks: messages are queued with the alert that they tell of, and sent after its commit.
//!
//! The format is that of Standard Webhooks (standardwebhooks.com): one id for every try of a message, signatures over
//! id, time and body, and pauses between tries that grow to a day. Several servers on one database share the queue:
//! whoever moves a message's next try into the future sends it. Should that server die in between, the message is sent
//! again after the pause, so it may arrive twice, with the same id, but is not lost.

pub(crate) mod address;
pub(crate) mod secret;
mod transport;

use std::{sync::Arc, time::Duration};

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use shared::{
    DeliveryId, OrganizationId, Timestamp,
    alert::AlertKind,
    webhook::{DeliveryStatus, WebhookStatus},
};
use tokio::sync::Notify;

pub use self::transport::{Internet, Network};
use self::transport::{Message, Outcome};
use crate::{
    Backend,
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::webhook::{AttemptRow, DeliveryRow, WebhookRow},
        schema::{webhook_attempts, webhook_deliveries, webhooks},
    },
    failure::Failure,
    random::fresh_id,
};

/// How long to wait after the first failed try, the second, and so on; after the last one the message has failed.
const PAUSES_SECONDS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// For how long a message belongs to the server that is sending it. Longer than any try takes.
const CLAIM_SECONDS: i64 = 60;
/// How many messages are looked at together, and how many of them are under way at once: one slow receiver does not keep
/// the others waiting.
const BATCH: i64 = 32;
const AT_ONCE: usize = 8;
/// A webhook to which nothing got through for so long is disabled.
const PATIENCE_DAYS: i64 = 3;
/// How often the queue is looked at when nobody says that there is something in it.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The event of a message that somebody sends to see whether it arrives.
pub(crate) const TEST: &str = "test";

/// How messages leave.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// Whether `http://`, and addresses that are not on the public internet, may be sent to.
    pub allow_private: bool,
    /// How names and addresses are reached; only tests have another one than [`Internet`].
    pub network: Arc<dyn Network>,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { allow_private: false, network: Arc::new(Internet) }
    }
}

/// Whoever sends.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) settings: WebhookSettings,
    wake: Notify,
}

impl Sender {
    pub(crate) fn new(settings: WebhookSettings) -> Self {
        Self { settings, wake: Notify::new() }
    }

    /// There is something in the queue.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until there may be something to do.
    pub(crate) async fn something_to_do(&self) {
        _ = tokio::time::timeout(LOOK_EVERY, self.wake.notified()).await;
    }
}

/// Queues what an alert says to every webhook that is to hear of its kind.
pub(crate) async fn queue_for(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    kind: AlertKind,
    data: &Value,
    now: Timestamp,
) -> Result<(), Failure> {
    let rows: Vec<WebhookRow> = webhooks::table
        .filter(webhooks::organization_id.eq(Id(organization)))
        .filter(webhooks::status.eq(WebhookStatus::Enabled.code()))
        .select(WebhookRow::as_select())
        .load(connection)
        .await?;
    let event = format!("alert.{}", kind.code());
    for row in rows.into_iter().filter(|row| row.kinds.is_empty() || row.kinds.split(' ').any(|k| k == kind.code())) {
        queue(connection, &row, &event, data, now).await?;
    }
    Ok(())
}

/// Queues one message to one webhook.
pub(crate) async fn queue(
    connection: &mut AnyConnection,
    webhook: &WebhookRow,
    event: &str,
    data: &Value,
    now: Timestamp,
) -> Result<DeliveryRow, Failure> {
    let row = DeliveryRow {
        id: Id(fresh_id!(DeliveryId, now)),
        webhook_id: webhook.id,
        event: event.to_owned(),
        body: json!({ "type": event, "timestamp": now.rfc3339(), "data": data }).to_string(),
        status: DeliveryStatus::Queued.code().to_owned(),
        attempts: 0,
        tries: 0,
        next_at: Moment(now),
        created_at: Moment(now),
    };
    diesel::insert_into(webhook_deliveries::table).values(&row).execute(connection).await?;
    Ok(row)
}

impl Backend {
    /// Sends whatever is due. What receivers do wrong ends up in the log of messages, not here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deliver_webhooks(&self) -> Result<(), Failure> {
        loop {
            let now = self.now();
            let due: Vec<DeliveryRow> = webhook_deliveries::table
                .filter(webhook_deliveries::status.eq(DeliveryStatus::Queued.code()))
                .filter(webhook_deliveries::next_at.le(Moment(now)))
                .order((webhook_deliveries::next_at, webhook_deliveries::id))
                .limit(BATCH)
                .select(DeliveryRow::as_select())
                .load(&mut self.inner.store.read().await?)
                .await?;
            if due.is_empty() {
                return Ok(());
            }
            let outcomes: Vec<Result<(), Failure>> = stream::iter(due)
                .map(|delivery| self.deliver_one(delivery, now))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            outcomes.into_iter().collect::<Result<(), _>>()?;
        }
    }

    async fn deliver_one(&self, delivery: DeliveryRow, now: Timestamp) -> Result<(), Failure> {
        if !self.claim_delivery(&delivery, now).await? {
            return Ok(());
        }
        let webhook: WebhookRow = webhooks::table
            .find(delivery.webhook_id)
            .select(WebhookRow::as_select())
            .first(&mut self.inner.store.read().await?)
            .await?;
        if webhook.status()? == WebhookStatus::Disabled && delivery.event != TEST {
            return self.drop_delivery(&delivery).await;
        }
        let id = delivery.id.0.to_string();
        let signatures = secret::signatures(&self.inner.keyring.peppers, &webhook, &id, now, &delivery.body)?;
        let seconds = now.micros().div_euclid(1_000_000);
        let message = Message { id: &id, seconds, signatures: &signatures, body: &delivery.body };
        let WebhookSettings { allow_private, network } = &self.inner.sender.settings;
        let outcome = transport::send(&**network, *allow_private, &webhook.url, message).await;
        self.note_outcome(delivery, webhook, outcome, now).await
    }

    /// Whether this server is the one to send it.
    async fn claim_delivery(&self, delivery: &DeliveryRow, now: Timestamp) -> Result<bool, Failure> {
        let unclaimed = webhook_deliveries::table
            .filter(webhook_deliveries::id.eq(delivery.id))
            .filter(webhook_deliveries::status.eq(DeliveryStatus::Queued.code()))
            .filter(webhook_deliveries::attempts.eq(delivery.attempts));
        let claimed = diesel::update(unclaimed)
            .set((
                webhook_deliveries::attempts.eq(delivery.attempts + 1),
                webhook_deliveries::next_at.eq(Moment(now.plus_seconds(CLAIM_SECONDS))),
            ))
            .execute(&mut self.inner.store.write().await?)
            .await?;
        Ok(claimed == 1)
    }

    async fn drop_delivery(&self, delivery: &DeliveryRow) -> Result<(), Failure> {
        diesel::update(webhook_deliveries::table.find(delivery.id))
            .set(webhook_deliveries::status.eq(DeliveryStatus::Dropped.code()))
            .execute(&mut self.inner.store.write().await?)
            .await?;
        Ok(())
    }

    /// Writes down how a try ended, and what follows: another one, or the end; perhaps that of the webhook.
    async fn note_outcome(
        &self,
        delivery: DeliveryRow,
        webhook: WebhookRow,
        outcome: Outcome,
        started: Timestamp,
    ) -> Result<(), Failure> {
        let now = self.now();
        let failed = outcome.problem.is_some();
        let pause = usize::try_from(delivery.tries).ok().and_then(|tried| PAUSES_SECONDS.get(tried));
        // 410: the receiver wants nothing any more (Standard Webhooks, "Operational considerations").
        let gone = outcome.status == Some(410);
        let (status, next_at) = match pause {
            _ if !failed => (DeliveryStatus::Delivered, now),
            Some(pause) if !gone => (DeliveryStatus::Queued, now.plus_seconds(*pause)),
            _ => (DeliveryStatus::Failed, now),
        };
        let since = webhook.failing_since_at.unwrap_or(Moment(now));
        let disable = failed && (gone || now.seconds_since(since.0) >= PATIENCE_DAYS * 86_400);
        let why = if gone {
            "The receiver answered that it is gone (status 410).".to_owned()
        } else {
            format!("Nothing got through for {PATIENCE_DAYS} days.")
        };
        let attempt = AttemptRow {
            delivery_id: delivery.id,
            number: delivery.attempts + 1,
            started_at: Moment(started),
            took_ms: i64::try_from(outcome.took_ms).unwrap_or(i64::MAX),
            status: outcome.status.map(i64::from),
            problem: outcome.problem,
            answer: outcome.answer,
        };
        let mut connection = self.inner.store.write().await?;
        connection
            .transaction(async |connection| -> Result<(), Failure> {
                // Somebody may have deleted the webhook meanwhile, and its messages with it.
                let updated = diesel::update(webhook_deliveries::table.find(delivery.id))
                    .set((
                        webhook_deliveries::status.eq(status.code()),
                        webhook_deliveries::tries.eq(delivery.tries + 1),
                        webhook_deliveries::next_at.eq(Moment(next_at)),
                    ))
                    .execute(connection)
                    .await?;
                if updated == 0 {
                    return Ok(());
                }
                diesel::insert_into(webhook_attempts::table)
                    .values(&attempt)
                    .on_conflict_do_nothing()
                    .execute(connection)
                    .await?;
                diesel::update(webhooks::table.find(webhook.id))
                    .set(webhooks::failing_since_at.eq(failed.then_some(since)))
                    .execute(connection)
                    .await?;
                if disable {
                    let enabled = webhooks::id.eq(webhook.id).and(webhooks::status.eq(WebhookStatus::Enabled.code()));
                    diesel::update(webhooks::table.filter(enabled))
                        .set((
                            webhooks::status.eq(WebhookStatus::Disabled.code()),
                            webhooks::disabled_because.eq(Some(why)),
                            webhooks::version.eq(webhooks::version + 1),
                        ))
                        .execute(connection)
                        .await?;
                }
                Ok(())
            })
            .await
    }
}
