//! API keys: the table, and a key's life from creation to revocation.
//!
//! The order of effects differs with the direction of a change. What loosens (create, resume, edit) is made durable
//! first, then known to the index, then told. What tightens (pause, revoke) is refused in memory right before it is
//! made durable: should that fail, the key stays refused and the answer says so.

use std::time::Instant;

use diesel::{
    BoolExpressionMethods as _, EscapeExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _,
    NullableExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _,
    TextExpressionMethods as _,
};
use diesel_async::RunQueryDsl as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    AppError, KeyId, OrganizationId, RoleId, SecretId, Timestamp,
    key::{
        self, Attention, EXPIRING_DAYS, Environment, KeyAllowance, KeyCreateParams, KeyCreated, KeyDetail, KeyList,
        KeyListParams, KeyNotesParams, KeyRefused, KeySort, KeyStatus, KeyUpdateParams, KeyView, RevealedSecret,
        StatusFilter, UNUSED_DAYS,
    },
    page::{Page, ROWS_PER_PAGE, pages},
};

use super::{
    attention::Known,
    checked, contains, count,
    role::{assignable_role, role_choice, role_choices},
    rotation::{due_days, retiring_secrets},
    stop_if,
};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{KeyCreate, KeyDelete, KeyRead, KeyUpdate, Operation, Permit},
    db::{
        anydb::{AnyConnection, AnyDb, ForUpdate, Moment},
        column::{Digest32, Id},
        row::key::{CurrentSecret, KeyRow, SecretRow, SecretUseRow},
        schema::{api_keys, key_secrets, lower, organizations, roles, secret_uses},
        tx::WriteTx,
    },
    expected::{Expected, State, Target, Thing},
    failure::Failure,
    keyring::{applier::Subject, secret::SecretKey},
    random::fresh_id,
    slice::{Cut, Slice},
};

/// What is to become of a key; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct KeyChange {
    /// Which key.
    pub target: Target<KeyId>,
    /// 1 to [`key::NAME_MAX`] characters after trimming.
    pub name: Option<String>,
    /// One the editor may assign, or the one it has.
    pub role: Option<RoleId>,
    /// Where it is used.
    pub environment: Option<Environment>,
    /// From when on it is refused; `Some(None)` for never.
    pub expires_at: Option<Option<Timestamp>>,
    /// What people write down about it; empty for nothing.
    pub notes: Option<String>,
    /// Where it is deployed; empty when nobody says.
    pub deployed_to: Option<String>,
}

impl From<KeyUpdateParams> for KeyChange {
    /// The form shows every field but the notes, which have a form of their own.
    fn from(params: KeyUpdateParams) -> Self {
        let KeyUpdateParams { id, version, name, role, environment, expires_at } = params;
        Self {
            target: Target { id, expected: Expected::just(State::of_version(version)) },
            name: Some(name),
            role: Some(role),
            environment: Some(environment),
            expires_at: Some(expires_at),
            notes: None,
            deployed_to: None,
        }
    }
}

impl From<KeyNotesParams> for KeyChange {
    fn from(params: KeyNotesParams) -> Self {
        let KeyNotesParams { id, version, notes, deployed_to } = params;
        Self {
            target: Target { id, expected: Expected::just(State::of_version(version)) },
            name: None,
            role: None,
            environment: None,
            expires_at: None,
            notes: Some(notes),
            deployed_to: Some(deployed_to),
        }
    }
}

/// What is selected for a [`Row`].
macro_rules! row {
    () => {
        (KeyRow::as_select(), roles::name, CurrentSecret::as_select(), Option::<SecretUseRow>::as_select())
    };
}

impl Backend {
    /// One page of the table, and what the page around it needs.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn key_list(&self, permit: &Permit<KeyRead>, params: &KeyListParams) -> Result<KeyList, Failure> {
        let (organization, now) = (permit.organization(), self.now());
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;

        let known = Known::read(connection, organization, params.attention, now).await?;
        let total: i64 = matching(organization, params, &known, now).count().get_result(connection).await?;
        let total = count(total);
        let number = params.page.clamp(1, pages(total));
        let skip = i64::from(number - 1) * i64::from(ROWS_PER_PAGE);
        let rows = sorted(matching(organization, params, &known, now), params)
            .select(row!())
            .limit(i64::from(ROWS_PER_PAGE))
            .offset(skip)
            .load::<Row>(connection)
            .await?;
        let rows = views(connection, organization, rows, now).await?;

