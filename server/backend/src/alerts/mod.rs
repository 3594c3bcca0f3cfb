//! Alerts: what somebody should look at, found in what verifications and the calendar leave behind.
//!
//! Each rule looks for a state and raises an alert for it. What was raised before is known by its kind, its subject and
//! its occasion, which the database holds to be unique: running a rule twice, or on two servers, changes nothing.

mod bursts;
mod compromise;
mod dates;
mod letters;
mod limits;
mod networks;
mod raise;
mod words;

use diesel::{ExpressionMethods as _, NullableExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use shared::{DeliveryId, Timestamp, webhook::DeliveryStatus};

pub(crate) use self::{
    compromise::{Compromise, raise_compromise},
    raise::settings_of,
    words::view,
};
use crate::{
    Backend,
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        schema::{alert_mutes, alerts, webhook_attempts, webhook_deliveries},
    },
    failure::Failure,
};

/// For how long an alert, and a message to a webhook, is kept for whoever looks into it.
const KEEP_ALERTS_DAYS: i64 = 400;
const KEEP_MESSAGES_DAYS: i64 = 30;
/// How many messages are deleted in one go; the next one goes on.
const SWEPT_AT_ONCE: i64 = 1_000;

impl Backend {
    /// What follows from requests within seconds: bursts of refusals, and what is to be mailed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn watch_requests(&self) -> Result<(), Failure> {
        self.find_bursts().await?;
        self.write_letters().await
    }

    /// What is left of the plans.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn watch_plans(&self) -> Result<(), Failure> {
        self.find_limits().await
    }

    /// What the calendar brings.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn watch_dates(&self) -> Result<(), Failure> {
        self.find_dates().await
    }

    /// Deletes what nobody asks about any more.
    pub(crate) async fn sweep_alerts(&self, connection: &mut AnyConnection, now: Timestamp) -> Result<(), Failure> {
        let old = Moment(now.plus_days(-KEEP_ALERTS_DAYS));
        diesel::delete(alerts::table.filter(alerts::last_at.lt(old))).execute(connection).await?;
        let over = alert_mutes::until_at.le(Moment(now));
        diesel::delete(alert_mutes::table.filter(over.assume_not_null())).execute(connection).await?;
        let old = Moment(now.plus_days(-KEEP_MESSAGES_DAYS));
        let messages = webhook_deliveries::table
            .filter(webhook_deliveries::status.ne(DeliveryStatus::Queued.code()))
            .filter(webhook_deliveries::created_at.lt(old));
        let ids: Vec<Id<DeliveryId>> =
            messages.select(webhook_deliveries::id).limit(SWEPT_AT_ONCE).load(connection).await?;
        diesel::delete(webhook_attempts::table.filter(webhook_attempts::delivery_id.eq_any(ids.clone())))
            .execute(connection)
            .await?;
        diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(ids)))
            .execute(connection)
            .await?;
        Ok(())
    }
}
