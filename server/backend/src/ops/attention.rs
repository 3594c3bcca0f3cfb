//! Which keys need somebody's attention.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _, QueryDsl as _,
    dsl::sql,
    sql_types::{BigInt, Bool, Text},
};
use diesel_async::RunQueryDsl as _;
use shared::{
    KeyId, OrganizationId, Timestamp,
    key::{Attention, KeyListParams, RISING_DAYS, RISING_FACTOR, RISING_MIN},
    rotation::{self, DueDays},
    usage::AttentionItem,
};

use super::{count, key::matching, rotation::due_days};
use crate::{
    Backend,
    authz::{KeyRead, Permit},
    db::{
        anydb::AnyConnection,
        column::Id,
        schema::{api_keys, key_usage},
    },
    failure::Failure,
    keyring::totals::hour,
};

/// How many keys of each kind are named.
const NAMED: i64 = 3;
const DAY_HOURS: i64 = 24;

impl Backend {
    /// How many keys need attention, for which reasons, and the names of some. The keys are those that
    /// [`Backend::key_list`] shows for the same reason.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn key_attention(&self, permit: &Permit<KeyRead>) -> Result<Vec<AttentionItem>, Failure> {
        let (organization, now) = (permit.organization(), self.now());
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let mut items = Vec::new();
        for attention in Attention::ALL.iter().copied() {
            let params = KeyListParams { attention: Some(attention), ..KeyListParams::default() };
            let known = Known::read(connection, organization, params.attention, now).await?;
            let keys = || matching(organization, &params, &known, now);
            let number: i64 = keys().count().get_result(connection).await?;
            if number == 0 {
                continue;
            }
            let some = keys().order(api_keys::id.desc()).select(api_keys::name).limit(NAMED).load(connection).await?;
            items.push(AttentionItem { attention, keys: count(number), some });
        }
        Ok(items)
    }
}

/// What the list of keys that need attention depends on besides their own rows.
#[derive(Debug)]
pub(super) struct Known {
    /// When keys are due for rotation.
    pub(super) due: DueDays,
    /// The keys whose refusals rise.
    pub(super) rising: Vec<Id<KeyId>>,
}

impl Known {
    /// Only what is needed is asked for.
    pub(super) async fn read(
        connection: &mut AnyConnection,
        organization: OrganizationId,
        attention: Option<Attention>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut known = Self { due: rotation::DUE_DAYS, rising: Vec::new() };
        match attention {
            Some(Attention::Due) => known.due = due_days(connection, organization).await?,
            Some(Attention::Rising) => known.rising = rising_keys(connection, organization, now).await?,
            _ => {}
        }
        Ok(known)
    }
}

/// The keys that were refused far more often in the last 24 hours than on the days before.
///
/// The hour that is running and the 23 before it count as the last 24: a burst is seen while it happens.
async fn rising_keys(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Vec<Id<KeyId>>, Failure> {
    let end = hour(now) + 1;
    let recent = end - DAY_HOURS;
    let first = recent - RISING_DAYS * DAY_HOURS;
    // Literally as in the index of refusals, which is not used otherwise.
    let refused = sql::<Bool>("key_usage.outcome <> 'allowed'");
    let sums = format!(
        "key_usage.key_id, \
         CAST(sum(CASE WHEN key_usage.hour >= {recent} THEN key_usage.requests ELSE 0 END) AS BIGINT), \
         CAST(sum(CASE WHEN key_usage.hour < {recent} THEN key_usage.requests ELSE 0 END) AS BIGINT)"
    );
    let rows: Vec<(Id<KeyId>, i64, i64)> = api_keys::table
        .inner_join(key_usage::table.on(key_usage::key_id.eq(api_keys::id)))
        .filter(api_keys::organization_id.eq(Id(organization)))
        .filter(refused.and(key_usage::hour.ge(first)).and(key_usage::hour.lt(end)))
        .select(sql::<(Text, BigInt, BigInt)>(&sums))
        .group_by(key_usage::key_id)
        .load(connection)
        .await?;
    let is_rising = |now: i64, before: i64| {
        now >= RISING_MIN && now.saturating_mul(RISING_DAYS) > before.saturating_mul(RISING_FACTOR)
    };
    Ok(rows.into_iter().filter(|(_, now, before)| is_rising(*now, *before)).map(|(key, ..)| key).collect())
}