        let current: Option<Id<KeyId>> = api_keys::table
            .filter(api_keys::organization_id.eq(Id(organization)))
            .filter(api_keys::status.ne(KeyStatus::Revoked.code()))
            .select(api_keys::id)
            .first(connection)
            .await
            .optional()?;
        let plan: String =
            organizations::table.find(Id(organization)).select(organizations::plan).first(connection).await?;
        let allowance = self.allowance(connection, organization, &plan, now).await?;
        let roles = role_choices(connection, organization).await?;
        Ok(KeyList {
            page: Page { rows, total, number },
            any: current.is_some(),
            allowance,
            roles: roles.into_iter().map(|choice| permit.lock_above_ceiling(choice)).collect(),
            now,
        })
    }

    /// A slice of the same list.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn key_slice(
        &self,
        permit: &Permit<KeyRead>,
        params: &KeyListParams,
        slice: &Slice,
    ) -> Result<Cut<KeyView>, Failure> {
        let (organization, now) = (permit.organization(), self.now());
        let params = KeyListParams { page: 1, ..params.clone() };
        let slicing = self.slicing("keys", organization, &params, slice)?;
        let mut connection = self.inner.store.read().await?;
        let known = Known::read(&mut connection, organization, params.attention, now).await?;
        let mut keys = sorted(matching(organization, &params, &known, now), &params);
        if let Some(place) = slicing.after()? {
            keys = after(keys, &params, place);
        }
        let rows = keys.select(row!()).limit(slicing.rows_to_read()).load::<Row>(&mut *connection).await?;
        let rows = views(&mut connection, organization, rows, now).await?;
        slicing.cut(rows, |key| Place::of(key, params.sort))
    }

    /// One key.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's key.
    pub async fn key_get(&self, permit: &Permit<KeyRead>, id: KeyId) -> Result<KeyView, Failure> {
        self.key_view(&mut *self.inner.store.read().await?, permit.organization(), id).await
    }

    /// One key, and what its page needs around it.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's key.
    pub async fn key_detail(&self, permit: &Permit<KeyRead>, id: KeyId) -> Result<KeyDetail, Failure> {
        let (organization, now) = (permit.organization(), self.now());
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let key = self.key_view(connection, organization, id).await?;
        let user_agent: Option<Option<String>> = secret_uses::table
            .filter(secret_uses::key_id.eq(Id(id)))
            .order(secret_uses::used_at.desc())
            .select(secret_uses::user_agent)
            .first(connection)
            .await
            .optional()?;
        let roles = role_choices(connection, organization).await?;
        Ok(KeyDetail {
            key,
            user_agent: user_agent.flatten(),
            roles: roles.into_iter().map(|choice| permit.lock_above_ceiling(choice)).collect(),
            now,
        })
    }

    /// Creates a key and gives its secret away, once.
    ///
    /// # Errors
    /// [`AppError::Invalid`], [`AppError::AboveCeiling`], [`AppError::KeyLimitReached`], or
    /// [`AppError::AlreadyCreated`] when the same form was sent before.
    pub async fn key_create(&self, permit: &Permit<KeyCreate>, params: KeyCreateParams) -> Result<KeyCreated, Failure> {
        let now = self.now();
        let mut refused = Vec::new();
        let name = checked(&mut refused, "name", key::name(&params.name));
        let expires_at = checked(&mut refused, "expires_at", in_the_future(params.expires_at, now));
        let form_token = checked(&mut refused, "form_token", form_token(params.form_token));
        stop_if(refused)?;

        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        if let Some(token) = &form_token
            && let Some(sent_before) = key_of_form(tx.connection()?, permit.organization(), token).await?
        {
            let key = self.key_view(tx.connection()?, permit.organization(), sent_before).await?;
            return Err(AppError::AlreadyCreated { key: Box::new(key) }.into());
        }
        let role = assignable_role(&mut tx, params.role).await?;
        let plan = tx.organization().plan.clone();
        let allowance = self.allowance(tx.connection()?, permit.organization(), &plan, now).await?;
        if allowance.is_reached() {
            return Err(AppError::KeyLimitReached { allowance }.into());
        }
        let same_name: i64 = api_keys::table
            .filter(api_keys::organization_id.eq(tx.organization_id()))
            .filter(api_keys::name.eq(&name))
            .filter(api_keys::status.ne(KeyStatus::Revoked.code()))
            .count()
            .get_result(tx.connection()?)
            .await?;

        let row = KeyRow {
            id: Id(fresh_id!(KeyId, now)),
            organization_id: tx.organization_id(),
            role_id: Id(role.id),
            name,
            environment: params.environment.code().to_owned(),
            status: KeyStatus::Active.code().to_owned(),
            expires_at: expires_at.map(Moment),
            version: 1,
            form_token,
            created_at: Moment(now),
            created_by: tx.actor_label(),
            revoked_at: None,
            revoked_by: None,
            revoked_reason: None,
            notes: String::new(),
            deployed_to: String::new(),
        };
        diesel::insert_into(api_keys::table).values(&row).execute(tx.connection()?).await?;
        let secret = self.give_secret(&mut tx, row.id, params.environment).await?;
        tx.touch(Subject::Key(row.id.0));
        let event = AuditEvent::created("key.create", row.id.0, audited(&row, &role.name));
        let key = self.key_view(tx.connection()?, permit.organization(), row.id.0).await?;
        self.commit(tx, event).await?;
        Ok(KeyCreated { key, secret: RevealedSecret::new(secret.expose().to_owned()), same_name: count(same_name) })
    }

    /// Makes a secret and stores its digest as the key's current one.
    pub(super) async fn give_secret(
        &self,
        tx: &mut WriteTx,
        key: Id<KeyId>,
        environment: Environment,
    ) -> Result<SecretKey, Failure> {
        let secret = SecretKey::mint(environment);
        let pepper = self.inner.keyring.peppers.current();
        let row = SecretRow {
            id: Id(fresh_id!(SecretId, tx.now)),
            key_id: key,
            digest: Digest32(pepper.digest(secret.well_formed()).0),
            pepper: pepper.id(),
            last4: secret.last4(),
            created_at: Moment(tx.now),
            retires_at: None,
        };
        diesel::insert_into(key_secrets::table).values(&row).execute(tx.connection()?).await?;
        Ok(secret)
    }

    /// Changes name, role, environment, expiry and what is written down about it.
    ///
    /// # Errors
    /// [`Failure::Outdated`] when somebody else was quicker, [`AppError::WrongState`] for a revoked key, and as
    /// [`Self::key_create`].
    pub async fn key_update(
        &self,
        permit: &Permit<KeyUpdate>,
        change: impl Into<KeyChange>,
    ) -> Result<KeyView, Failure> {
        let now = self.now();
        let KeyChange { target: Target { id, expected }, name, role, environment, expires_at, notes, deployed_to } =
            change.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let before = locked_key(tx.connection()?, permit.organization(), id).await?;
        if before.stored_status()? == KeyStatus::Revoked {
            return Err(AppError::WrongState { status: KeyStatus::Revoked }.into());
        }
        if !expected.allows(&State::of_version(before.version)) {
            let current = self.key_view(tx.connection()?, permit.organization(), id).await?;
            return Err(Failure::Outdated(Box::new(Thing::Key(current))));
        }
        let mut refused = Vec::new();
        let name = match name {
            Some(name) => checked(&mut refused, "name", key::name(&name)),
            None => before.name.clone(),
        };
        let kept = before.expires_at.map(|moment| moment.0);
        // A date that is there already may be in the past; only a new one has to be ahead.
        let expires_at = match expires_at.filter(|at| *at != kept) {
            Some(new) => checked(&mut refused, "expires_at", in_the_future(new, now)),
            None => kept,
        };
        let environment = environment.map_or_else(|| before.environment(), Ok)?;
        let notes = match notes {
            Some(notes) => checked(&mut refused, "notes", key::notes(&notes)),
            None => before.notes.clone(),
        };
        let deployed_to = match deployed_to {
            Some(place) => checked(&mut refused, "deployed_to", key::deployed_to(&place)),
            None => before.deployed_to.clone(),
        };
        stop_if(refused)?;
        let role_before = role_choice(tx.connection()?, permit.organization(), before.role_id.0).await?;
        // The ceiling holds for the role the key has, too: nobody shapes a key that may do more than they may.
        tx.check_ceiling(&format!("edit a key with the role {}", role_before.name), &role_before.permissions)?;
        let role = match role.filter(|role| *role != role_before.id) {
            Some(role) => assignable_role(&mut tx, role).await?,
            None => role_before.clone(),
        };
        let was_expired = before.status_at(now)? == KeyStatus::Expired;
        let counts_again = was_expired && expires_at.is_none_or(|at| now < at);
        if counts_again {
            self.check_room(&mut tx, permit.organization()).await?;
        }
        let after: KeyRow = diesel::update(api_keys::table.find(before.id))
            .set((
                api_keys::name.eq(&name),
                api_keys::role_id.eq(Id(role.id)),
                api_keys::environment.eq(environment.code()),
                api_keys::expires_at.eq(expires_at.map(Moment)),
                api_keys::notes.eq(&notes),
                api_keys::deployed_to.eq(&deployed_to),
                api_keys::version.eq(before.version + 1),
            ))
            .returning(KeyRow::as_returning())
            .get_result(tx.connection()?)
            .await?;
        tx.touch(Subject::Key(id));
        let event =
            AuditEvent::changed("key.update", id, audited(&before, &role_before.name), audited(&after, &role.name));
        let key = self.key_view(tx.connection()?, permit.organization(), id).await?;
        self.commit(tx, event).await?;
        Ok(key)
    }

    /// Refuses an active key until it is resumed.
    ///
    /// # Errors
    /// [`AppError::WrongState`] unless it is active.
    pub async fn key_pause(&self, permit: &Permit<KeyUpdate>, id: KeyId) -> Result<KeyRefused, Failure> {
        self.tighten(permit, id, KeyStatus::Paused, None).await
    }

    /// Refuses a key for good. When this returns, no request that starts from now on is allowed.
    ///
    /// # Errors
    /// [`AppError::WrongState`] when it was revoked before, [`AppError::Invalid`] for an overlong reason, and
    /// [`AppError::RefusedButNotSaved`] when it is refused but would be forgotten by a restart.
    pub async fn key_revoke(&self, permit: &Permit<KeyDelete>, id: KeyId, reason: &str) -> Result<KeyRefused, Failure> {
        let mut refused = Vec::new();
        let reason = checked(&mut refused, "reason", key::reason(reason));
        stop_if(refused)?;
        self.tighten(permit, id, KeyStatus::Revoked, reason).await
    }

    /// Lets a paused key verify again.
    ///
    /// # Errors
    /// [`AppError::WrongState`] unless it is paused, or when its date has passed in the meantime.
    pub async fn key_resume(&self, permit: &Permit<KeyUpdate>, id: KeyId) -> Result<KeyView, Failure> {
        let now = self.now();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let before = locked_key(tx.connection()?, permit.organization(), id).await?;
        let status = before.stored_status()?;
        if status != KeyStatus::Paused {
            return Err(AppError::WrongState { status: before.status_at(now)? }.into());
        }
        if before.expires_at.is_some_and(|at| now >= at.0) {
            return Err(AppError::WrongState { status: KeyStatus::Expired }.into());
        }
        diesel::update(api_keys::table.find(before.id))
            .set((api_keys::status.eq(KeyStatus::Active.code()), api_keys::version.eq(before.version + 1)))
            .execute(tx.connection()?)
            .await?;
        tx.touch(Subject::Key(id));
        let event = status_event("key.resume", &before, KeyStatus::Active, None);
        // Whatever refused it early is over as well; afterwards, somebody else may have refused it anew.
        let release = || self.inner.keyring.index.release(id, KeyStatus::Paused);
        let key = self.key_view(tx.connection()?, permit.organization(), id).await?;
        let committed = tx.commit(event, release).await?;
        self.applied(committed).await?;
        Ok(key)
    }

    /// The name of a key that acts, for the trail.
    pub(crate) async fn key_name(&self, organization: OrganizationId, id: KeyId) -> Result<String, Failure> {
        let name = api_keys::table
            .filter(api_keys::id.eq(Id(id)))
            .filter(api_keys::organization_id.eq(Id(organization)))
            .select(api_keys::name)
            .first(&mut self.inner.store.read().await?)
            .await
            .optional()?;
        Ok(name.ok_or(AppError::SignedOut)?)
    }

    async fn tighten<O: Operation>(
        &self,
        permit: &Permit<O>,
        id: KeyId,
        to: KeyStatus,
        reason: Option<String>,
    ) -> Result<KeyRefused, Failure> {
        let (now, began) = (self.now(), Instant::now());
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let before = locked_key(tx.connection()?, permit.organization(), id).await?;
        let status = before.status_at(now)?;
        let allowed = match to {
            KeyStatus::Revoked => status != KeyStatus::Revoked,
            _ => status == KeyStatus::Active,
        };
        if !allowed {
            return Err(AppError::WrongState { status }.into());
        }
        match to {
            KeyStatus::Revoked => mark_revoked(&mut tx, &before, reason.as_deref()).await?,
            _ => {
                diesel::update(api_keys::table.find(before.id))
                    .set((api_keys::status.eq(to.code()), api_keys::version.eq(before.version + 1)))
                    .execute(tx.connection()?)
                    .await?;
            }
        }
        tx.touch(Subject::Key(id));
        let action = if to == KeyStatus::Revoked { "key.revoke" } else { "key.pause" };
        let event = status_event(action, &before, to, reason);
        let key = self.key_view(tx.connection()?, permit.organization(), id).await?;
        self.commit_refusing(tx, event, id, Some(to)).await?;
        let refused_since = self.now();
        Ok(KeyRefused { key, refused_since, took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) })
    }

    /// Commits, and refuses the key as `to` right before that. Whoever is told afterwards can rely on it everywhere.
    pub(super) async fn commit_refusing(
        &self,
        tx: WriteTx,
        event: AuditEvent,
        id: KeyId,
        to: Option<KeyStatus>,
    ) -> Result<(), Failure> {
        let index = &self.inner.keyring.index;
        let hold = || to.into_iter().for_each(|to| index.hold(id, to));
        let held_and_failed = |failure: Failure| {
            // The commit was reached, so the key is refused already and stays so.
            if to.is_some() && index.key(id).is_some_and(|found| found.held.is_some()) {
                tracing::error!(key = %id, cause = %failure, "a key is refused, but the change could not be saved");
                AppError::RefusedButNotSaved.into()
            } else {
                failure
            }
        };
        let committed = tx.commit(event, hold).await.map_err(held_and_failed)?;
        self.applied(committed).await?;
        if let Some(to) = to {
            index.release(id, to);
        }
        Ok(())
    }

    pub(super) async fn check_room(&self, tx: &mut WriteTx, organization: OrganizationId) -> Result<(), Failure> {
        let (plan, now) = (tx.organization().plan.clone(), tx.now);
        let allowance = self.allowance(tx.connection()?, organization, &plan, now).await?;
        if allowance.is_reached() { Err(AppError::KeyLimitReached { allowance }.into()) } else { Ok(()) }
    }

    /// How many keys count against the plan: active and paused ones. Inside a transaction the organization's row is
    /// locked, so nobody else counts at the same time.
    pub(super) async fn allowance(
        &self,
        connection: &mut AnyConnection,
        organization: OrganizationId,
        plan: &str,
        now: Timestamp,
    ) -> Result<KeyAllowance, Failure> {
        let used: i64 = api_keys::table
            .filter(api_keys::organization_id.eq(Id(organization)))
            .filter(
                api_keys::status
                    .eq(KeyStatus::Paused.code())
                    .or(api_keys::status.eq(KeyStatus::Active.code()).and(not_expired(Moment(now)).assume_not_null())),
            )
            .count()
            .get_result(connection)
            .await?;
        Ok(KeyAllowance { used: count(used), limit: self.inner.plans.of(plan)?.active_keys, plan: plan.to_owned() })
    }

    pub(super) async fn key_view(
        &self,
        connection: &mut AnyConnection,
        organization: OrganizationId,
        id: KeyId,
    ) -> Result<KeyView, Failure> {
        let row = keys_with_details()
            .select(row!())
            .filter(api_keys::organization_id.eq(Id(organization)))
            .filter(api_keys::id.eq(Id(id)))
            .first::<Row>(connection)
            .await
            .optional()?;
        let views = views(connection, organization, row.into_iter().collect(), self.now()).await?;
        Ok(views.into_iter().next().ok_or_else(|| AppError::not_found("API key"))?)
    }
}

