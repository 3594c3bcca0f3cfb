//! From when on refusals are a burst, and which alerts are mailed.

use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    alert::{AlertKind, AlertSettings, AlertSettingsView, threshold},
    field::FieldError,
};

use super::{checked, stop_if};
use crate::{
    Backend,
    alerts::settings_of,
    audit::AuditEvent,
    authz::{AlertRead, AlertUpdate, Permit},
    db::{row::alert::AlertSettingsRow, schema::alert_settings, tx::WriteTx},
    expected::{Expected, State},
    failure::Failure,
};

/// What is to become of the settings.
#[derive(Debug, Clone, Default)]
pub struct AlertSettingsChange {
    /// In which state they have to be.
    pub expected: Expected,
    /// So many refusals of one key; `None` leaves it as it is.
    pub key_refusals: Option<u32>,
    /// So many from one address.
    pub address_refusals: Option<u32>,
    /// So many in all.
    pub organization_refusals: Option<u32>,
    /// The kinds that are mailed.
    pub mailed: Option<Vec<AlertKind>>,
}

impl From<AlertSettings> for AlertSettingsChange {
    fn from(settings: AlertSettings) -> Self {
        let AlertSettings { key_refusals, address_refusals, organization_refusals, mailed, version } = settings;
        Self {
            expected: Expected::just(State::of_version(version)),
            key_refusals: Some(key_refusals),
            address_refusals: Some(address_refusals),
            organization_refusals: Some(organization_refusals),
            mailed: Some(mailed),
        }
    }
}

impl Backend {
    /// What is set.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn alert_settings_get(&self, permit: &Permit<AlertRead>) -> Result<AlertSettingsView, Failure> {
        let settings = settings_of(&mut *self.inner.store.read().await?, permit.organization()).await?;
        Ok(AlertSettingsView { settings, has_mail: self.inner.mailer.has_server() })
    }

    /// Changes it.
    ///
    /// # Errors
    /// [`shared::AppError::Invalid`] or [`Failure::Outdated`].
    pub async fn alert_settings_update(
        &self,
        permit: &Permit<AlertUpdate>,
        change: impl Into<AlertSettingsChange>,
    ) -> Result<AlertSettings, Failure> {
        let AlertSettingsChange { expected, key_refusals, address_refusals, organization_refusals, mailed } =
            change.into();
        let mut refused: Vec<FieldError> = Vec::new();
        for (field, number) in [
            ("key_refusals", key_refusals),
            ("address_refusals", address_refusals),
            ("organization_refusals", organization_refusals),
        ] {
            if let Some(number) = number {
                checked(&mut refused, field, threshold(&number.to_string()));
            }
        }
        stop_if(refused)?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let organization = permit.organization();
        let before = settings_of(tx.connection()?, organization).await?;
        expected.check(before.clone())?;
        let after = AlertSettings {
            key_refusals: key_refusals.unwrap_or(before.key_refusals),
            address_refusals: address_refusals.unwrap_or(before.address_refusals),
            organization_refusals: organization_refusals.unwrap_or(before.organization_refusals),
            mailed: mailed.unwrap_or_else(|| before.mailed.clone()),
            version: before.version + 1,
        };
        let row = AlertSettingsRow::of(organization, &after);
        diesel::insert_into(alert_settings::table)
            .values(&row)
            .on_conflict(alert_settings::organization_id)
            .do_update()
            .set(&row)
            .execute(tx.connection()?)
            .await?;
        let event = AuditEvent::changed("alert_settings.update", organization, json!(before), json!(after));
        self.commit(tx, event).await?;
        Ok(row.into())
    }
}
