//! Raises an alert, once, and queues what tells of it.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use shared::{
    AlertId, KeyId, OrganizationId, Timestamp,
    alert::{AlertKind, AlertSettings},
};

use super::words::{self, Detail};
use crate::{
    Backend,
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::alert::{AlertMuteRow, AlertRow, AlertSettingsRow},
        schema::{alert_mutes, alert_settings, alerts, api_keys},
    },
    failure::Failure,
    random::fresh_id,
    webhook,
};

/// A reason to raise an alert.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) organization: OrganizationId,
    pub(super) kind: AlertKind,
    pub(super) key: Option<KeyId>,
    /// The key, the address or the limit.
    pub(super) subject: String,
    /// Tells this reason from the next one of the same kind and subject.
    pub(super) occasion: String,
    pub(super) detail: Detail,
    pub(super) times: i64,
    pub(super) last_at: Timestamp,
}

impl Backend {
    /// Raises an alert, unless it was raised before or the key is muted. Safe to be called twice, by several servers.
    pub(super) async fn raise(&self, finding: Finding) -> Result<(), Failure> {
        let known: Option<Id<AlertId>> = alerts::table
            .filter(alerts::organization_id.eq(Id(finding.organization)))
            .filter(alerts::kind.eq(finding.kind.code()))
            .filter(alerts::subject.eq(&finding.subject))
            .filter(alerts::occasion.eq(&finding.occasion))
            .select(alerts::id)
            .first(&mut self.inner.store.read().await?)
            .await
            .optional()?;
        if known.is_some() {
            return Ok(());
        }
        let (now, has_mail) = (self.now(), self.inner.mailer.has_server());
        let mut connection = self.inner.store.write().await?;
        let raised = connection
            .transaction(async |connection| -> Result<bool, Failure> {
                raise_in(connection, &finding, has_mail, now).await
            })
            .await?;
        drop(connection);
        if raised {
            tracing::info!(organization = %finding.organization, kind = finding.kind.code(), "an alert was raised");
            self.inner.sender.wake();
        }
        Ok(())
    }
}

/// The same within a transaction; whether it was raised now.
pub(super) async fn raise_in(
    connection: &mut AnyConnection,
    finding: &Finding,
    has_mail: bool,
    now: Timestamp,
) -> Result<bool, Failure> {
    if let Some(key) = finding.key
        && mute_of(connection, key, finding.kind, now).await?.is_some()
    {
        return Ok(false);
    }
    let mailed = has_mail && settings_of(connection, finding.organization).await?.mailed.contains(&finding.kind);
    let row = AlertRow {
        id: Id(fresh_id!(AlertId, now)),
        organization_id: Id(finding.organization),
        kind: finding.kind.code().to_owned(),
        subject: finding.subject.clone(),
        occasion: finding.occasion.clone(),
        key_id: finding.key.map(Id),
        detail: serde_json::to_string(&finding.detail).map_err(Failure::broken)?,
        times: finding.times,
        opened_at: Moment(now),
        last_at: Moment(finding.last_at),
        acknowledged_at: None,
        acknowledged_by: None,
        mail: if mailed { "due" } else { "none" }.to_owned(),
    };
    let inserted = diesel::insert_into(alerts::table).values(&row).on_conflict_do_nothing().execute(connection).await?;
    if inserted == 0 {
        return Ok(false);
    }
    let name = match finding.key {
        Some(key) => Some(api_keys::table.find(Id(key)).select(api_keys::name).first(connection).await?),
        None => None,
    };
    let message = words::message(&words::view(row, name, None)?);
    webhook::queue_for(connection, finding.organization, finding.kind, &message, now).await?;
    Ok(true)
}

/// What is set, or the defaults.
pub(crate) async fn settings_of(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<AlertSettings, Failure> {
    let row: Option<AlertSettingsRow> = alert_settings::table
        .find(Id(organization))
        .select(AlertSettingsRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(Into::into).unwrap_or_default())
}

/// Whether alerts of this kind about this key are not raised now.
async fn mute_of(
    connection: &mut AnyConnection,
    key: KeyId,
    kind: AlertKind,
    now: Timestamp,
) -> Result<Option<AlertMuteRow>, Failure> {
    let row: Option<AlertMuteRow> = alert_mutes::table
        .find((Id(key), kind.code()))
        .select(AlertMuteRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.filter(|row| row.until_at.is_none_or(|until| now < until.0)))
}
