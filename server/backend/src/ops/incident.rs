//! A compromised key: contained in one act, with the one in its place, the entries in the trail and the alert, or not at
//! all. One id ties them together.

use std::{cmp::Reverse, collections::BTreeMap, time::Instant};

use diesel::{ExpressionMethods as _, QueryDsl as _, dsl::sql, sql_types::BigInt};
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use shared::{
    AppError, IncidentId, KeyId, Timestamp,
    explain::RefusalView,
    incident::{self, Activity, ActivityLine, Containment, KeyContainParams, KeyContained, LINES_SHOWN},
    key::{KeyCreated, KeyStatus, RevealedSecret},
    usage::ReasonCount,
};

use super::{
    checked, count,
    key::locked_key,
    role::role_choice,
    stop_if,
    usage::{ALLOWED, check_owner, most_frequent_first, refusal},
};
use crate::{
    Backend,
    alerts::{Compromise, raise_compromise},
    audit::AuditEvent,
    authz::{KeyContain, KeyCreate, KeyUpdate, Permit, UsageRead},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::key::KeyRow,
        schema::{api_keys, key_networks, key_rate_limits, key_traces, key_usage},
        tx::WriteTx,
    },
    expected::{Expected, State, Target, Thing},
    failure::Failure,
    keyring::{applier::Subject, secret::SecretKey, totals::hour},
    random::fresh_id,
    slice::{LIMIT_MAX, Slice},
};

/// So many traces of one key are looked at, the latest; more are counted only by the hour.
const TRACES_MAX: i64 = 10_000;
/// So many of its last refusals.
const REFUSALS_MAX: usize = 1_000;

/// What is to become of a compromised key.
#[derive(Debug, Clone)]
pub struct KeyContainment {
    /// Which key.
    pub target: Target<KeyId>,
    /// What becomes of it.
    pub containment: Containment,
    /// What is known about it.
    pub reason: String,
}

impl From<KeyContainParams> for KeyContainment {
    fn from(params: KeyContainParams) -> Self {
        let KeyContainParams { id, version, containment, reason } = params;
        let target = Target { id, expected: Expected::just(State::of_version(version)) };
        Self { target, containment, reason }
    }
}

impl Backend {
    /// Contains a compromised key: when this returns, what somebody else may have is refused everywhere.
    ///
    /// # Errors
    /// [`AppError::Invalid`] without a reason, [`AppError::WrongState`] for a key that is revoked already,
    /// [`AppError::Forbidden`] when it takes a permission more, [`AppError::AboveCeiling`]: whoever gets a secret may do
    /// what the key may, [`AppError::KeyLimitReached`], and [`Failure::Outdated`] when somebody else was quicker.
    pub async fn key_contain(
        &self,
        permit: &Permit<KeyContain>,
        containment: impl Into<KeyContainment>,
    ) -> Result<KeyContained, Failure> {
        let (now, began) = (self.now(), Instant::now());
        let KeyContainment { target: Target { id, expected }, containment, reason } = containment.into();
        let mut refused = Vec::new();
        let reason = checked(&mut refused, "reason", incident::reason(&reason));
        stop_if(refused)?;

        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let key = locked_key(tx.connection()?, permit.organization(), id).await?;
        let status = key.status_at(now)?;
        if status == KeyStatus::Revoked || (containment == Containment::Rotate && status == KeyStatus::Expired) {
            return Err(AppError::WrongState { status }.into());
        }
        if !expected.allows(&State::of_version(key.version)) {
            let current = self.key_view(tx.connection()?, permit.organization(), id).await?;
            return Err(Failure::Outdated(Box::new(Thing::Key(current))));
        }
        let incident = fresh_id!(IncidentId, now);
        let mut told = json!({ "name": key.name, "incident": incident, "reason": reason, "done": containment });
        let created = match containment {
            Containment::Revoke => None,
            Containment::Replace => {
                tx.confirm::<KeyCreate>()?;
                let (copy, secret) = self.put_in_its_place(&mut tx, &key, status, incident).await?;
                tell(&mut told, "replacement", json!(copy));
                Some((copy, secret))
            }
            Containment::Rotate => {
                tx.confirm::<KeyUpdate>()?;
                self.check_may_have(&mut tx, &key).await?;
                let secret = self.replace_secret(&mut tx, &key, now).await?;
                Some((id, secret))
            }
        };
        if containment != Containment::Rotate {
            super::key::mark_revoked(&mut tx, &key, Some(&reason)).await?;
        }
        let done = Compromise { incident, key: id, reason, containment };
        let raised =
            raise_compromise(tx.connection()?, permit.organization(), done, self.inner.mailer.has_server(), now);
        raised.await?;
        tx.touch(Subject::Key(id));
        let event = AuditEvent { action: "key.contain", target: id.to_string(), detail: told };
        let refuse = (containment != Containment::Rotate).then_some(KeyStatus::Revoked);
        let key = self.key_view(tx.connection()?, permit.organization(), id).await?;
        let created = match created {
            None => None,
            Some((id, secret)) => {
                let key = self.key_view(tx.connection()?, permit.organization(), id).await?;
                Some(KeyCreated { key, secret: RevealedSecret::new(secret.expose().to_owned()), same_name: 0 })
            }
        };
        self.commit_refusing(tx, event, id, refuse).await?;
        self.inner.sender.wake();
        let refused_since = self.now();
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(KeyContained { incident, key, created, refused_since, took_ms })
    }

