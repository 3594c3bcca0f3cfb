//! Alerts: listed, acknowledged, and muted for a key.

use std::collections::{BTreeSet, HashMap};

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _, OptionalExtension as _,
    QueryDsl as _, SelectableHelper as _,
};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AlertId, AppError, KeyId, OrganizationId, Timestamp,
    alert::{AlertFilter, AlertKind, AlertList, AlertListParams, AlertView, KeyRef, MuteView},
    page::{Page, ROWS_PER_PAGE, pages},
};

use super::count;
use crate::{
    Backend,
    alerts::view,
    audit::AuditEvent,
    authz::{AlertMute, AlertRead, AlertUpdate, Permit},
    db::{
        anydb::{AnyConnection, AnyDb, Moment},
        column::Id,
        row::alert::{AlertMuteRow, AlertRow},
        schema::{alert_mutes, alerts, api_keys},
        tx::WriteTx,
    },
    expected::Target,
    failure::Failure,
    slice::{Cut, Slice},
};

/// For how many days a key can be muted at most, if not for good.
const MUTE_DAYS_MAX: i64 = 365;

type Row = (AlertRow, Option<String>);

impl Backend {
    /// One page of the alerts, newest first.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn alert_list(&self, permit: &Permit<AlertRead>, params: &AlertListParams) -> Result<AlertList, Failure> {
        let (organization, now) = (permit.organization(), self.now());
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let total: i64 = matching(organization, params).count().get_result(connection).await?;
        let number = params.page.clamp(1, pages(count(total)));
        let rows: Vec<Row> = matching(organization, params)
            .order(alerts::id.desc())
            .limit(i64::from(ROWS_PER_PAGE))
            .offset(i64::from(number - 1) * i64::from(ROWS_PER_PAGE))
            .select((AlertRow::as_select(), api_keys::name.nullable()))
            .load(connection)
            .await?;
        let rows = views(connection, rows, now).await?;
        let any: Option<Id<AlertId>> = alerts::table
            .filter(alerts::organization_id.eq(Id(organization)))
            .select(alerts::id)
            .first(connection)
            .await
            .optional()?;
        let key = match params.key {
            Some(key) => key_ref(connection, organization, key).await?,
            None => None,
        };
        Ok(AlertList {
            open: open_alerts(connection, organization).await?,
            page: Page { rows, total: count(total), number },
            any: any.is_some(),
            key,
            now,
        })
    }

    /// A slice of the same list.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn alert_slice(
        &self,
        permit: &Permit<AlertRead>,
        params: &AlertListParams,
        slice: &Slice,
    ) -> Result<Cut<AlertView>, Failure> {
        let (organization, now) = (permit.organization(), self.now());
        let params = AlertListParams { page: 1, ..params.clone() };
        let slicing = self.slicing("alerts", organization, &params, slice)?;
        let mut found = matching(organization, &params);
        if let Some(after) = slicing.after::<AlertId>()? {
            found = found.filter(alerts::id.lt(Id(after)));
        }
        let mut connection = self.inner.store.read().await?;
        let rows: Vec<Row> = found
            .order(alerts::id.desc())
            .limit(slicing.rows_to_read())
            .select((AlertRow::as_select(), api_keys::name.nullable()))
            .load(&mut *connection)
            .await?;
        slicing.cut(views(&mut connection, rows, now).await?, |alert| alert.id)
    }

    /// One alert.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn alert_get(&self, permit: &Permit<AlertRead>, id: AlertId) -> Result<AlertView, Failure> {
        let now = self.now();
        alert_view(&mut *self.inner.store.read().await?, permit.organization(), id, now).await
    }

    /// How many nobody has acknowledged.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn alert_count(&self, permit: &Permit<AlertRead>) -> Result<u64, Failure> {
        open_alerts(&mut *self.inner.store.read().await?, permit.organization()).await
    }

    /// Notes that somebody has seen to these, and gives them back. Those that somebody has seen to before stay as they
    /// are.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when one of them is none of the organization's; then nothing is changed.
    pub async fn alert_acknowledge(
        &self,
        permit: &Permit<AlertUpdate>,
        ids: &[AlertId],
    ) -> Result<Vec<AlertView>, Failure> {
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let ids: BTreeSet<AlertId> = ids.iter().copied().collect();
        let ids: Vec<Id<AlertId>> = ids.into_iter().map(Id).collect();
        let wanted = ids.len();
        let organization = tx.organization_id();
        let found: Vec<(Id<AlertId>, Option<Moment>)> = alerts::table
            .filter(alerts::organization_id.eq(organization).and(alerts::id.eq_any(ids.clone())))
            .select((alerts::id, alerts::acknowledged_at))
            .load(tx.connection()?)
            .await?;
        if found.is_empty() || found.len() < wanted {
            return Err(AppError::not_found("alert").into());
        }
        let open: Vec<_> = found.into_iter().filter(|(_, at)| at.is_none()).map(|(id, _)| id).collect();
        if let [first, ..] = open.as_slice() {
            let alerts: Vec<_> = open.iter().map(|id| id.0).collect();
            let event = AuditEvent {
                action: "alert.acknowledge",
                target: first.0.to_string(),
                detail: json!({ "alerts": alerts }),
            };
            let (by, now) = (tx.actor_label(), Moment(tx.now));
            diesel::update(alerts::table.filter(alerts::id.eq_any(open)))
                .set((alerts::acknowledged_at.eq(Some(now)), alerts::acknowledged_by.eq(Some(by))))
                .execute(tx.connection()?)
                .await?;
            self.commit(tx, event).await?;
        } else {
            drop(tx);
        }
        let mut connection = self.inner.store.read().await?;
        let rows: Vec<Row> = alerts::table
            .left_join(api_keys::table)
            .filter(alerts::id.eq_any(ids))
            .order(alerts::id.desc())
            .select((AlertRow::as_select(), api_keys::name.nullable()))
            .load(&mut *connection)
            .await?;
        views(&mut connection, rows, self.now()).await
    }

    /// Raises no alert of this kind about this key, for some days or for good.
    ///
    /// # Errors
    /// [`AppError::Invalid`], also when there is no such key.
    pub async fn alert_mute(
        &self,
        permit: &Permit<AlertMute>,
        key: KeyId,
        kind: AlertKind,
        days: Option<i64>,
    ) -> Result<MuteView, Failure> {
        if !kind.can_be_muted() {
            return Err(AppError::field("kind", "No key can be muted for alerts of this kind.").into());
        }
        if days.is_some_and(|days| !(1..=MUTE_DAYS_MAX).contains(&days)) {
            let said = format!("A key is muted for 1 to {MUTE_DAYS_MAX} days, or for good.");
            return Err(AppError::field("days", said).into());
        }
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let organization = permit.organization();
        let Some(key) = key_ref(tx.connection()?, organization, key).await? else {
            return Err(Failure::unfit("key", "There is no such API key in this organization."));
        };
        let row = AlertMuteRow {
            key_id: Id(key.id),
            kind: kind.code().to_owned(),
            until_at: days.map(|days| Moment(now.plus_days(days))),
            muted_by: tx.actor_label(),
            created_at: Moment(now),
        };
        diesel::delete(alert_mutes::table.find((row.key_id, kind.code()))).execute(tx.connection()?).await?;
        diesel::insert_into(alert_mutes::table).values(&row).execute(tx.connection()?).await?;
        let until = row.until_at.map(|until| until.0);
        let after = json!({ "kind": kind, "until": until.map(Timestamp::rfc3339) });
        self.commit(tx, AuditEvent::created("alert.mute", key.id, after)).await?;
        Ok(MuteView { key, kind, until, by: row.muted_by })
    }

    /// Raises them again.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such key, or it is not muted; a stale edit.
    pub async fn alert_unmute(
        &self,
        permit: &Permit<AlertMute>,
        target: impl Into<Target<(KeyId, AlertKind)>>,
    ) -> Result<(), Failure> {
        let Target { id: (key, kind), expected } = target.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let key = key_ref(tx.connection()?, permit.organization(), key).await?;
        let key = key.ok_or_else(|| AppError::not_found("API key"))?;
        let mute = alert_mutes::table.find((Id(key.id), kind.code()));
        let row = mute.select(AlertMuteRow::as_select()).first(tx.connection()?).await.optional()?;
        let AlertMuteRow { until_at, muted_by, .. } = row.ok_or_else(|| AppError::not_found("mute"))?;
        expected.check(MuteView { key: key.clone(), kind, until: until_at.map(|until| until.0), by: muted_by })?;
        diesel::delete(mute).execute(tx.connection()?).await?;
        let detail = json!({ "before": { "kind": kind } });
        let event = AuditEvent { action: "alert.unmute", target: key.id.to_string(), detail };
        self.commit(tx, event).await
    }

    /// A slice of [`Self::alert_mutes`].
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn alert_mute_slice(&self, permit: &Permit<AlertRead>, slice: &Slice) -> Result<Cut<MuteView>, Failure> {
        let slicing = self.slicing("alert_mutes", permit.organization(), &(), slice)?;
        let place = |mute: &MuteView| (mute.key.name.clone(), mute.key.id, mute.kind.code().to_owned());
        let mut mutes = self.alert_mutes(permit).await?;
        mutes.sort_by_key(place);
        slicing.cut_sorted(mutes, place)
    }

    /// Every key that is muted, and for what.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn alert_mutes(&self, permit: &Permit<AlertRead>) -> Result<Vec<MuteView>, Failure> {
        let now = Moment(self.now());
        let rows: Vec<(AlertMuteRow, String)> = alert_mutes::table
            .inner_join(api_keys::table)
            .filter(api_keys::organization_id.eq(Id(permit.organization())))
            .filter(alert_mutes::until_at.is_null().or(alert_mutes::until_at.gt(now).assume_not_null()))
            .order((api_keys::name, api_keys::id, alert_mutes::kind))
            .select((AlertMuteRow::as_select(), api_keys::name))
            .load(&mut self.inner.store.read().await?)
            .await?;
        let view = |(row, name): (AlertMuteRow, String)| {
            Some(MuteView {
                key: KeyRef { id: row.key_id.0, name },
                kind: AlertKind::from_code(&row.kind)?,
                until: row.until_at.map(|until| until.0),
                by: row.muted_by,
            })
        };
        Ok(rows.into_iter().filter_map(view).collect())
    }
}

