//! Accounts: signing up, in and out, and whose session a request belongs to.

use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, NullableExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AppError, MemberId, OrganizationId, Permission, RoleId, SessionId, UserId,
    account::{self, SignUp, Viewer},
    field::FieldError,
    organization::OrganizationRef,
    role::SystemRole,
    whitelist::WhitelistMode,
};

use super::{alert::open_alerts, organization::owner_email};
use crate::{
    Backend, SignUpMode,
    audit::{AuditEvent, Tried},
    authn::{
        session::{ABSOLUTE_SECONDS, CookiePolicy, IDLE_SECONDS, NewSession, SEEN_EVERY_SECONDS, SessionToken},
        throttle::Attempt,
    },
    authz::{Actor, Authority, Held, held_by_member},
    context::{Context, RequestInfo, Visit},
    db::{
        anydb::{AnyConnection, Moment},
        column::{Digest32, Id},
        row::{
            account::{MemberRoleRow, MemberRow, SessionRow, UserRow},
            organization::OrganizationRow,
            role::{RolePermissionRow, RoleRow},
        },
        schema::{lower, member_roles, members, organizations, role_permissions, roles, sessions, users},
        tx::WriteTx,
    },
    failure::Failure,
    random::fresh_id,
};

/// A session that goes on.
struct FoundSession {
    id: Id<SessionId>,
    authority: Authority,
    /// For how long it has not been used.
    idle_seconds: i64,
}

impl Backend {
    /// How the session cookie is set.
    #[must_use]
    pub fn cookie_policy(&self) -> &CookiePolicy {
        &self.inner.cookie
    }

    pub(crate) async fn sign_up_policy(&self) -> Result<SignUp, Failure> {
        Ok(match self.inner.sign_up {
            SignUpMode::Open => SignUp::Open,
            SignUpMode::Closed => SignUp::Closed,
            SignUpMode::First if any_user(&mut *self.inner.store.read().await?).await? => SignUp::Closed,
            SignUpMode::First => SignUp::Open,
        })
    }

    pub(crate) async fn sign_up(
        &self,
        request: &RequestInfo,
        email: &str,
        password: String,
        organization_name: &str,
    ) -> Result<NewSession, Failure> {
        if self.sign_up_policy().await? == SignUp::Closed {
            return Err(AppError::SignUpClosed.into());
        }
        let now = self.now();

        let mut refused = Vec::new();
        let mut check = |field: &str, outcome: Result<String, String>| {
            outcome.map_err(|message| refused.push(FieldError::new(field, message))).unwrap_or_default()
        };
        let email = check("email", account::email(email));
        let organization_name = check("organization_name", account::organization_name(organization_name));
        let known = vec![email.clone(), organization_name.clone(), "ipaware".to_owned()];
        let strength = self.inner.passwords.check_strength(password.clone(), known).await?;
        check("password", strength.map(|()| String::new()));
        if !refused.is_empty() {
            return Err(AppError::Invalid { fields: refused }.into());
        }
        // Hashing is dear, so whoever sends many of these is slowed down like somebody who guesses.
        let attempt = Attempt::new("", request.address, false);
        self.inner.throttle.begin(&attempt, now)?;
        let password_hash = self.inner.passwords.hash(password).await?;

        let user = UserRow { id: Id(fresh_id!(UserId, now)), email, password_hash, created_at: Moment(now) };
        let organization = OrganizationRow {
            id: Id(fresh_id!(OrganizationId, now)),
            name: organization_name,
            plan: self.inner.plans.of_new_organizations().to_owned(),
            whitelist_mode: WhitelistMode::Off.code().to_owned(),
            whitelist_version: 1,
            audit_seq: 0,
            audit_hash: Digest32([0; 32]),
            created_at: Moment(now),
        };
        let member = MemberRow {
            id: Id(fresh_id!(MemberId, now)),
            organization_id: organization.id,
            user_id: user.id,
            created_at: Moment(now),
        };
        let authority = Authority::of_member(organization.id.0, member.id.0, &user.email, request);
        let only_first = self.inner.sign_up == SignUpMode::First;
        let founding = async |connection: &mut AnyConnection| {
            // Asked again under the lock: of two "first" accounts at the same moment, one is refused here.
            if only_first && any_user(connection).await? { Err(AppError::SignUpClosed.into()) } else { Ok(()) }
        };
        let event = AuditEvent::created(
            "organization.create",
            organization.id.0,
            json!({ "name": organization.name, "plan": organization.plan, "owner": user.email }),
        );
        let mut tx = WriteTx::found(&self.inner.store, &authority, organization, founding, now).await?;
        insert_account(&mut tx, &user, &member).await.map_err(|failure| {
            if failure.is_duplicate("users_email_key") {
                AppError::field("email", "There is an account with this email already. Sign in instead.").into()
            } else {
                failure
            }
        })?;
        let (_, session) = self.open_session(&mut tx, member.id, request, None).await?;
        self.commit(tx, event).await?;
        self.inner.throttle.succeed(&attempt);
        Ok(session)
    }