    /// Another key like this one, with a secret of its own. It counts in the place of the old one.
    async fn put_in_its_place(
        &self,
        tx: &mut WriteTx,
        key: &KeyRow,
        status: KeyStatus,
        incident: IncidentId,
    ) -> Result<(KeyId, SecretKey), Failure> {
        let role = self.check_may_have(tx, key).await?;
        // One that has expired does not count, so its place has to be free.
        if status == KeyStatus::Expired {
            self.check_room(tx, key.organization_id.0).await?;
        }
        let now = tx.now;
        let copy = KeyRow {
            id: Id(fresh_id!(KeyId, now)),
            status: KeyStatus::Active.code().to_owned(),
            expires_at: key.expires_at.filter(|at| now < at.0),
            version: 1,
            form_token: None,
            created_at: Moment(now),
            created_by: tx.actor_label(),
            ..key.clone()
        };
        diesel::insert_into(api_keys::table).values(&copy).execute(tx.connection()?).await?;
        copy_rules(tx.connection()?, key.id, copy.id).await?;
        let secret = self.give_secret(tx, copy.id, copy.environment()?).await?;
        tx.touch(Subject::Key(copy.id.0));
        let mut after = super::key::audited(&copy, &role);
        tell(&mut after, "replaces", json!(key.id.0));
        tell(&mut after, "incident", json!(incident));
        tx.also(AuditEvent::created("key.create", copy.id.0, after));
        Ok((copy.id.0, secret))
    }

    /// Whoever is shown a secret may do what its key may. Returns the role's name.
    async fn check_may_have(&self, tx: &mut WriteTx, key: &KeyRow) -> Result<String, Failure> {
        let organization = tx.organization_id().0;
        let role = role_choice(tx.connection()?, organization, key.role_id.0).await?;
        tx.check_ceiling(&format!("make a secret of a key with the role {}", role.name), &role.permissions)?;
        Ok(role.name)
    }

    /// What a key was used for since `since`, from where, and why it was refused.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's key.
    pub async fn key_activity(
        &self,
        permit: &Permit<UsageRead>,
        id: KeyId,
        since: Timestamp,
    ) -> Result<Activity, Failure> {
        let mut connection = self.inner.store.read().await?;
        check_owner(&mut connection, permit.organization(), id).await?;
        let mut lines = uses_since(&mut connection, id, since).await?;
        let reasons = reasons_since(&mut connection, id, since).await?;
        drop(connection);
        let more = lines.len().saturating_sub(LINES_SHOWN) as u64;
        lines.truncate(LINES_SHOWN);
        Ok(Activity { since, now: self.now(), lines, more, reasons })
    }

    /// All that is kept about it: the latest use first, and the last refusals with their details.
    ///
    /// # Errors
    /// As [`Self::key_activity`].
    pub async fn key_history(
        &self,
        permit: &Permit<UsageRead>,
        id: KeyId,
        since: Timestamp,
    ) -> Result<(Vec<ActivityLine>, Vec<RefusalView>), Failure> {
        let mut connection = self.inner.store.read().await?;
        check_owner(&mut connection, permit.organization(), id).await?;
        let lines = uses_since(&mut connection, id, since).await?;
        drop(connection);
        let mut refusals = Vec::new();
        let mut slice = Slice { limit: LIMIT_MAX, cursor: None };
        loop {
            let cut = self.key_refusals(permit, id, &slice).await?;
            let all = refusals.len() + cut.rows.len();
            refusals.extend(cut.rows.into_iter().take_while(|refusal| refusal.at >= since));
            match cut.next_cursor {
                Some(next) if refusals.len() == all && all < REFUSALS_MAX => slice.cursor = Some(next),
                _ => return Ok((lines, refusals)),
            }
        }
    }
}

