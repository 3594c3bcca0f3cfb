//! What is left of the plan.

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use shared::{
    OrganizationId, Timestamp,
    alert::{AlertKind, PLAN_PERCENTS},
    key::KeyStatus,
};

use super::{
    raise::Finding,
    words::{Detail, Limit},
};
use crate::{
    Backend,
    db::{
        anydb::Moment,
        column::Id,
        schema::{api_keys, organization_usage, organizations},
    },
    failure::Failure,
};

type Used = (Id<OrganizationId>, String, i64);

impl Backend {
    /// Requests of this month, and keys, of organizations that have a limit of them.
    pub(super) async fn find_limits(&self) -> Result<(), Failure> {
        let (now, plans) = (self.now(), &self.inner.plans);
        let requests: Vec<Used> = organization_usage::table
            .inner_join(organizations::table)
            .filter(organization_usage::month.eq(now.month()))
            .filter(organizations::plan.eq_any(plans.names_of(|plan| plan.monthly_requests.is_some())))
            .select((organizations::id, organizations::plan, organization_usage::requests))
            .load(&mut self.inner.store.read().await?)
            .await?;
        self.compare(Limit::Requests, requests, now).await?;
        // Organization by organization: counted in one go, those without a limit would be counted, too.
        let counted = api_keys::table
            .filter(api_keys::organization_id.eq(organizations::id))
            .filter(api_keys::status.ne(KeyStatus::Revoked.code()))
            .filter(
                api_keys::status
                    .eq(KeyStatus::Paused.code())
                    .or(api_keys::expires_at.is_null())
                    .or(api_keys::expires_at.gt(Moment(now)).assume_not_null()),
            )
            .count();
        let keys: Vec<(Id<OrganizationId>, String, Option<i64>)> = organizations::table
            .filter(organizations::plan.eq_any(plans.names_of(|plan| plan.active_keys.is_some())))
            .select((organizations::id, organizations::plan, counted.single_value()))
            .load(&mut self.inner.store.read().await?)
            .await?;
        let keys = keys.into_iter().map(|(id, plan, keys)| (id, plan, keys.unwrap_or(0))).collect();
        self.compare(Limit::Keys, keys, now).await
    }

    async fn compare(&self, what: Limit, used: Vec<Used>, now: Timestamp) -> Result<(), Failure> {
        for (organization, plan, used) in used {
            let plan = self.inner.plans.of(&plan)?;
            let limit = match what {
                Limit::Requests => plan.monthly_requests,
                Limit::Keys => plan.active_keys,
            };
            let used = u64::try_from(used).unwrap_or(0);
            let Some((limit, percent)) = limit.and_then(|limit| Some((limit, percent(used, limit)?))) else { continue };
            self.raise(Finding {
                organization: organization.0,
                kind: AlertKind::PlanLimit,
                key: None,
                subject: what.code().to_owned(),
                // Of a month, and of a limit: a plan that was raised is another one.
                occasion: format!("{} {limit} {percent}", now.month()),
                detail: Detail::Limit { what, percent, used, limit },
                times: 1,
                last_at: now,
            })
            .await?;
        }
        Ok(())
    }
}

/// The highest of [`PLAN_PERCENTS`] that is reached.
fn percent(used: u64, limit: u64) -> Option<u64> {
    let reached = |percent: &u64| limit > 0 && u128::from(used) * 100 >= u128::from(limit) * u128::from(*percent);
    PLAN_PERCENTS.into_iter().find(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighty_and_a_hundred_percent_are_told() {
        for (used, limit, told) in
            [(3, 5, None), (4, 5, Some(80)), (5, 5, Some(100)), (3_999, 5_000, None), (4_000, 5_000, Some(80))]
        {
            assert_eq!(percent(used, limit), told, "{used} of {limit}");
        }
        assert_eq!(percent(7, 0), None);
    }
}