    pub(crate) async fn sign_in(
        &self,
        request: &RequestInfo,
        previous: Option<&SessionToken>,
        email: &str,
        password: String,
    ) -> Result<NewSession, Failure> {
        let now = self.now();
        // A text that is no email has no account; it takes the same way to the same answer.
        let email = account::email(email).unwrap_or_default();
        let mut connection = self.inner.store.read().await?;
        type Found = (String, Option<Id<MemberId>>, Option<Id<OrganizationId>>);
        let found: Option<Found> = users::table
            .left_join(members::table.on(members::user_id.eq(users::id)))
            .filter(users::email.eq(&email))
            .order(members::created_at)
            .select((users::password_hash, members::id.nullable(), members::organization_id.nullable()))
            .first(&mut connection)
            .await
            .optional()?;
        // Asked whether or not there is such an account: the time must not tell.
        let from_here = request.address.map(|address| address.to_canonical().to_string()).unwrap_or_default();
        let familiar: Option<Id<SessionId>> = sessions::table
            .inner_join(members::table.on(members::id.eq(sessions::member_id)))
            .inner_join(users::table.on(users::id.eq(members::user_id)))
            .filter(users::email.eq(&email))
            .filter(sessions::address.eq(from_here))
            .select(sessions::id)
            .first(&mut connection)
            .await
            .optional()?;
        drop(connection);

        let attempt = Attempt::new(&email, request.address, familiar.is_some());
        self.inner.throttle.begin(&attempt, now)?;
        let stored = found.as_ref().map(|(hash, ..)| hash.clone());
        if !self.inner.passwords.verify(password, stored).await? {
            if let Some((_, Some(member), Some(organization))) = found {
                self.note_wrong_password(request, &email, (organization.0, member.0));
            }
            return Err(AppError::WrongCredentials.into());
        }
        let Some((_, member, organization)) = found else { return Err(AppError::WrongCredentials.into()) };
        self.inner.throttle.succeed(&attempt);
        let (member, organization) = member.zip(organization).ok_or(AppError::NoOrganization)?;

        let authority = Authority::of_member(organization.0, member.0, &email, request);
        let mut tx = WriteTx::begin_for(&self.inner.store, &authority, now).await?;
        let (id, session) = self.open_session(&mut tx, member, request, previous).await?;
        self.commit(tx, AuditEvent::created("session.create", id, json!({}))).await?;
        Ok(session)
    }

    /// For the trail of the organization that the person would have been signed in to. Nothing that is awaited, and
    /// nothing that could fail: the answer and its time must not tell whether there is such an account.
    fn note_wrong_password(
        &self,
        request: &RequestInfo,
        email: &str,
        (organization, member): (OrganizationId, MemberId),
    ) {
        let actor = Actor::Stranger { email: email.to_owned() };
        let authority = Authority { organization, actor, session: None, once: None, request: request.clone() };
        let tried = Tried::new("session.create", Some(&member.to_string()));
        self.note_attempt(&authority, tried, &AppError::WrongCredentials.into());
    }