/// A key with its role's name, its current secret, and when one of its secrets was used last.
type Row = (KeyRow, String, CurrentSecret, Option<SecretUseRow>);

async fn views(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    rows: Vec<Row>,
    now: Timestamp,
) -> Result<Vec<KeyView>, Failure> {
    let keys = rows.iter().map(|(key, ..)| key.id).collect();
    let mut retiring = retiring_secrets(connection, keys, now).await?;
    let due = due_days(connection, organization).await?;
    let view = |(key, role_name, secret, last_used): Row| {
        let retiring = retiring.remove(&key.id.0);
        key.view(role_name, secret, retiring, last_used, due, now)
    };
    rows.into_iter().map(view).collect()
}

#[diesel::dsl::auto_type]
fn keys_with_details() -> _ {
    api_keys::table
        .inner_join(roles::table)
        .inner_join(key_secrets::table.on(key_secrets::key_id.eq(api_keys::id).and(key_secrets::retires_at.is_null())))
        .left_join(
            secret_uses::table
                .on(secret_uses::key_id.eq(api_keys::id).and(secret_uses::secret_id.nullable().eq(latest_use()))),
        )
}

diesel::alias!(pub(super) const USES: Alias<Uses> = secret_uses as uses);

/// Which secret of a key was used last: while it is being rotated, that may be its old one.
#[diesel::dsl::auto_type]
fn latest_use() -> _ {
    USES.filter(USES.field(secret_uses::key_id).eq(api_keys::id))
        .order(USES.field(secret_uses::used_at).desc())
        .select(USES.field(secret_uses::secret_id))
        .limit(1_i64)
        .single_value()
}

