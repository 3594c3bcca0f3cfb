//! The log of messages to webhooks.

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _,
};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AppError, DeliveryId, WebhookId,
    page::{Page, ROWS_PER_PAGE, pages},
    webhook::{AttemptView, DeliveryList, DeliveryStatus, DeliveryView},
};

use super::count;
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{AlertUpdate, Permit},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::webhook::{AttemptRow, DeliveryRow},
        schema::{webhook_attempts, webhook_deliveries, webhooks},
        tx::WriteTx,
    },
    failure::Failure,
    slice::{Cut, Slice},
};

impl Backend {
    /// One page of a webhook's messages, newest first.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn delivery_list(
        &self,
        permit: &Permit<AlertUpdate>,
        webhook: WebhookId,
        page: u32,
    ) -> Result<DeliveryList, Failure> {
        self.webhook_get(permit, webhook).await?;
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let all = webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(Id(webhook)));
        let total: i64 = all.count().get_result(connection).await?;
        let number = page.clamp(1, pages(count(total)));
        let rows: Vec<DeliveryRow> = all
            .order(webhook_deliveries::id.desc())
            .limit(i64::from(ROWS_PER_PAGE))
            .offset(i64::from(number - 1) * i64::from(ROWS_PER_PAGE))
            .select(DeliveryRow::as_select())
            .load(connection)
            .await?;
        let rows = views(connection, rows).await?;
        Ok(DeliveryList { page: Page { rows, total: count(total), number }, now: self.now() })
    }

    /// A slice of the same list.
    ///
    /// # Errors
    /// [`AppError::NotFound`] or [`Failure::ForeignCursor`].
    pub async fn delivery_slice(
        &self,
        permit: &Permit<AlertUpdate>,
        webhook: WebhookId,
        slice: &Slice,
    ) -> Result<Cut<DeliveryView>, Failure> {
        self.webhook_get(permit, webhook).await?;
        let slicing = self.slicing("deliveries", permit.organization(), &webhook, slice)?;
        let mut found = webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(Id(webhook))).into_boxed();
        if let Some(after) = slicing.after::<DeliveryId>()? {
            found = found.filter(webhook_deliveries::id.lt(Id(after)));
        }
        let mut connection = self.inner.store.read().await?;
        let rows: Vec<DeliveryRow> = found
            .order(webhook_deliveries::id.desc())
            .limit(slicing.rows_to_read())
            .select(DeliveryRow::as_select())
            .load(&mut *connection)
            .await?;
        slicing.cut(views(&mut connection, rows).await?, |delivery| delivery.id)
    }

    /// One message with every try.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn delivery_get(&self, permit: &Permit<AlertUpdate>, id: DeliveryId) -> Result<DeliveryView, Failure> {
        let mut connection = self.inner.store.read().await?;
        let row: Option<DeliveryRow> = webhook_deliveries::table
            .inner_join(webhooks::table)
            .filter(webhook_deliveries::id.eq(Id(id)).and(webhooks::organization_id.eq(Id(permit.organization()))))
            .select(DeliveryRow::as_select())
            .first(&mut *connection)
            .await
            .optional()?;
        let found = views(&mut connection, row.into_iter().collect()).await?.pop();
        Ok(found.ok_or_else(|| AppError::not_found("message"))?)
    }

    /// Sends a message again, with the same id, whatever became of it.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn delivery_replay(&self, permit: &Permit<AlertUpdate>, id: DeliveryId) -> Result<DeliveryView, Failure> {
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let organization = tx.organization_id();
        let webhook: Option<Id<WebhookId>> = webhook_deliveries::table
            .inner_join(webhooks::table)
            .filter(webhook_deliveries::id.eq(Id(id)).and(webhooks::organization_id.eq(organization)))
            .select(webhooks::id)
            .first(tx.connection()?)
            .await
            .optional()?;
        let webhook = webhook.ok_or_else(|| AppError::not_found("message"))?;
        diesel::update(webhook_deliveries::table.find(Id(id)))
            .set((
                webhook_deliveries::status.eq(DeliveryStatus::Queued.code()),
                webhook_deliveries::tries.eq(0),
                webhook_deliveries::next_at.eq(Moment(now)),
            ))
            .execute(tx.connection()?)
            .await?;
        let event = AuditEvent::created("webhook.replay", webhook.0, json!({ "message": id }));
        self.commit(tx, event).await?;
        self.inner.sender.wake();
        self.delivery_get(permit, id).await
    }
}

async fn views(connection: &mut AnyConnection, rows: Vec<DeliveryRow>) -> Result<Vec<DeliveryView>, Failure> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let attempts: Vec<AttemptRow> = webhook_attempts::table
        .filter(webhook_attempts::delivery_id.eq_any(ids))
        .order((webhook_attempts::delivery_id, webhook_attempts::number.desc()))
        .select(AttemptRow::as_select())
        .load(connection)
        .await?;
    let mut of = HashMap::<_, Vec<AttemptView>>::new();
    for attempt in attempts {
        of.entry(attempt.delivery_id).or_default().push(attempt.into());
    }
    rows.into_iter()
        .map(|row| {
            let attempts = of.remove(&row.id).unwrap_or_default();
            row.view(attempts)
        })
        .collect()
}