    pub(crate) async fn sign_out(&self, request: &RequestInfo, token: &SessionToken) -> Result<(), Failure> {
        type Found = (Id<SessionId>, Id<MemberId>, Id<OrganizationId>, String);
        let found: Option<Found> = sessions::table
            .inner_join(members::table.on(members::id.eq(sessions::member_id)))
            .inner_join(users::table.on(users::id.eq(members::user_id)))
            .filter(sessions::token_digest.eq(Digest32(token.digest())))
            .select((sessions::id, members::id, members::organization_id, users::email))
            .first(&mut self.inner.store.read().await?)
            .await
            .optional()?;
        let Some((session, member, organization, email)) = found else { return Ok(()) };
        let now = self.now();
        let authority = Authority::of_member(organization.0, member.0, &email, request);
        let mut tx = WriteTx::begin_for(&self.inner.store, &authority, now).await?;
        diesel::delete(sessions::table.find(session)).execute(tx.connection()?).await?;
        let event = AuditEvent::created("session.delete", session.0, json!({}));
        self.commit(tx, event).await
    }

    /// Whose session this is, and what they may do right now: roles are read anew for every request.
    pub(crate) async fn session_context(
        &self,
        token: &SessionToken,
        request: RequestInfo,
        visit: Visit,
    ) -> Result<Context, Failure> {
        let mut connection = self.inner.store.read().await?;
        let found = self.find_session(&mut connection, token, request).await?;
        let held = held_by_member(&mut connection, found.authority.member()?).await?;
        // Nobody waits for the connection that writes with another one in hand.
        drop(connection);
        let authority = self.seen(found, visit).await?;
        Ok(Context { backend: self.clone(), authority, held })
    }

    /// Whose session this is.
    pub(super) async fn session_authority(
        &self,
        token: &SessionToken,
        request: RequestInfo,
        visit: Visit,
    ) -> Result<Authority, Failure> {
        let found = self.find_session(&mut *self.inner.store.read().await?, token, request).await?;
        self.seen(found, visit).await
    }

    async fn find_session(
        &self,
        connection: &mut AnyConnection,
        token: &SessionToken,
        request: RequestInfo,
    ) -> Result<FoundSession, Failure> {
        let now = self.now();
        type Found = ((Id<SessionId>, Moment, Moment), (Id<MemberId>, Id<OrganizationId>), String);
        let found: Option<Found> = sessions::table
            .inner_join(members::table.inner_join(users::table))
            .filter(sessions::token_digest.eq(Digest32(token.digest())))
            .select((
                (sessions::id, sessions::last_seen_at, sessions::expires_at),
                (members::id, members::organization_id),
                users::email,
            ))
            .first(connection)
            .await
            .optional()?;
        let ((session, last_seen, expires), (member, organization), email) = found.ok_or(AppError::SignedOut)?;
        let idle_seconds = now.seconds_since(last_seen.0);
        if now >= expires.0 || idle_seconds >= IDLE_SECONDS {
            return Err(AppError::SignedOut.into());
        }
        let authority = Authority {
            organization: organization.0,
            actor: Actor::Member { id: member.0, email },
            session: Some(session.0),
            once: None,
            request,
        };
        Ok(FoundSession { id: session, authority, idle_seconds })
    }

    /// Notes that the session is used, if that is not known yet.
    async fn seen(&self, found: FoundSession, visit: Visit) -> Result<Authority, Failure> {
        if visit == Visit::OfAPerson && found.idle_seconds >= SEEN_EVERY_SECONDS {
            diesel::update(sessions::table.find(found.id))
                .set(sessions::last_seen_at.eq(Moment(self.now())))
                .execute(&mut self.inner.store.write().await?)
                .await?;
        }
        Ok(found.authority)
    }