/// The old key's own networks and limits hold for the new one, too.
async fn copy_rules(connection: &mut AnyConnection, from: Id<KeyId>, to: Id<KeyId>) -> Result<(), Failure> {
    let networks: Vec<String> = key_networks::table
        .filter(key_networks::key_id.eq(from))
        .select(key_networks::network)
        .load(connection)
        .await?;
    let networks: Vec<_> =
        networks.into_iter().map(|network| (key_networks::key_id.eq(to), key_networks::network.eq(network))).collect();
    if !networks.is_empty() {
        diesel::insert_into(key_networks::table).values(networks).execute(connection).await?;
    }
    let limits: Vec<(i64, i64)> = key_rate_limits::table
        .filter(key_rate_limits::key_id.eq(from))
        .select((key_rate_limits::window_seconds, key_rate_limits::requests))
        .load(connection)
        .await?;
    let limit = |(window, requests): (i64, i64)| {
        (
            key_rate_limits::key_id.eq(to),
            key_rate_limits::window_seconds.eq(window),
            key_rate_limits::requests.eq(requests),
        )
    };
    let limits: Vec<_> = limits.into_iter().map(limit).collect();
    if !limits.is_empty() {
        diesel::insert_into(key_rate_limits::table).values(limits).execute(connection).await?;
    }
    Ok(())
}

/// From each address with each question, added up over the days.
/// How often it was refused since the hour of `since`, and why: all that were counted, and not only those whose details are
/// kept.
async fn reasons_since(
    connection: &mut AnyConnection,
    key: KeyId,
    since: Timestamp,
) -> Result<Vec<ReasonCount>, Failure> {
    let sums: Vec<(String, i64)> = key_usage::table
        .filter(key_usage::key_id.eq(Id(key)))
        .filter(key_usage::hour.ge(hour(since)))
        .filter(key_usage::outcome.ne(ALLOWED))
        .group_by(key_usage::outcome)
        .select((key_usage::outcome, sql::<BigInt>("CAST(sum(requests) AS BIGINT)")))
        .load(connection)
        .await?;
    let counted = sums
        .into_iter()
        .map(|(outcome, requests)| Ok(ReasonCount { reason: refusal(&outcome)?, requests: count(requests) }));
    let mut reasons = counted.collect::<Result<Vec<_>, Failure>>()?;
    most_frequent_first(&mut reasons);
    Ok(reasons)
}

async fn uses_since(
    connection: &mut AnyConnection,
    key: KeyId,
    since: Timestamp,
) -> Result<Vec<ActivityLine>, Failure> {
    type Trace = (String, String, Option<String>, Moment, Moment, i64, i64);
    let traces: Vec<Trace> = key_traces::table
        .filter(key_traces::key_id.eq(Id(key)))
        .filter(key_traces::day.ge(since.day_number()))
        .filter(key_traces::last_at.ge(Moment(since)))
        .order(key_traces::last_at.desc())
        .limit(TRACES_MAX)
        .select((
            key_traces::address,
            key_traces::asked,
            key_traces::user_agent,
            key_traces::first_at,
            key_traces::last_at,
            key_traces::allowed,
            key_traces::refused,
        ))
        .load(connection)
        .await?;
    let mut lines = BTreeMap::<(String, String), ActivityLine>::new();
    for (address, permissions, user_agent, first_at, last_at, allowed, refused) in traces {
        let (first_at, last_at, allowed, refused) = (first_at.0, last_at.0, count(allowed), count(refused));
        lines
            .entry((address.clone(), permissions.clone()))
            // The latest came first.
            .and_modify(|line| {
                line.first_at = line.first_at.min(first_at);
                line.allowed = line.allowed.saturating_add(allowed);
                line.refused = line.refused.saturating_add(refused);
            })
            .or_insert(ActivityLine { address, permissions, user_agent, first_at, last_at, allowed, refused });
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    lines.sort_by_key(|line| Reverse(line.last_at));
    Ok(lines)
}

fn tell(told: &mut Value, field: &str, value: Value) {
    if let Some(told) = told.as_object_mut() {
        told.insert(field.to_owned(), value);
    }
}
