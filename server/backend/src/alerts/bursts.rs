//! Bursts of refused requests: of one key, from one address, of an organization.
//!
//! What is counted are refusals of genuine secrets, since nobody knows whose a wrong one is, and not those by a limit:
//! they are about how much, not about who.

use std::collections::BTreeMap;

use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _, dsl::sql,
    expression::SqlLiteral, sql_types::BigInt,
};
use diesel_async::RunQueryDsl as _;
use shared::{
    KeyId, OrganizationId, Timestamp,
    alert::{AlertKind, WINDOW_SECONDS},
    verify::Refusal,
};

use super::{
    raise::{Finding, settings_of},
    words::Detail,
};
use crate::{
    Backend,
    db::{
        anydb::{AnyDb, Moment},
        column::Id,
        row::alert::AlertRow,
        schema::{alerts, api_keys, refusals},
    },
    failure::Failure,
};

/// A burst that was last seen within so many seconds goes on: it is the same alert, with a higher number.
const QUIET_SECONDS: i64 = 900;

/// Whose refusals are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Key(KeyId),
    Address(String),
    Organization,
}

impl Subject {
    const fn kind(&self) -> AlertKind {
        match self {
            Self::Key(_) => AlertKind::KeyRefusals,
            Self::Address(_) => AlertKind::AddressRefusals,
            Self::Organization => AlertKind::OrganizationRefusals,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Key(id) => id.to_string(),
            Self::Address(address) => address.clone(),
            Self::Organization => "organization".to_owned(),
        }
    }
}

/// What is counted.
fn counted() -> Vec<&'static str> {
    let counted = |refusal: &Refusal| refusal.needs_genuine_secret() && refusal.status() != 429;
    Refusal::ALL.into_iter().filter(counted).map(Refusal::reason).collect()
}

impl Backend {
    /// Looks at the refusals of the last minutes.
    pub(super) async fn find_bursts(&self) -> Result<(), Failure> {
        let now = self.now();
        for (organization, subjects) in self.refusals_since(now.plus_seconds(-WINDOW_SECONDS)).await? {
            let settings = settings_of(&mut *self.inner.store.read().await?, organization).await?;
            for (subject, refused) in subjects {
                let threshold = match subject {
                    Subject::Key(_) => settings.key_refusals,
                    Subject::Address(_) => settings.address_refusals,
                    Subject::Organization => settings.organization_refusals,
                };
                if refused >= i64::from(threshold) {
                    self.burst(organization, subject, refused, threshold, now).await?;
                }
            }
        }
        Ok(())
    }

    async fn refusals_since(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<OrganizationId, BTreeMap<Subject, i64>>, Failure> {
        type Sum = (Id<OrganizationId>, Id<KeyId>, Option<String>, i64);
        let sums: Vec<Sum> = refusals::table
            .inner_join(api_keys::table)
            .filter(refusals::at.gt(Moment(since)))
            .filter(refusals::reason.eq_any(counted()))
            .group_by((api_keys::organization_id, refusals::key_id, refusals::address))
            .select((api_keys::organization_id, refusals::key_id, refusals::address, times()))
            .load(&mut self.inner.store.read().await?)
            .await?;
        let mut organizations = BTreeMap::<_, BTreeMap<_, i64>>::new();
        for (organization, key, address, refused) in sums {
            let subjects = organizations.entry(organization.0).or_default();
            let address = address.filter(|address| !address.is_empty()).map(Subject::Address);
            for subject in [Subject::Key(key.0), Subject::Organization].into_iter().chain(address) {
                *subjects.entry(subject).or_default() += refused;
            }
        }
        Ok(organizations)
    }

    /// Raises it, or counts on.
    async fn burst(
        &self,
        organization: OrganizationId,
        subject: Subject,
        refused: i64,
        threshold: u32,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let last: Option<AlertRow> = alerts::table
            .filter(alerts::organization_id.eq(Id(organization)))
            .filter(alerts::kind.eq(subject.kind().code()))
            .filter(alerts::subject.eq(subject.text()))
            .order(alerts::id.desc())
            .select(AlertRow::as_select())
            .first(&mut self.inner.store.read().await?)
            .await
            .optional()?;
        if let Some(last) = &last
            && now.seconds_since(last.last_at.0) < QUIET_SECONDS
        {
            return self.count_on(organization, &subject, last).await;
        }
        let newest = self.newest(organization, &subject, Moment(now.plus_seconds(-WINDOW_SECONDS))).await?;
        let key = if let Subject::Key(key) = subject { Some(key) } else { None };
        let address = if let Subject::Address(address) = &subject { Some(address.clone()) } else { None };
        // Whoever else has seen the same last one gives the next the same number.
        let serial = last.and_then(|last| last.occasion.parse::<u64>().ok()).unwrap_or(0) + 1;
        self.raise(Finding {
            organization,
            kind: subject.kind(),
            key,
            subject: subject.text(),
            occasion: serial.to_string(),
            detail: Detail::Burst { threshold, address },
            times: refused,
            last_at: newest.0,
        })
        .await
    }

    /// Adds what has come since the alert was written last. Of two servers that find the same, one writes.
    async fn count_on(&self, organization: OrganizationId, subject: &Subject, last: &AlertRow) -> Result<(), Failure> {
        let mut connection = self.inner.store.read().await?;
        let newer = || of_subject(organization, subject, last.last_at);
        let times: i64 = newer().select(times()).first(&mut *connection).await?;
        let newest: Option<Moment> =
            newer().order(refusals::at.desc()).select(refusals::at).first(&mut *connection).await.optional()?;
        drop(connection);
        if let Some(newest) = newest {
            diesel::update(alerts::table.find(last.id).filter(alerts::last_at.eq(last.last_at)))
                .set((alerts::times.eq(alerts::times + times), alerts::last_at.eq(newest)))
                .execute(&mut self.inner.store.write().await?)
                .await?;
        }
        Ok(())
    }

    async fn newest(&self, organization: OrganizationId, subject: &Subject, since: Moment) -> Result<Moment, Failure> {
        let newest = of_subject(organization, subject, since).order(refusals::at.desc()).select(refusals::at);
        Ok(newest.first(&mut self.inner.store.read().await?).await?)
    }
}

type Refusals = diesel::dsl::InnerJoin<refusals::table, api_keys::table>;

/// For how many requests the rows stand.
fn times() -> SqlLiteral<BigInt> {
    sql("CAST(coalesce(sum(refusals.times), 0) AS BIGINT)")
}

/// The refusals of a subject after a moment.
fn of_subject(
    organization: OrganizationId,
    subject: &Subject,
    since: Moment,
) -> diesel::helper_types::IntoBoxed<'static, Refusals, AnyDb> {
    let refused = refusals::table
        .inner_join(api_keys::table)
        .into_boxed()
        .filter(api_keys::organization_id.eq(Id(organization)))
        .filter(refusals::at.gt(since))
        .filter(refusals::reason.eq_any(counted()));
    match subject {
        Subject::Key(key) => refused.filter(refusals::key_id.eq(Id(*key))),
        Subject::Address(address) => refused.filter(refusals::address.eq(address.clone())),
        Subject::Organization => refused,
    }
}
