//! How much is used, from the counts of whole hours.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _,
    dsl::sql,
    expression::SqlLiteral,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl as _;
use serde::{Deserialize, Serialize};
use shared::{
    AppError, KeyId, OrganizationId, Timestamp,
    explain::RefusalView,
    usage::{Answers, Bucket, Overview, Quota, ReasonCount, Trend, UsageSeries, Window},
    verify::Refusal,
};

use super::count;
use crate::{
    Backend,
    authz::{Permit, UsageRead},
    calendar::{self, MonthSoFar, Part, Zone},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        schema::{api_keys, key_traces, key_usage, organization_hours, organizations, refusals, secret_uses},
    },
    failure::Failure,
    slice::{Cut, Slice},
};

/// What the counts call a request that was allowed; everything else is the reason of a refusal.
pub(super) const ALLOWED: &str = "allowed";

const DAY_MICROS: i64 = 86_400_000_000;

/// A part's number, an outcome, and how many requests had it.
type Sum = (i64, String, i64);
type Sums = (BigInt, Text, BigInt);

impl Backend {
    /// Requests and refusals of the organization, or of one of its keys.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's key.
    pub async fn usage_series(
        &self,
        permit: &Permit<UsageRead>,
        key: Option<KeyId>,
        window: Window,
        zone: &Zone,
    ) -> Result<UsageSeries, Failure> {
        let organization = permit.organization();
        let parts = calendar::parts(window, zone, self.now())?;
        let mut connection = self.inner.store.read().await?;
        let sums = match key {
            Some(key) => {
                check_owner(&mut connection, organization, key).await?;
                sums_of_key(&mut connection, key, &parts).await?
            }
            None => sums_of_organization(&mut connection, organization, &parts).await?,
        };
        series(window, zone, parts, sums)
    }

    /// What the first page says about usage.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn usage_overview(&self, permit: &Permit<UsageRead>, zone: &Zone) -> Result<Overview, Failure> {
        let (organization, now) = (permit.organization(), self.now());
        let month = MonthSoFar::of(zone, now)?;
        let parts = calendar::parts(Window::Year, zone, now)?;
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let sums = sums_of_organization(connection, organization, &parts).await?;
        let trend = Trend {
            now: requests_between(connection, organization, month.now).await?,
            before: requests_between(connection, organization, month.before).await?,
        };
        let plan: String =
            organizations::table.find(Id(organization)).select(organizations::plan).first(connection).await?;
        let used = self.inner.keyring.index.organization(organization).map_or(0, |slot| slot.requests_in(now));
        let allowance = self.allowance(connection, organization, &plan, now).await?;
        Ok(Overview {
            year: series(Window::Year, zone, parts, sums)?,
            trend,
            quota: Quota {
                limit: self.inner.plans.of(&plan)?.monthly_requests,
                plan,
                used,
                renews_at: calendar::next_month(now)?,
            },
            keys_used: keys_used_since(connection, organization, month.begins).await?,
            keys: allowance.used,
            addresses_used: addresses_used_since(connection, organization, month.begins).await?,
            now,
        })
    }

    /// A slice of a key's last refusals, the newest first. Details are kept of the last ones only; how many there were is
    /// counted apart.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's key, and [`Failure::ForeignCursor`].
    pub async fn key_refusals(
        &self,
        permit: &Permit<UsageRead>,
        key: KeyId,
        slice: &Slice,
    ) -> Result<Cut<RefusalView>, Failure> {
        let slicing = self.slicing("refusals", permit.organization(), &key, slice)?;
        let mut connection = self.inner.store.read().await?;
        check_owner(&mut connection, permit.organization(), key).await?;
        let mut rows = refusals::table.filter(refusals::key_id.eq(Id(key))).into_boxed();
        if let Some(Place { at, request_id }) = slicing.after()? {
            let at = Moment(at);
            rows = rows.filter(refusals::at.le(at).and(refusals::at.lt(at).or(refusals::request_id.lt(request_id))));
        }
        let rows: Vec<RefusalRow> = rows
            .order((refusals::at.desc(), refusals::request_id.desc()))
            .select((
                refusals::at,
                refusals::request_id,
                refusals::reason,
                refusals::permissions,
                refusals::address,
                refusals::user_agent,
            ))
            .limit(slicing.rows_to_read())
            .load(&mut connection)
            .await?;
        let rows = rows.into_iter().map(refusal_view).collect::<Result<_, _>>()?;
        slicing.cut(rows, |row: &RefusalView| Place { at: row.at, request_id: row.request_id.clone() })
    }
}

/// Where a refusal is in the list.
#[derive(Serialize, Deserialize)]
struct Place {
    at: Timestamp,
    request_id: String,
}

type RefusalRow = (Moment, String, String, Option<String>, Option<String>, Option<String>);

fn refusal_view(
    (at, request_id, reason, permissions, address, user_agent): RefusalRow,
) -> Result<RefusalView, Failure> {
    Ok(RefusalView { at: at.0, reason: refusal(&reason)?, permissions, address, user_agent, request_id })
}