/// How many of the organization's nobody has acknowledged.
pub(crate) async fn open_alerts(connection: &mut AnyConnection, organization: OrganizationId) -> Result<u64, Failure> {
    let open: i64 = alerts::table
        .filter(alerts::organization_id.eq(Id(organization)).and(alerts::acknowledged_at.is_null()))
        .count()
        .get_result(connection)
        .await?;
    Ok(count(open))
}

async fn alert_view(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    id: AlertId,
    now: Timestamp,
) -> Result<AlertView, Failure> {
    let row: Option<Row> = alerts::table
        .left_join(api_keys::table)
        .filter(alerts::organization_id.eq(Id(organization)).and(alerts::id.eq(Id(id))))
        .select((AlertRow::as_select(), api_keys::name.nullable()))
        .first(connection)
        .await
        .optional()?;
    let mut views = views(connection, row.into_iter().collect(), now).await?;
    Ok(views.pop().ok_or_else(|| AppError::not_found("alert"))?)
}

/// The alerts with what is muted by now.
async fn views(connection: &mut AnyConnection, rows: Vec<Row>, now: Timestamp) -> Result<Vec<AlertView>, Failure> {
    let keys: Vec<Id<KeyId>> = rows.iter().filter_map(|(row, _)| row.key_id).collect();
    let mutes: Vec<AlertMuteRow> = alert_mutes::table
        .filter(alert_mutes::key_id.eq_any(keys))
        .select(AlertMuteRow::as_select())
        .load(connection)
        .await?;
    let mutes: HashMap<_, _> = mutes
        .into_iter()
        .filter(|mute| mute.until_at.is_none_or(|until| now < until.0))
        .map(|mute| ((mute.key_id, mute.kind), mute.until_at))
        .collect();
    let mute_of = |row: &AlertRow| row.key_id.and_then(|key| mutes.get(&(key, row.kind.clone())).copied());
    rows.into_iter()
        .map(|(row, name)| {
            let mute = mute_of(&row);
            view(row, name, mute)
        })
        .collect()
}

type Alerts = diesel::dsl::LeftJoin<alerts::table, api_keys::table>;

fn matching(
    organization: OrganizationId,
    params: &AlertListParams,
) -> diesel::helper_types::IntoBoxed<'static, Alerts, AnyDb> {
    let mut found =
        alerts::table.left_join(api_keys::table).into_boxed().filter(alerts::organization_id.eq(Id(organization)));
    found = match params.state {
        AlertFilter::Open => found.filter(alerts::acknowledged_at.is_null()),
        AlertFilter::Acknowledged => found.filter(alerts::acknowledged_at.is_not_null()),
        AlertFilter::All => found,
    };
    if let Some(kind) = params.kind {
        found = found.filter(alerts::kind.eq(kind.code()));
    }
    if let Some(key) = params.key {
        found = found.filter(alerts::key_id.eq(Id(key)));
    }
    found
}

async fn key_ref(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    id: KeyId,
) -> Result<Option<KeyRef>, Failure> {
    let name: Option<String> = api_keys::table
        .filter(api_keys::id.eq(Id(id)).and(api_keys::organization_id.eq(Id(organization))))
        .select(api_keys::name)
        .first(connection)
        .await
        .optional()?;
    Ok(name.map(|name| KeyRef { id, name }))
}
