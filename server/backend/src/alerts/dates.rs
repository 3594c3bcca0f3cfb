//! What the calendar brings: keys that expire, that nobody uses, and secrets that are old.
//!
//! Each is told once, also when the server was down on the day: what is looked for is a state, not a moment. Everything is
//! looked for from its oldest on, by an index: of a million keys that are young, none is touched.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _, NullableExpressionMethods as _,
    OptionalExtension as _, QueryDsl as _,
    dsl::{exists, not},
};
use diesel_async::RunQueryDsl as _;
use shared::{
    KeyId, OrganizationId, SecretId, Timestamp,
    alert::{AlertKind, EXPIRY_DAYS},
    key::{Environment, KeyStatus, UNUSED_DAYS},
};

use super::{raise::Finding, words::Detail};
use crate::{
    Backend,
    db::{
        anydb::{AnyDb, Moment},
        column::Id,
        schema::{alerts, api_keys, key_secrets, organizations, secret_uses},
    },
    failure::Failure,
};

/// How many of a kind are raised in one go; the next one goes on.
const AT_ONCE: i64 = 500;

/// A key whose date comes near.
type Dated = (Id<KeyId>, Id<OrganizationId>, Moment, Option<Moment>);
/// A secret that is due for another one.
type Old = (Id<KeyId>, Id<OrganizationId>, Id<SecretId>, Moment);

impl Backend {
    pub(super) async fn find_dates(&self) -> Result<(), Failure> {
        self.close_what_is_over().await?;
        self.find_expiring().await?;
        self.find_unused().await?;
        for production in [true, false] {
            self.find_old_secrets(production).await?;
        }
        Ok(())
    }

    /// What is no news any more needs nobody: the key was revoked, or has a new secret.
    async fn close_what_is_over(&self) -> Result<(), Failure> {
        let revoked = api_keys::table
            .filter(api_keys::id.nullable().eq(alerts::key_id))
            .filter(api_keys::status.eq(KeyStatus::Revoked.code()));
        let rotated = key_secrets::table
            .filter(key_secrets::id.eq(alerts::occasion))
            .filter(key_secrets::retires_at.is_not_null());
        let kinds = [AlertKind::Expiring, AlertKind::Unused, AlertKind::RotationDue].map(AlertKind::code);
        let closed =
            (alerts::acknowledged_at.eq(Some(Moment(self.now()))), alerts::acknowledged_by.eq(Some("IPAware")));
        let mut connection = self.inner.store.write().await?;
        let open = alerts::table.filter(alerts::acknowledged_at.is_null());
        diesel::update(open.filter(alerts::kind.eq_any(kinds)).filter(exists(revoked)))
            .set(closed)
            .execute(&mut *connection)
            .await?;
        let due = alerts::kind.eq(AlertKind::RotationDue.code());
        diesel::update(open.filter(due).filter(exists(rotated))).set(closed).execute(&mut *connection).await?;
        Ok(())
    }

    async fn find_expiring(&self) -> Result<(), Failure> {
        let now = self.now();
        let furthest = EXPIRY_DAYS.into_iter().max().unwrap_or_default();
        let keys: Vec<Dated> = api_keys::table
            .filter(api_keys::status.eq(KeyStatus::Active.code()))
            .filter(api_keys::expires_at.gt(Moment(now)).and(api_keys::expires_at.le(Moment(now.plus_days(furthest)))))
            .select((api_keys::id, api_keys::organization_id, api_keys::created_at, api_keys::expires_at))
            .load(&mut self.inner.store.read().await?)
            .await?;
        for (key, organization, created_at, expires_at) in keys {
            let Some(Moment(expires_at)) = expires_at else { continue };
            let Some(days) = expiry_days(created_at.0, expires_at, now) else { continue };
            self.raise(Finding {
                organization: organization.0,
                kind: AlertKind::Expiring,
                key: Some(key.0),
                subject: key.0.to_string(),
                occasion: format!("{days} {}", expires_at.rfc3339()),
                detail: Detail::Expiring { expires_at, days },
                times: 1,
                last_at: now,
            })
            .await?;
        }
        Ok(())
    }