    /// Who is signed in with this session, if anybody still is.
    pub(super) async fn signed_in_email(
        &self,
        request: &RequestInfo,
        token: Option<&SessionToken>,
    ) -> Result<Option<String>, Failure> {
        let Some(token) = token else { return Ok(None) };
        match self.session_authority(token, request.clone(), Visit::OfAPerson).await {
            Ok(authority) => Ok(Some(authority.person()?.1.to_owned())),
            Err(Failure::Told(AppError::SignedOut)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Everything a page shows of the person.
    pub(crate) async fn viewer(&self, authority: &Authority, held: &Held) -> Result<Viewer, Failure> {
        let (member, email) = authority.person()?;
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let organizations: Vec<(Id<OrganizationId>, String)> = members::table
            .inner_join(users::table)
            .inner_join(organizations::table)
            .filter(users::email.eq(email))
            .order((lower(organizations::name), organizations::id))
            .select((organizations::id, organizations::name))
            .load(connection)
            .await?;
        let organizations: Vec<_> =
            organizations.into_iter().map(|(id, name)| OrganizationRef { id: id.0, name }).collect();
        let open_alerts = if held.grants.holds(Permission::UsageView) {
            Some(open_alerts(connection, authority.organization).await?)
        } else {
            None
        };
        let here = organizations.iter().find(|organization| organization.id == authority.organization);
        Ok(Viewer {
            email: email.to_owned(),
            member,
            organization: authority.organization,
            organization_name: here.ok_or(AppError::SignedOut)?.name.clone(),
            roles: held.role_names.clone(),
            permissions: held.grants.clone(),
            is_owner: held.is_owner,
            owner_email: owner_email(connection, authority.organization).await?,
            open_alerts,
            organizations,
        })
    }

    /// Opens a session with the change under way. The one that the browser had before, if any, ends.
    pub(super) async fn open_session(
        &self,
        tx: &mut WriteTx,
        member: Id<MemberId>,
        request: &RequestInfo,
        previous: Option<&SessionToken>,
    ) -> Result<(SessionId, NewSession), Failure> {
        let now = tx.now;
        let token = SessionToken::mint();
        let row = SessionRow {
            id: Id(fresh_id!(SessionId, now)),
            token_digest: Digest32(token.digest()),
            member_id: member,
            created_at: Moment(now),
            last_seen_at: Moment(now),
            expires_at: Moment(now.plus_seconds(ABSOLUTE_SECONDS)),
            address: request.address.map(|address| address.to_canonical().to_string()),
            user_agent: request.user_agent.clone(),
        };
        let connection = tx.connection()?;
        if let Some(previous) = previous {
            diesel::delete(sessions::table.filter(sessions::token_digest.eq(Digest32(previous.digest()))))
                .execute(connection)
                .await?;
        }
        diesel::insert_into(sessions::table).values(&row).execute(connection).await?;
        Ok((row.id.0, NewSession { token, cookie: self.inner.cookie, max_age_seconds: ABSOLUTE_SECONDS }))
    }
}

async fn any_user(connection: &mut AnyConnection) -> Result<bool, Failure> {
    let first: Option<Id<UserId>> = users::table.select(users::id).first(connection).await.optional()?;
    Ok(first.is_some())
}

/// The account, its organization's four system roles, and the account as the Owner.
async fn insert_account(tx: &mut WriteTx, user: &UserRow, member: &MemberRow) -> Result<(), Failure> {
    let (now, organization_id) = (tx.now, tx.organization_id());
    let connection = tx.connection()?;
    diesel::insert_into(users::table).values(user).execute(connection).await?;
    diesel::insert_into(members::table).values(member).execute(connection).await?;
    let mut role_rows = Vec::new();
    let mut permission_rows = Vec::new();
    let mut held = Vec::new();
    for system in SystemRole::ALL {
        let id = Id(fresh_id!(RoleId, now));
        role_rows.push(RoleRow {
            id,
            organization_id,
            system: Some(system.code().to_owned()),
            name: system.name().to_owned(),
            description: system.description().to_owned(),
            created_at: Moment(now),
            version: 1,
            deleted_at: None,
        });
        permission_rows.extend(
            system
                .permissions()
                .iter()
                .map(|permission| RolePermissionRow { role_id: id, permission: permission.name().to_owned() }),
        );
        if system == SystemRole::Owner {
            held.push(MemberRoleRow { member_id: member.id, role_id: id });
        }
    }
    diesel::insert_into(roles::table).values(&role_rows).execute(connection).await?;
    diesel::insert_into(role_permissions::table).values(&permission_rows).execute(connection).await?;
    diesel::insert_into(member_roles::table).values(&held).execute(connection).await?;
    Ok(())
}