/// What a place in a list by date has when it has none, which none of ours is.
const EVER: Moment = Moment(Timestamp::from_micros(0));

pub(super) type Keys<'q> = diesel::dsl::IntoBoxed<'q, keys_with_details, AnyDb>;

#[diesel::dsl::auto_type]
fn not_expired(now: Moment) -> _ {
    api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now))
}

/// The organization's keys that the filters let through. `known` is what they depend on.
pub(super) fn matching<'q>(
    organization: OrganizationId,
    params: &KeyListParams,
    known: &Known,
    now: Timestamp,
) -> Keys<'q> {
    let mut keys = keys_with_details().into_boxed::<AnyDb>().filter(api_keys::organization_id.eq(Id(organization)));
    let now = Moment(now);
    keys = match params.status {
        StatusFilter::All => keys,
        StatusFilter::Current => keys.filter(api_keys::status.ne(KeyStatus::Revoked.code())),
        StatusFilter::Active => {
            keys.filter(api_keys::status.eq(KeyStatus::Active.code())).filter(not_expired(now).assume_not_null())
        }
        StatusFilter::Paused => keys.filter(api_keys::status.eq(KeyStatus::Paused.code())),
        StatusFilter::Expired => {
            keys.filter(api_keys::status.eq(KeyStatus::Active.code())).filter(api_keys::expires_at.le(now))
        }
        StatusFilter::Revoked => keys.filter(api_keys::status.eq(KeyStatus::Revoked.code())),
    };
    if let Some(environment) = params.environment {
        keys = keys.filter(api_keys::environment.eq(environment.code()));
    }
    if let Some(role) = params.role {
        keys = keys.filter(api_keys::role_id.eq(Id(role)));
    }
    if params.unused {
        let since = Moment(now.0.plus_days(-UNUSED_DAYS));
        keys = keys.filter(secret_uses::used_at.is_null().or(secret_uses::used_at.lt(since).assume_not_null()));
    }
    if let Some(attention) = params.attention {
        keys = keys.filter(api_keys::status.eq(KeyStatus::Active.code())).filter(not_expired(now).assume_not_null());
        keys = match attention {
            Attention::Unused => {
                let since = Moment(now.0.plus_days(-UNUSED_DAYS));
                keys.filter(api_keys::created_at.lt(since))
                    .filter(secret_uses::used_at.is_null().or(secret_uses::used_at.lt(since).assume_not_null()))
            }
            Attention::Due => {
                let made_before = |days: i64| key_secrets::created_at.le(Moment(now.0.plus_days(-days)));
                let production = || api_keys::environment.eq(Environment::Production.code());
                keys.filter(
                    production()
                        .and(made_before(known.due.production))
                        .or(diesel::dsl::not(production()).and(made_before(known.due.others))),
                )
            }
            Attention::Expiring => keys.filter(api_keys::expires_at.le(Moment(now.0.plus_days(EXPIRING_DAYS)))),
            Attention::Rising => keys.filter(api_keys::id.eq_any(known.rising.clone())),
        };
    }
    // Cleaned here too: SQLite refuses long patterns, and PostgreSQL has no NUL in its texts.
    let search = key::search(&params.search);
    if !search.is_empty() {
        let pattern = contains(&search);
        // A Key ID and the last four characters are told apart by case; a name is not.
        keys = keys.filter(
            lower(api_keys::name)
                .like(pattern.to_lowercase())
                .escape('\\')
                .or(api_keys::id.like(pattern).escape('\\'))
                .or(key_secrets::last4.eq(search)),
        );
    }
    keys
}

