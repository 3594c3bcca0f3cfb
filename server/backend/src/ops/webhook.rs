//! Webhooks: where alerts are posted to. Their secrets are shown once, when they are made.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _,
};
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use shared::{
    AppError, DeliveryId, Permission, PermissionSet, WebhookId,
    alert::AlertKind,
    key::RevealedSecret,
    webhook::{
        self, OVERLAP_HOURS, WEBHOOKS_MAX, WebhookList, WebhookParams, WebhookRevealed, WebhookStatus, WebhookView,
    },
};

use super::{checked, stop_if};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{AlertUpdate, Permit},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::{
            alert::words_of,
            webhook::{DeliveryRow, WebhookRow},
        },
        schema::{webhook_attempts, webhook_deliveries, webhooks},
        tx::WriteTx,
    },
    expected::{Expected, State, Target},
    failure::Failure,
    random::fresh_id,
    slice::{Cut, Slice},
    webhook::{TEST, address::Destination, queue, secret},
};

/// What is to become of a webhook. What is `None` stays as it is.
#[derive(Debug, Clone)]
pub struct WebhookChange {
    /// Which, and in which state.
    pub target: Target<WebhookId>,
    /// Where alerts are posted to.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The kinds; empty: all of them.
    pub kinds: Option<Vec<AlertKind>>,
    /// Whether anything is posted.
    pub status: Option<WebhookStatus>,
}