pub(super) fn refusal(reason: &str) -> Result<Refusal, Failure> {
    let known = Refusal::ALL.into_iter().find(|refusal| refusal.reason() == reason);
    known.ok_or_else(|| Failure::broken(format!("something was refused for {reason:?}")))
}

/// Hides another organization's key.
pub(super) async fn check_owner(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    key: KeyId,
) -> Result<(), Failure> {
    let owned: i64 = api_keys::table
        .filter(api_keys::id.eq(Id(key)))
        .filter(api_keys::organization_id.eq(Id(organization)))
        .count()
        .get_result(connection)
        .await?;
    if owned == 0 { Err(AppError::not_found("API key").into()) } else { Ok(()) }
}

async fn sums_of_organization(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    parts: &[Part],
) -> Result<Vec<Sum>, Failure> {
    let (first, end) = hours(parts);
    let sums = organization_hours::table
        .filter(organization_hours::organization_id.eq(Id(organization)))
        .filter(organization_hours::hour.ge(first))
        .filter(organization_hours::hour.lt(end))
        .select(by_part(parts))
        .group_by(sql::<(BigInt, Text)>("1, 2"));
    Ok(sums.load(connection).await?)
}

async fn sums_of_key(connection: &mut AnyConnection, key: KeyId, parts: &[Part]) -> Result<Vec<Sum>, Failure> {
    let (first, end) = hours(parts);
    let sums = key_usage::table
        .filter(key_usage::key_id.eq(Id(key)))
        .filter(key_usage::hour.ge(first))
        .filter(key_usage::hour.lt(end))
        .select(by_part(parts))
        .group_by(sql::<(BigInt, Text)>("1, 2"));
    Ok(sums.load(connection).await?)
}

/// The first hour of all parts, and the one behind the last.
fn hours(parts: &[Part]) -> (i64, i64) {
    (parts.first().map_or(0, |part| part.first), parts.last().map_or(0, |part| part.end))
}

/// The number of the part that an hour is in, the outcome, and the sum. The database adds up: a year of hours is tens of
/// thousands of rows, and twelve months are a few.
fn by_part(parts: &[Part]) -> SqlLiteral<Sums> {
    let bounds: String =
        (0..).zip(parts).map(|(number, part)| format!(" WHEN hour < {} THEN {number}", part.end)).collect();
    sql(&format!("CAST(CASE{bounds} END AS BIGINT), outcome, CAST(sum(requests) AS BIGINT)"))
}

fn series(window: Window, zone: &Zone, parts: Vec<Part>, sums: Vec<Sum>) -> Result<UsageSeries, Failure> {
    let mut buckets: Vec<_> = parts
        .into_iter()
        .map(|Part { begins, label, name, .. }| Bucket { begins, label, name, answers: Answers::default() })
        .collect();
    let mut reasons: Vec<ReasonCount> = Vec::new();
    for (number, outcome, requests) in sums {
        let bucket = usize::try_from(number).ok().and_then(|number| buckets.get_mut(number));
        let Some(Bucket { answers, .. }) = bucket else { continue };
        let requests = count(requests);
        if outcome == ALLOWED {
            answers.allowed += requests;
            continue;
        }
        answers.refused += requests;
        let reason = refusal(&outcome)?;
        match reasons.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.requests += requests,
            None => reasons.push(ReasonCount { reason, requests }),
        }
    }
    most_frequent_first(&mut reasons);
    Ok(UsageSeries { window, zone: zone.name().to_owned(), buckets, reasons })
}

pub(super) fn most_frequent_first(reasons: &mut [ReasonCount]) {
    reasons.sort_by_key(|counted| (std::cmp::Reverse(counted.requests), counted.reason));
}

/// All requests in these hours, allowed and refused.
async fn requests_between(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    (first, end): (i64, i64),
) -> Result<u64, Failure> {
    let sum: i64 = organization_hours::table
        .filter(organization_hours::organization_id.eq(Id(organization)))
        .filter(organization_hours::hour.ge(first))
        .filter(organization_hours::hour.lt(end))
        .select(sql::<BigInt>("CAST(coalesce(sum(requests), 0) AS BIGINT)"))
        .get_result(connection)
        .await?;
    Ok(count(sum))
}

/// From how many addresses keys were used since then, as far as that is kept.
async fn addresses_used_since(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    since: Timestamp,
) -> Result<u64, Failure> {
    let addresses: i64 = key_traces::table
        .filter(key_traces::organization_id.eq(Id(organization)))
        .filter(key_traces::day.ge(since.micros().div_euclid(DAY_MICROS)))
        .filter(key_traces::last_at.ge(Moment(since)))
        .filter(key_traces::address.ne(""))
        .select(sql::<BigInt>("count(DISTINCT address)"))
        .get_result(connection)
        .await?;
    Ok(count(addresses))
}

/// How many keys were allowed something since then.
async fn keys_used_since(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    since: Timestamp,
) -> Result<u64, Failure> {
    let keys: i64 = api_keys::table
        .inner_join(secret_uses::table)
        .filter(api_keys::organization_id.eq(Id(organization)))
        .filter(secret_uses::used_at.ge(Moment(since)))
        .select(sql::<BigInt>("count(DISTINCT api_keys.id)"))
        .get_result(connection)
        .await?;
    Ok(count(keys))
}