fn sorted<'q>(keys: Keys<'q>, params: &KeyListParams) -> Keys<'q> {
    // The id comes last, so that equal rows keep their order from page to page. It sorts by age.
    match (params.sort, params.ascending) {
        (KeySort::Created, true) => keys.order((api_keys::created_at.asc(), api_keys::id.asc())),
        (KeySort::Created, false) => keys.order((api_keys::created_at.desc(), api_keys::id.desc())),
        (KeySort::Name, true) => keys.order((lower(api_keys::name).asc(), api_keys::id.asc())),
        (KeySort::Name, false) => keys.order((lower(api_keys::name).desc(), api_keys::id.desc())),
        (KeySort::LastUsed, true) => {
            keys.order((secret_uses::used_at.is_null().asc(), secret_uses::used_at.asc(), api_keys::id.asc()))
        }
        (KeySort::LastUsed, false) => {
            keys.order((secret_uses::used_at.is_null().asc(), secret_uses::used_at.desc(), api_keys::id.desc()))
        }
    }
}

/// Where a row is in the list: what it is sorted by, and its id.
#[derive(Serialize, Deserialize)]
struct Place {
    id: KeyId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    name: Option<String>,
}

impl Place {
    fn of(key: &KeyView, sort: KeySort) -> Self {
        let at = match sort {
            KeySort::Created => Some(key.created_at),
            KeySort::Name => None,
            KeySort::LastUsed => key.last_used.as_ref().map(|used| used.at),
        };
        Self { id: key.id, at, name: (sort == KeySort::Name).then(|| key.name.clone()) }
    }
}