impl Backend {
    /// Every webhook, the oldest first.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn webhook_list(&self, permit: &Permit<AlertUpdate>) -> Result<WebhookList, Failure> {
        let webhooks = all(&mut *self.inner.store.read().await?, permit).await?;
        Ok(WebhookList { webhooks, now: self.now() })
    }

    /// A slice of the same list.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn webhook_slice(
        &self,
        permit: &Permit<AlertUpdate>,
        slice: &Slice,
    ) -> Result<Cut<WebhookView>, Failure> {
        let slicing = self.slicing("webhooks", permit.organization(), &(), slice)?;
        slicing.cut_sorted(all(&mut *self.inner.store.read().await?, permit).await?, |webhook| webhook.id)
    }

    /// One webhook.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn webhook_get(&self, permit: &Permit<AlertUpdate>, id: WebhookId) -> Result<WebhookView, Failure> {
        let found = all(&mut *self.inner.store.read().await?, permit).await?.into_iter().find(|found| found.id == id);
        Ok(found.ok_or_else(|| AppError::not_found("webhook"))?)
    }

    /// Adds a webhook, or changes one. A new one's secret is in the answer, and in no other.
    ///
    /// # Errors
    /// As [`Self::webhook_create`] and [`Self::webhook_update`].
    pub async fn webhook_save(
        &self,
        permit: &Permit<AlertUpdate>,
        params: WebhookParams,
    ) -> Result<(WebhookView, Option<RevealedSecret>), Failure> {
        let WebhookParams { of, url, description, kinds, status } = params;
        let Some((id, version)) = of else {
            let made = self.webhook_create(permit, &url, &description, &kinds).await?;
            return Ok((made.webhook, Some(made.secret)));
        };
        let target = Target { id, expected: Expected::just(State::of_version(version)) };
        let (url, description, kinds, status) = (Some(url), Some(description), Some(kinds), Some(status));
        let view = self.webhook_update(permit, WebhookChange { target, url, description, kinds, status }).await?;
        Ok((view, None))
    }

    /// Adds a webhook.
    ///
    /// # Errors
    /// [`AppError::Invalid`], [`AppError::TooMany`], or [`AppError::AboveCeiling`] for somebody who may not see alerts
    /// themselves.
    pub async fn webhook_create(
        &self,
        permit: &Permit<AlertUpdate>,
        url: &str,
        description: &str,
        kinds: &[AlertKind],
    ) -> Result<WebhookRevealed, Failure> {
        let now = self.now();
        let mut refused = Vec::new();
        let url = checked(&mut refused, "url", self.webhook_url(url));
        let description = checked(&mut refused, "description", webhook::description(description));
        stop_if(refused)?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        check_may_see(&tx)?;
        if all(tx.connection()?, permit).await?.len() >= WEBHOOKS_MAX {
            return Err(AppError::TooMany { what: "webhooks".to_owned(), limit: WEBHOOKS_MAX as u64 }.into());
        }
        let row = WebhookRow {
            id: Id(fresh_id!(WebhookId, now)),
            organization_id: tx.organization_id(),
            url,
            description,
            kinds: words_of(kinds),
            status: WebhookStatus::Enabled.code().to_owned(),
            disabled_because: None,
            failing_since_at: None,
            serial: 1,
            pepper: self.inner.keyring.peppers.current().id(),
            previous_pepper: None,
            previous_until_at: None,
            version: 1,
            created_at: Moment(now),
            created_by: tx.actor_label(),
        };
        diesel::insert_into(webhooks::table).values(&row).execute(tx.connection()?).await?;
        self.commit(tx, AuditEvent::created("webhook.create", row.id.0, audited(&row))).await?;
        self.revealed(row)
    }

    /// Changes one.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Invalid`], [`AppError::AboveCeiling`] or [`Failure::Outdated`].
    pub async fn webhook_update(
        &self,
        permit: &Permit<AlertUpdate>,
        change: WebhookChange,
    ) -> Result<WebhookView, Failure> {
        let WebhookChange { target: Target { id, expected }, url, description, kinds, status } = change;
        let mut refused = Vec::new();
        let url = url.map(|url| checked(&mut refused, "url", self.webhook_url(&url)));
        let description = description.map(|text| checked(&mut refused, "description", webhook::description(&text)));
        stop_if(refused)?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let before = own(&mut tx, id).await?;
        check_may_see(&tx)?;
        expected.check(before.clone().view()?)?;
        let was_enabled = before.status()? == WebhookStatus::Enabled;
        let enabled = status.map_or(was_enabled, |status| status == WebhookStatus::Enabled);
        let after = WebhookRow {
            url: url.unwrap_or_else(|| before.url.clone()),
            description: description.unwrap_or_else(|| before.description.clone()),
            kinds: kinds.map_or_else(|| before.kinds.clone(), |kinds| words_of(&kinds)),
            status: if enabled { WebhookStatus::Enabled } else { WebhookStatus::Disabled }.code().to_owned(),
            // Whoever enables it again begins anew.
            disabled_because: if enabled { None } else { before.disabled_because.clone() },
            failing_since_at: if enabled && !was_enabled { None } else { before.failing_since_at },
            version: before.version + 1,
            ..before.clone()
        };
        let row: WebhookRow = diesel::update(webhooks::table.find(Id(id)))
            .set((
                webhooks::url.eq(&after.url),
                webhooks::description.eq(&after.description),
                webhooks::kinds.eq(&after.kinds),
                webhooks::status.eq(&after.status),
                webhooks::disabled_because.eq(&after.disabled_because),
                webhooks::failing_since_at.eq(after.failing_since_at),
                webhooks::version.eq(after.version),
            ))
            .returning(WebhookRow::as_returning())
            .get_result(tx.connection()?)
            .await?;
        let event = AuditEvent::changed("webhook.update", id, audited(&before), audited(&row));
        self.commit(tx, event).await?;
        row.view()
    }

    /// Removes one, with its messages.
    ///
    /// # Errors
    /// [`AppError::NotFound`] or [`Failure::Outdated`].
    pub async fn webhook_delete(
        &self,
        permit: &Permit<AlertUpdate>,
        target: impl Into<Target<WebhookId>>,
    ) -> Result<(), Failure> {
        let Target { id, expected } = target.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let before = own(&mut tx, id).await?;
        expected.check(before.clone().view()?)?;
        let messages = webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(Id(id)));
        let ids: Vec<Id<DeliveryId>> = messages.select(webhook_deliveries::id).load(tx.connection()?).await?;
        for some in ids.chunks(SOME) {
            diesel::delete(webhook_attempts::table.filter(webhook_attempts::delivery_id.eq_any(some.to_vec())))
                .execute(tx.connection()?)
                .await?;
        }
        diesel::delete(messages).execute(tx.connection()?).await?;
        diesel::delete(webhooks::table.find(Id(id))).execute(tx.connection()?).await?;
        let detail = json!({ "before": audited(&before) });
        let event = AuditEvent { action: "webhook.delete", target: id.to_string(), detail };
        self.commit(tx, event).await
    }

    /// Gives it a new secret. Messages are signed with both for [`OVERLAP_HOURS`].
    ///
    /// # Errors
    /// [`AppError::NotFound`] or [`AppError::AboveCeiling`].
    pub async fn webhook_rotate(
        &self,
        permit: &Permit<AlertUpdate>,
        id: WebhookId,
    ) -> Result<WebhookRevealed, Failure> {
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let before = own(&mut tx, id).await?;
        check_may_see(&tx)?;
        let until = now.plus_seconds(OVERLAP_HOURS * 3_600);
        let row: WebhookRow = diesel::update(webhooks::table.find(Id(id)))
            .set((
                webhooks::serial.eq(before.serial + 1),
                webhooks::pepper.eq(self.inner.keyring.peppers.current().id()),
                webhooks::previous_pepper.eq(Some(before.pepper)),
                webhooks::previous_until_at.eq(Some(Moment(until))),
                webhooks::version.eq(before.version + 1),
            ))
            .returning(WebhookRow::as_returning())
            .get_result(tx.connection()?)
            .await?;
        let after = json!({ "previous_secret_until": until.rfc3339() });
        let event = AuditEvent { action: "webhook.rotate", target: id.to_string(), detail: json!({ "after": after }) };
        self.commit(tx, event).await?;
        self.revealed(row)
    }

    /// Sends a message that says nothing, to see whether it arrives.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn webhook_test(&self, permit: &Permit<AlertUpdate>, id: WebhookId) -> Result<DeliveryId, Failure> {
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let row = own(&mut tx, id).await?;
        let data = json!({ "message": "This is a test.", "sent_by": tx.actor_label() });
        let DeliveryRow { id: delivery, .. } = queue(tx.connection()?, &row, TEST, &data, now).await?;
        let event = AuditEvent::created("webhook.test", id, json!({ "message": delivery.0 }));
        self.commit(tx, event).await?;
        self.inner.sender.wake();
        Ok(delivery.0)
    }

    fn revealed(&self, row: WebhookRow) -> Result<WebhookRevealed, Failure> {
        let secret = secret::current(&self.inner.keyring.peppers, &row)?.text();
        Ok(WebhookRevealed { webhook: row.view()?, secret: RevealedSecret::new(secret) })
    }

    /// The rule of the field, and what this server allows.
    fn webhook_url(&self, text: &str) -> Result<String, String> {
        let url = webhook::url(text)?;
        Destination::read(&url, self.inner.sender.settings.allow_private)?;
        Ok(url)
    }
}

