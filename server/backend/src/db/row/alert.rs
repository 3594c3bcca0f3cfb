//! Alerts, and what is set about them.

use diesel::prelude::{AsChangeset, Insertable, Queryable, Selectable};
use shared::{
    AlertId, KeyId, OrganizationId,
    alert::{AlertKind, AlertSettings},
};

use crate::{
    db::{
        anydb::Moment,
        column::Id,
        schema::{alert_mutes, alert_settings, alerts},
    },
    failure::Failure,
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = alerts, treat_none_as_default_value = false)]
pub(crate) struct AlertRow {
    pub(crate) id: Id<AlertId>,
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) occasion: String,
    pub(crate) key_id: Option<Id<KeyId>>,
    pub(crate) detail: String,
    pub(crate) times: i64,
    pub(crate) opened_at: Moment,
    pub(crate) last_at: Moment,
    pub(crate) acknowledged_at: Option<Moment>,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) mail: String,
}

impl AlertRow {
    /// The stored word, as the closed type.
    pub(crate) fn kind(&self) -> Result<AlertKind, Failure> {
        AlertKind::from_code(&self.kind)
            .ok_or_else(|| Failure::broken(format!("{} is an alert {:?}", self.id.0, self.kind)))
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = alert_settings)]
pub(crate) struct AlertSettingsRow {
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) key_refusals: i64,
    pub(crate) address_refusals: i64,
    pub(crate) organization_refusals: i64,
    pub(crate) mailed: String,
    pub(crate) version: i64,
}

impl AlertSettingsRow {
    pub(crate) fn of(organization: OrganizationId, settings: &AlertSettings) -> Self {
        Self {
            organization_id: Id(organization),
            key_refusals: settings.key_refusals.into(),
            address_refusals: settings.address_refusals.into(),
            organization_refusals: settings.organization_refusals.into(),
            mailed: words_of(&settings.mailed),
            version: settings.version,
        }
    }
}

impl From<AlertSettingsRow> for AlertSettings {
    fn from(row: AlertSettingsRow) -> Self {
        let threshold = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            key_refusals: threshold(row.key_refusals),
            address_refusals: threshold(row.address_refusals),
            organization_refusals: threshold(row.organization_refusals),
            mailed: kinds_of(&row.mailed),
            version: row.version,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = alert_mutes, treat_none_as_default_value = false)]
pub(crate) struct AlertMuteRow {
    pub(crate) key_id: Id<KeyId>,
    pub(crate) kind: String,
    pub(crate) until_at: Option<Moment>,
    pub(crate) muted_by: String,
    pub(crate) created_at: Moment,
}

/// Kinds in one column, in the order of the catalogue and each once.
pub(crate) fn words_of(kinds: &[AlertKind]) -> String {
    let words: Vec<_> = AlertKind::ALL.iter().filter(|kind| kinds.contains(kind)).map(|kind| kind.code()).collect();
    words.join(" ")
}

/// The inverse of [`words_of`]. A kind that is known no longer is left out.
pub(crate) fn kinds_of(words: &str) -> Vec<AlertKind> {
    words.split(' ').filter_map(AlertKind::from_code).collect()
}
