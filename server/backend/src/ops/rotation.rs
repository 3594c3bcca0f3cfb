//! Rotation: a key gets another secret and keeps everything else, and the secret before it works until it retires.
//!
//! The new secret is durable before it is shown. The old one retires by its date, which verification compares with its
//! own clock, so that nothing has to happen at that moment; one that ends at once is refused before the operation answers.

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _, NullableExpressionMethods as _,
    OptionalExtension as _, QueryDsl as _, SelectableHelper as _,
};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AppError, KeyId, OrganizationId, Timestamp,
    key::{KeyCreated, KeyStatus, KeyView, RevealedSecret},
    rotation::{self, DueDays, KeyRotateParams, RetiringSecret},
};

use super::{checked, key::locked_key, role::role_choice, stop_if};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{KeyUpdate, Permit},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::key::{KeyRow, SecretUseRow},
        schema::{api_keys, key_secrets, organizations, secret_uses},
        tx::WriteTx,
    },
    expected::{Expected, State, Target, Thing},
    failure::Failure,
    keyring::{applier::Subject, secret::SecretKey},
};

/// How a key is to be rotated.
#[derive(Debug, Clone)]
pub struct KeyRotation {
    /// Which key.
    pub target: Target<KeyId>,
    /// For how long the secret of now goes on working.
    pub overlap_seconds: u32,
    /// Whether a rotation that is under way may be ended for this one.
    pub force: bool,
}

impl From<KeyRotateParams> for KeyRotation {
    fn from(params: KeyRotateParams) -> Self {
        let KeyRotateParams { id, version, overlap_seconds, force } = params;
        let target = Target { id, expected: Expected::just(State::of_version(version)) };
        Self { target, overlap_seconds, force }
    }
}

impl Backend {
    /// Gives a key another secret, which this answer alone shows. The one before goes on working for the overlap, and
    /// never past the key's own date.
    ///
    /// # Errors
    /// [`AppError::Invalid`], [`AppError::AboveCeiling`]: whoever gets the secret may do what the key may;
    /// [`AppError::WrongState`] for a revoked or an expired key, [`AppError::RotationRunning`] while another rotation is
    /// under way and not to be ended, and [`Failure::Outdated`] when somebody else was quicker.
    pub async fn key_rotate(
        &self,
        permit: &Permit<KeyUpdate>,
        rotation: impl Into<KeyRotation>,
    ) -> Result<KeyCreated, Failure> {
        let now = self.now();
        let KeyRotation { target: Target { id, expected }, overlap_seconds, force } = rotation.into();
        let mut refused = Vec::new();
        let overlap = checked(&mut refused, "overlap_seconds", rotation::overlap(overlap_seconds));
        stop_if(refused)?;

        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let key = self.key_to_rotate(&mut tx, permit, id, &expected).await?;
        let running = retiring_secrets(tx.connection()?, vec![key.id], now).await?.remove(&id);
        if let Some(RetiringSecret { retires_at, .. }) = running
            && !force
        {
            return Err(AppError::RotationRunning { retires_at }.into());
        }
        let wanted = now.plus_seconds(i64::from(overlap));
        let retires_at = key.expires_at.map_or(wanted, |expires| wanted.min(expires.0));
        let secret = self.replace_secret(&mut tx, &key, retires_at).await?;
        tx.touch(Subject::Key(id));
        let event = AuditEvent {
            action: "key.rotate",
            target: id.to_string(),
            detail: json!({
                "name": key.name,
                "before": { "retiring": running.as_ref().map(|secret| secret.retires_at.rfc3339()) },
                "after": { "retiring": (overlap > 0).then(|| retires_at.rfc3339()), "secret": secret.last4() },
            }),
        };
        let key = self.key_view(tx.connection()?, permit.organization(), id).await?;
        self.commit(tx, event).await?;
        Ok(KeyCreated { key, secret: RevealedSecret::new(secret.expose().to_owned()), same_name: 0 })
    }

    /// Ends a rotation early: the old secret is refused by the time this returns.
    ///
    /// # Errors
    /// [`AppError::NoRotation`] when there is no old secret that works.
    pub async fn key_retire(&self, permit: &Permit<KeyUpdate>, id: KeyId) -> Result<KeyView, Failure> {
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let key = locked_key(tx.connection()?, permit.organization(), id).await?;
        let running = retiring_secrets(tx.connection()?, vec![key.id], now).await?.remove(&id);
        let running = running.ok_or(AppError::NoRotation)?;
        retire(tx.connection()?, key.id, now).await?;
        count_edit(tx.connection()?, &key).await?;
        tx.touch(Subject::Key(id));
        let event = AuditEvent {
            action: "key.retire",
            target: id.to_string(),
            detail: json!({
                "name": key.name,
                "before": { "retiring": running.retires_at.rfc3339() },
                "after": { "retiring": null },
            }),
        };
        let key = self.key_view(tx.connection()?, permit.organization(), id).await?;
        self.commit(tx, event).await?;
        Ok(key)
    }