/// The rows behind `place`, in the order of [`sorted`].
///
/// Written as `a <= x AND (a < x OR id < y)`: a database reads that as one range of an index, and `a < x OR (a = x AND
/// id < y)` as two conditions on every row.
fn after<'q>(keys: Keys<'q>, params: &KeyListParams, place: Place) -> Keys<'q> {
    let id = Id(place.id);
    let at = place.at.map(Moment);
    // What was never used comes last in either direction.
    let used = secret_uses::used_at;
    match (params.sort, params.ascending) {
        (KeySort::Created, true) => {
            let at = at.unwrap_or(EVER);
            keys.filter(api_keys::created_at.ge(at).and(api_keys::created_at.gt(at).or(api_keys::id.gt(id))))
        }
        (KeySort::Created, false) => {
            let at = at.unwrap_or(EVER);
            keys.filter(api_keys::created_at.le(at).and(api_keys::created_at.lt(at).or(api_keys::id.lt(id))))
        }
        (KeySort::Name, true) => {
            // The database itself makes it lower case: it does so in its own way when it sorts.
            let name = || lower(place.name.clone().unwrap_or_default());
            let sorted_by = lower(api_keys::name);
            keys.filter(sorted_by.ge(name()).and(sorted_by.gt(name()).or(api_keys::id.gt(id))))
        }
        (KeySort::Name, false) => {
            let name = || lower(place.name.clone().unwrap_or_default());
            let sorted_by = lower(api_keys::name);
            keys.filter(sorted_by.le(name()).and(sorted_by.lt(name()).or(api_keys::id.lt(id))))
        }
        (KeySort::LastUsed, true) => match at {
            Some(at) => keys.filter(
                used.is_null().or(used.ge(at).and(used.gt(at).or(api_keys::id.nullable().gt(id))).assume_not_null()),
            ),
            None => keys.filter(used.is_null()).filter(api_keys::id.gt(id)),
        },
        (KeySort::LastUsed, false) => match at {
            Some(at) => keys.filter(
                used.is_null().or(used.le(at).and(used.lt(at).or(api_keys::id.nullable().lt(id))).assume_not_null()),
            ),
            None => keys.filter(used.is_null()).filter(api_keys::id.lt(id)),
        },
    }
}