/// How many rows are named in one query.
const SOME: usize = 500;

async fn all(connection: &mut AnyConnection, permit: &Permit<AlertUpdate>) -> Result<Vec<WebhookView>, Failure> {
    let rows: Vec<WebhookRow> = webhooks::table
        .filter(webhooks::organization_id.eq(Id(permit.organization())))
        .order(webhooks::id)
        .select(WebhookRow::as_select())
        .load(connection)
        .await?;
    rows.into_iter().map(WebhookRow::view).collect()
}

/// A webhook of this organization.
pub(super) async fn own(tx: &mut WriteTx, id: WebhookId) -> Result<WebhookRow, Failure> {
    let organization = tx.organization_id();
    let row = webhooks::table
        .filter(webhooks::id.eq(Id(id)).and(webhooks::organization_id.eq(organization)))
        .select(WebhookRow::as_select())
        .first(tx.connection()?)
        .await
        .optional()?;
    Ok(row.ok_or_else(|| AppError::not_found("webhook"))?)
}

/// Whoever has alerts posted somewhere could read them there.
fn check_may_see(tx: &WriteTx) -> Result<(), AppError> {
    tx.check_ceiling(
        "have alerts posted to a webhook",
        &[Permission::UsageView].into_iter().collect::<PermissionSet>().into(),
    )
}

/// The address may hold a token of the receiver's, so only its host is told.
fn audited(row: &WebhookRow) -> Value {
    let host = row.url.split('/').nth(2).unwrap_or_default();
    json!({ "host": host, "description": row.description, "kinds": row.kinds, "status": row.status })
}