    /// Another secret for the key. The one of now works until `retires_at`; one before that ends at once.
    pub(super) async fn replace_secret(
        &self,
        tx: &mut WriteTx,
        key: &KeyRow,
        retires_at: Timestamp,
    ) -> Result<SecretKey, Failure> {
        let now = tx.now;
        retire(tx.connection()?, key.id, now).await?;
        diesel::update(key_secrets::table.filter(key_secrets::key_id.eq(key.id)))
            .filter(key_secrets::retires_at.is_null())
            .set(key_secrets::retires_at.eq(Some(Moment(retires_at))))
            .execute(tx.connection()?)
            .await?;
        count_edit(tx.connection()?, key).await?;
        self.give_secret(tx, key.id, key.environment()?).await
    }

    /// The key, locked, if this caller may rotate it now.
    async fn key_to_rotate(
        &self,
        tx: &mut WriteTx,
        permit: &Permit<KeyUpdate>,
        id: KeyId,
        expected: &Expected,
    ) -> Result<KeyRow, Failure> {
        let key = locked_key(tx.connection()?, permit.organization(), id).await?;
        let status = key.status_at(tx.now)?;
        if matches!(status, KeyStatus::Revoked | KeyStatus::Expired) {
            return Err(AppError::WrongState { status }.into());
        }
        if !expected.allows(&State::of_version(key.version)) {
            let current = self.key_view(tx.connection()?, permit.organization(), id).await?;
            return Err(Failure::Outdated(Box::new(Thing::Key(current))));
        }
        let role = role_choice(tx.connection()?, permit.organization(), key.role_id.0).await?;
        tx.check_ceiling(&format!("rotate a key with the role {}", role.name), &role.permissions)?;
        Ok(key)
    }
}

/// From now on only the current secret works.
async fn retire(connection: &mut AnyConnection, key: Id<KeyId>, now: Timestamp) -> Result<(), Failure> {
    diesel::update(key_secrets::table.filter(key_secrets::key_id.eq(key)))
        .filter(key_secrets::retires_at.gt(Moment(now)))
        .set(key_secrets::retires_at.eq(Some(Moment(now))))
        .execute(connection)
        .await?;
    Ok(())
}

async fn count_edit(connection: &mut AnyConnection, key: &KeyRow) -> Result<(), Failure> {
    diesel::update(api_keys::table.find(key.id)).set(api_keys::version.eq(key.version + 1)).execute(connection).await?;
    Ok(())
}

/// The secrets of these keys that are on their way out and still work.
pub(super) async fn retiring_secrets(
    connection: &mut AnyConnection,
    keys: Vec<Id<KeyId>>,
    now: Timestamp,
) -> Result<HashMap<KeyId, RetiringSecret>, Failure> {
    type Row = (Id<KeyId>, String, Moment, Option<SecretUseRow>);
    let rows: Vec<Row> = key_secrets::table
        .left_join(
            secret_uses::table
                .on(secret_uses::key_id.eq(key_secrets::key_id).and(secret_uses::secret_id.eq(key_secrets::id))),
        )
        .filter(key_secrets::key_id.eq_any(keys))
        .filter(key_secrets::retires_at.gt(Moment(now)))
        .select((
            key_secrets::key_id,
            key_secrets::last4,
            key_secrets::retires_at.assume_not_null(),
            Option::<SecretUseRow>::as_select(),
        ))
        .load(connection)
        .await?;
    let retiring = |(key, last4, retires_at, used): Row| {
        (key.0, RetiringSecret { last4, retires_at: retires_at.0, last_used: used.map(SecretUseRow::view) })
    };
    Ok(rows.into_iter().map(retiring).collect())
}

/// After how many days the organization's keys are due for rotation.
pub(super) async fn due_days(connection: &mut AnyConnection, organization: OrganizationId) -> Result<DueDays, Failure> {
    let days: Option<(i64, i64)> = organizations::table
        .find(Id(organization))
        .select((organizations::rotate_production_days, organizations::rotate_other_days))
        .first(connection)
        .await
        .optional()?;
    Ok(days.map_or(rotation::DUE_DAYS, |(production, others)| DueDays { production, others }))
}