/// Revoked, now and for good.
pub(super) async fn mark_revoked(tx: &mut WriteTx, key: &KeyRow, reason: Option<&str>) -> Result<(), Failure> {
    let (now, by) = (Moment(tx.now), tx.actor_label());
    diesel::update(api_keys::table.find(key.id))
        .set((
            api_keys::status.eq(KeyStatus::Revoked.code()),
            api_keys::version.eq(key.version + 1),
            api_keys::revoked_at.eq(Some(now)),
            api_keys::revoked_by.eq(Some(by)),
            api_keys::revoked_reason.eq(reason),
        ))
        .execute(tx.connection()?)
        .await?;
    Ok(())
}

pub(super) async fn locked_key(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    id: KeyId,
) -> Result<KeyRow, Failure> {
    let row = api_keys::table
        .filter(api_keys::id.eq(Id(id)))
        .filter(api_keys::organization_id.eq(Id(organization)))
        .select(KeyRow::as_select());
    let row = ForUpdate(row).get_result(connection).await.optional()?;
    Ok(row.ok_or_else(|| AppError::not_found("API key"))?)
}

async fn key_of_form(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    token: &str,
) -> Result<Option<KeyId>, Failure> {
    let id: Option<Id<KeyId>> = api_keys::table
        .filter(api_keys::organization_id.eq(Id(organization)))
        .filter(api_keys::form_token.eq(token))
        .select(api_keys::id)
        .first(connection)
        .await
        .optional()?;
    Ok(id.map(|id| id.0))
}