    async fn find_unused(&self) -> Result<(), Failure> {
        let now = self.now();
        let since = Moment(now.plus_days(-UNUSED_DAYS));
        let used = secret_uses::table.filter(secret_uses::key_id.eq(api_keys::id).and(secret_uses::used_at.gt(since)));
        let told = alerts::table.filter(
            alerts::kind
                .eq(AlertKind::Unused.code())
                .and(alerts::organization_id.eq(api_keys::organization_id))
                .and(alerts::subject.eq(api_keys::id))
                .and(alerts::opened_at.gt(since)),
        );
        let keys: Vec<(Id<KeyId>, Id<OrganizationId>)> = api_keys::table
            .filter(api_keys::status.eq(KeyStatus::Active.code()))
            .filter(api_keys::created_at.le(since))
            .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(Moment(now)).assume_not_null()))
            .filter(not(exists(used)))
            .filter(not(exists(told)))
            .order(api_keys::created_at)
            .limit(AT_ONCE)
            .select((api_keys::id, api_keys::organization_id))
            .load(&mut self.inner.store.read().await?)
            .await?;
        for (key, organization) in keys {
            let last_used_at = self.last_use(key).await?;
            self.raise(Finding {
                organization: organization.0,
                kind: AlertKind::Unused,
                key: Some(key.0),
                subject: key.0.to_string(),
                occasion: last_used_at.map_or_else(|| "never".to_owned(), Timestamp::rfc3339),
                detail: Detail::Unused { last_used_at },
                times: 1,
                last_at: now,
            })
            .await?;
        }
        Ok(())
    }

    async fn last_use(&self, key: Id<KeyId>) -> Result<Option<Timestamp>, Failure> {
        let at: Option<Moment> = secret_uses::table
            .filter(secret_uses::key_id.eq(key))
            .order(secret_uses::used_at.desc())
            .select(secret_uses::used_at)
            .first(&mut self.inner.store.read().await?)
            .await
            .optional()?;
        Ok(at.map(|at| at.0))
    }

    /// Each organization says for itself after how many days; most say the same.
    async fn find_old_secrets(&self, production: bool) -> Result<(), Failure> {
        let mut connection = self.inner.store.read().await?;
        let all = organizations::table.distinct();
        let days: Vec<i64> = if production {
            all.select(organizations::rotate_production_days).load(&mut *connection).await?
        } else {
            all.select(organizations::rotate_other_days).load(&mut *connection).await?
        };
        drop(connection);
        for days in days {
            self.find_secrets_of(production, days).await?;
        }
        Ok(())
    }

    async fn find_secrets_of(&self, production: bool, days: i64) -> Result<(), Failure> {
        let now = self.now();
        let told = alerts::table.filter(
            alerts::kind
                .eq(AlertKind::RotationDue.code())
                .and(alerts::organization_id.eq(api_keys::organization_id))
                .and(alerts::subject.eq(api_keys::id))
                .and(alerts::occasion.eq(key_secrets::id)),
        );
        let old = api_keys::table
            .inner_join(organizations::table)
            .inner_join(key_secrets::table.on(key_secrets::key_id.eq(api_keys::id)))
            .filter(api_keys::status.eq(KeyStatus::Active.code()))
            .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(Moment(now)).assume_not_null()))
            .filter(key_secrets::retires_at.is_null())
            .filter(key_secrets::created_at.le(Moment(now.plus_days(-days))))
            .filter(not(exists(told)))
            .order(key_secrets::created_at)
            .limit(AT_ONCE)
            .select((api_keys::id, api_keys::organization_id, key_secrets::id, key_secrets::created_at))
            .into_boxed::<AnyDb>();
        let word = Environment::Production.code();
        let old = if production {
            old.filter(api_keys::environment.eq(word)).filter(organizations::rotate_production_days.eq(days))
        } else {
            old.filter(api_keys::environment.ne(word)).filter(organizations::rotate_other_days.eq(days))
        };
        let old: Vec<Old> = old.load(&mut self.inner.store.read().await?).await?;
        for (key, organization, secret, made_at) in old {
            self.raise(Finding {
                organization: organization.0,
                kind: AlertKind::RotationDue,
                key: Some(key.0),
                subject: key.0.to_string(),
                occasion: secret.0.to_string(),
                detail: Detail::Rotation { made_at: made_at.0, days },
                times: 1,
                last_at: now,
            })
            .await?;
        }
        Ok(())
    }
}

/// The nearest of [`EXPIRY_DAYS`] that is reached. A key that was made for a shorter time is not told of what was clear
/// from its beginning.
fn expiry_days(created_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> Option<i64> {
    EXPIRY_DAYS
        .into_iter()
        .find(|days| now >= expires_at.plus_days(-days))
        .filter(|days| created_at < expires_at.plus_days(-days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_day_that_is_reached_is_told() {
        let made = Timestamp::from_rfc3339("2028-01-01T00:00:00Z").expect("a moment");
        let expires = Timestamp::from_rfc3339("2028-03-07T00:00:00Z").expect("a moment");
        let told = |now: &str| expiry_days(made, expires, Timestamp::from_rfc3339(now).expect("a moment"));
        assert_eq!(told("2028-02-21T23:59:59Z"), None);
        assert_eq!(told("2028-02-22T00:00:00Z"), Some(14));
        // Seven days before, in a leap year.
        assert_eq!(told("2028-02-28T23:59:59Z"), Some(14));
        assert_eq!(told("2028-02-29T00:00:00Z"), Some(7));
        assert_eq!(told("2028-03-06T00:00:00Z"), Some(1));
        assert_eq!(told("2028-03-06T23:59:59Z"), Some(1));
    }

    #[test]
    fn a_short_life_is_no_news() {
        let made = Timestamp::from_micros(0);
        assert_eq!(expiry_days(made, made.plus_days(5), made), None);
        assert_eq!(expiry_days(made, made.plus_days(5), made.plus_days(4)), Some(1));
        assert_eq!(expiry_days(made, made.plus_seconds(3_600), made), None);
    }
}
