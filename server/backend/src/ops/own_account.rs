//! What people do with their own account: the password, and where they are signed in.
//!
//! An account may belong to several organizations. Its sessions are listed together, whichever organization each is in;
//! the trail of the organization that the person is in tells of it.

use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AppError, MemberId, OrganizationId, SessionId, UserId,
    account::{SessionList, SessionView},
};

use crate::{
    Backend,
    audit::AuditEvent,
    authn::{
        session::{NewSession, SessionToken},
        throttle::Attempt,
    },
    authz::{Authority, Operation, OwnAccount, Permit},
    context::{RequestInfo, Visit},
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        schema::{members, organizations, sessions, users},
        tx::WriteTx,
    },
    failure::Failure,
};

impl Backend {
    /// Where the person is signed in.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn session_list(&self, permit: &Permit<OwnAccount>) -> Result<SessionList, Failure> {
        let mut connection = self.inner.store.read().await?;
        let user = user_of(&mut connection, permit.authority().member()?).await?;
        type Row = (Id<SessionId>, String, Moment, Moment, Option<String>, Option<String>);
        let rows: Vec<Row> = sessions::table
            .inner_join(members::table.inner_join(organizations::table))
            .filter(members::user_id.eq(user))
            .order(sessions::last_seen_at.desc())
            .select((
                sessions::id,
                organizations::name,
                sessions::created_at,
                sessions::last_seen_at,
                sessions::address,
                sessions::user_agent,
            ))
            .load(&mut connection)
            .await?;
        let current = permit.authority().session;
        let mut sessions: Vec<_> = rows
            .into_iter()
            .map(|(id, organization_name, created_at, last_seen_at, address, user_agent)| SessionView {
                id: id.0,
                organization_name,
                created_at: created_at.0,
                last_seen_at: last_seen_at.0,
                address,
                user_agent,
                current: current == Some(id.0),
            })
            .collect();
        sessions.sort_by_key(|session| !session.current);
        Ok(SessionList { sessions, now: self.now() })
    }

    /// Signs one of the person's sessions out.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for somebody else's session.
    pub async fn session_delete(&self, permit: &Permit<OwnAccount>, id: SessionId) -> Result<(), Failure> {
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let connection = tx.connection()?;
        let user = user_of(connection, permit.authority().member()?).await?;
        let own = members::table.filter(members::user_id.eq(user)).select(members::id);
        let ended =
            diesel::delete(sessions::table.filter(sessions::id.eq(Id(id)).and(sessions::member_id.eq_any(own))))
                .execute(connection)
                .await?;
        if ended == 0 {
            return Err(AppError::not_found("session").into());
        }
        self.commit(tx, AuditEvent::created("session.delete", id, json!({}))).await
    }

    /// Changes the password and ends every other session of the account. Gives how many that were.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a wrong or a weak password, or [`AppError::TooManyAttempts`].
    pub async fn password_change(
        &self,
        permit: &Permit<OwnAccount>,
        current: String,
        new: String,
    ) -> Result<u64, Failure> {
        self.confirm_password(permit, "current", current).await?;
        let (member, email) = permit.authority().person()?;
        let known = vec![email.to_owned(), "ipaware".to_owned()];
        let strength = self.inner.passwords.check_strength(new.clone(), known).await?;
        strength.map_err(|message| AppError::field("new", message))?;
        let password_hash = self.inner.passwords.hash(new).await?;
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let connection = tx.connection()?;
        let user = user_of(connection, member).await?;
        diesel::update(users::table.find(user)).set(users::password_hash.eq(password_hash)).execute(connection).await?;
        let own: Vec<Id<MemberId>> =
            members::table.filter(members::user_id.eq(user)).select(members::id).load(connection).await?;
        let mut others = diesel::delete(sessions::table).into_boxed().filter(sessions::member_id.eq_any(own));
        if let Some(current) = permit.authority().session {
            others = others.filter(sessions::id.ne(Id(current)));
        }
        let ended = others.execute(connection).await? as u64;
        let event = AuditEvent::created("account.password", user.0, json!({ "sessions_ended": ended }));
        self.commit(tx, event).await?;
        Ok(ended)
    }

    /// Goes on in another organization of the person's, in a new session; the old one ends.
    pub(crate) async fn organization_switch(
        &self,
        request: &RequestInfo,
        token: &SessionToken,
        organization: OrganizationId,
    ) -> Result<NewSession, Failure> {
        let now = self.now();
        let from = self.session_authority(token, request.clone(), Visit::OfAPerson).await?;
        let (own, email) = from.person()?;
        let member = {
            let mut connection = self.inner.store.read().await?;
            let user = user_of(&mut connection, own).await?;
            let member: Option<Id<MemberId>> = members::table
                .filter(members::user_id.eq(user).and(members::organization_id.eq(Id(organization))))
                .select(members::id)
                .first(&mut connection)
                .await
                .optional()?;
            // In the caller's words: whether there is such an organization is not for them to know.
            member.ok_or_else(|| AppError::not_found("membership"))?
        };
        let authority = Authority::of_member(organization, member.0, email, request);
        let mut tx = WriteTx::begin_for(&self.inner.store, &authority, now).await?;
        let (id, session) = self.open_session(&mut tx, member, request, Some(token)).await?;
        let event = AuditEvent::created("session.create", id, json!({ "switched_from": from.organization }));
        self.commit(tx, event).await?;
        Ok(session)
    }

    /// Asks for the caller's own password once more, before something that cannot be undone.
    pub(super) async fn confirm_password<O: Operation>(
        &self,
        permit: &Permit<O>,
        field: &str,
        password: String,
    ) -> Result<(), Failure> {
        let (id, email) = permit.authority().person()?;
        let hash = {
            let mut connection = self.inner.store.read().await?;
            let user = user_of(&mut connection, id).await?;
            users::table.find(user).select(users::password_hash).first(&mut connection).await?
        };
        self.check_password_of(&permit.authority().request, email, hash, field, password).await
    }

    /// Whether this is the account's password; guessing is slowed down as at the sign-in.
    pub(super) async fn check_password_of(
        &self,
        request: &RequestInfo,
        email: &str,
        hash: String,
        field: &str,
        password: String,
    ) -> Result<(), Failure> {
        let attempt = Attempt::new(email, request.address, true);
        self.inner.throttle.begin(&attempt, self.now())?;
        if !self.inner.passwords.verify(password, Some(hash)).await? {
            return Err(AppError::field(field, format!("This is not the password of {email}.")).into());
        }
        self.inner.throttle.succeed(&attempt);
        Ok(())
    }
}

async fn user_of(connection: &mut AnyConnection, member: MemberId) -> Result<Id<UserId>, Failure> {
    let user = members::table.find(Id(member)).select(members::user_id).first(connection).await.optional()?;
    Ok(user.ok_or(AppError::SignedOut)?)
}