fn in_the_future(at: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, String> {
    match at {
        Some(at) if at <= now => Err("The key must expire in the future. Choose a later day.".to_owned()),
        // A year of five digits cannot be written as RFC 3339.
        Some(at) if at > now.plus_days(36_525) => Err("The key must expire within 100 years.".to_owned()),
        at => Ok(at),
    }
}

fn form_token(token: Option<String>) -> Result<Option<String>, String> {
    match token {
        Some(token) if !(16..=64).contains(&token.len()) || !token.bytes().all(|c| c.is_ascii_alphanumeric()) => {
            Err("The form's token must have 16 to 64 letters and digits. Reload the page.".to_owned())
        }
        token => Ok(token),
    }
}

/// A key as the audit trail tells it.
pub(super) fn audited(row: &KeyRow, role_name: &str) -> Value {
    json!({
        "name": row.name,
        "role": role_name,
        "role_id": row.role_id.0,
        "environment": row.environment,
        "expires_at": row.expires_at.map(|moment| moment.0.rfc3339()),
        "notes": row.notes,
        "deployed_to": row.deployed_to,
    })
}

fn status_event(action: &'static str, before: &KeyRow, to: KeyStatus, reason: Option<String>) -> AuditEvent {
    let mut after = json!({ "status": to.code() });
    if let (Some(reason), Some(after)) = (reason, after.as_object_mut()) {
        after.insert("reason".to_owned(), Value::String(reason));
    }
    AuditEvent::changed(action, before.id.0, json!({ "name": before.name, "status": before.status }), after)
}
