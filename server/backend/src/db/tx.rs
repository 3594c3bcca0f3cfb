//! Write, audit, commit: one act.
//!
//! [`WriteTx`] is the only way to change what belongs to an organization. It starts by locking the organization's
//! row, so that limits are counted and the audit chain grows without a race, and [`WriteTx::commit`] is the only way
//! to end it well: it wants the audit entry. Dropped before that, everything is rolled back.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use shared::{AppError, Grants, OrganizationId, Timestamp};

use super::{
    anydb::{AnyConnection, ForUpdate, Moment},
    column::Id,
    pool::{Connection, Store},
    row::organization::OrganizationRow,
    schema::{audit_entries, index_changes, index_head, organizations},
    transaction::{self, Transaction},
};
use crate::{
    audit::{AuditEvent, Said},
    authz::{self, Authority, Operation, Permit, held},
    failure::Failure,
    keyring::applier::Subject,
    repeat,
};

/// A transaction under way.
pub(crate) struct WriteTx {
    transaction: Transaction,
    authority: Authority,
    /// What the actor may do, read under the lock.
    grants: Grants,
    organization: OrganizationRow,
    subjects: Vec<Subject>,
    also: Vec<AuditEvent>,
    pub(crate) now: Timestamp,
}

/// What is left of a transaction that was committed.
#[must_use = "the index has to be brought up to this change before anybody is told"]
pub(crate) struct Committed {
    /// How far the change log had grown. `None`: nothing that verification depends on was changed.
    pub(crate) seq: Option<i64>,
    /// The one that has committed it, unless somebody else did that. On SQLite only this one remembers what it has written;
    /// any other reads it from the file.
    pub(crate) connection: Option<Connection>,
}

impl WriteTx {
    /// Begins, locks the organization, and asks once more whether the actor may do it: a role that was taken away while
    /// the request was on its way is of no use any more. A request that was carried out before ends here.
    pub(crate) async fn begin<O: Operation>(
        store: &Store,
        permit: &Permit<O>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let authority = permit.authority();
        let mut tx = Self::begin_for(store, authority, now).await?;
        let grants = held(tx.connection()?, authority).await?.ok_or(AppError::SignedOut)?;
        // The same refusal, with the same line in the log, as before the transaction.
        let _confirmed = Permit::<O>::grant(authority, &grants)?;
        tx.grants = grants;
        match repeat::note(tx.connection()?, &authority.actor, authority.once.as_ref(), now).await {
            // The other one may still wait for its commit, and the answer is looked for outside of this transaction.
            Err(Failure::Repeated) => {
                drop(tx);
                transaction::settle().await?;
                Err(Failure::Repeated)
            }
            noted => noted.map(|()| tx),
        }
    }

    /// Begins, and locks the organization of `authority`, without asking what that may do: for signing in and out, and
    /// for accepting an invitation.
    pub(crate) async fn begin_for(store: &Store, authority: &Authority, now: Timestamp) -> Result<Self, Failure> {
        let mut transaction = store.begin().await?;
        let connection = transaction.connection()?;
        let lock = organizations::table.find(Id(authority.organization)).select(OrganizationRow::as_select());
        let organization = ForUpdate(lock).get_result(connection).await.optional()?;
        let organization = organization.ok_or_else(|| AppError::not_found("organization"))?;
        Ok(Self {
            transaction,
            authority: authority.clone(),
            grants: Grants::default(),
            organization,
            subjects: Vec::new(),
            also: Vec::new(),
            now,
        })
    }

    /// Begins with an organization that does not exist yet. `founding` runs under a lock that only one founder holds
    /// at a time, so it can refuse a second "first" account.
    pub(crate) async fn found(
        store: &Store,
        authority: &Authority,
        organization: OrganizationRow,
        founding: impl AsyncFnOnce(&mut AnyConnection) -> Result<(), Failure>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut transaction = store.begin().await?;
        let connection = transaction.connection()?;
        ForUpdate(index_head::table.select(index_head::seq)).get_result::<i64>(connection).await?;
        founding(connection).await?;
        diesel::insert_into(organizations::table).values(&organization).execute(connection).await?;
        Ok(Self {
            transaction,
            authority: authority.clone(),
            grants: Grants::default(),
            organization,
            subjects: vec![Subject::Organization(authority.organization)],
            also: Vec::new(),
            now,
        })
    }

    /// The connection, for the queries of the operation.
    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection, Failure> {
        self.transaction.connection()
    }

    pub(crate) const fn organization(&self) -> &OrganizationRow {
        &self.organization
    }

    pub(crate) const fn organization_id(&self) -> Id<OrganizationId> {
        self.organization.id
    }

    /// Who acts, as the audit trail and a row's `…_by` say it.
    pub(crate) fn actor_label(&self) -> String {
        self.authority.actor.to_string()
    }

    /// The ceiling rule, by what the actor may do now; see [`authz::check_ceiling`].
    pub(crate) fn check_ceiling(&self, what: &str, needed: &Grants) -> Result<(), AppError> {
        authz::check_ceiling(&self.grants, what, needed)
    }

    /// Whether the actor may do that, too, by what they may do now.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] names the permission.
    pub(crate) fn confirm<O: Operation>(&self) -> Result<(), AppError> {
        Permit::<O>::grant(&self.authority, &self.grants).map(drop)
    }

    /// Something else that is done by the same act: it gets an entry of its own behind the one of [`Self::commit`].
    pub(crate) fn also(&mut self, event: AuditEvent) {
        self.also.push(event);
    }

    /// Notes that verification has to see `subject` anew after the commit.
    pub(crate) fn touch(&mut self, subject: Subject) {
        self.subjects.push(subject);
    }

    /// Writes the audit entry and the change log, and commits. `before_commit` runs when everything is written and
    /// nothing can fail any more but the commit itself.
    pub(crate) async fn commit(self, event: AuditEvent, before_commit: impl FnOnce()) -> Result<Committed, Failure> {
        self.finish(event.into(), before_commit).await
    }

    /// Writes an entry that tells of no change.
    pub(crate) async fn commit_alone(self, said: Said) -> Result<(), Failure> {
        self.finish(said, || {}).await.map(drop)
    }

    async fn finish(mut self, said: Said, before_commit: impl FnOnce()) -> Result<Committed, Failure> {
        let mut entries = Vec::new();
        for said in std::iter::once(said).chain(std::mem::take(&mut self.also).into_iter().map(Said::from)) {
            let entry = said.into_row(&self.authority, &self.organization, self.now);
            (self.organization.audit_seq, self.organization.audit_hash) = (entry.seq, entry.hash);
            entries.push(entry);
        }
        let (subjects, now) = (std::mem::take(&mut self.subjects), self.now);
        let (organization, seq, hash) =
            (self.organization.id, self.organization.audit_seq, self.organization.audit_hash);
        let connection = self.connection()?;
        // Each on its own: there is mostly one, and the statement for one is kept.
        for entry in &entries {
            diesel::insert_into(audit_entries::table).values(entry).execute(connection).await?;
        }
        diesel::update(organizations::table.find(organization))
            .set((organizations::audit_seq.eq(seq), organizations::audit_hash.eq(hash)))
            .execute(connection)
            .await?;
        // The log's head is the last lock every transaction takes, so it is held briefly and cannot deadlock.
        let seq = if subjects.is_empty() { None } else { Some(log_changes(connection, &subjects, now).await?) };
        before_commit();
        Ok(Committed { seq, connection: self.transaction.commit().await? })
    }
}

/// Notes in the change log that these have to be seen anew, and returns the last of its numbers.
pub(crate) async fn log_changes(
    connection: &mut AnyConnection,
    subjects: &[Subject],
    now: Timestamp,
) -> Result<i64, Failure> {
    let step = i64::try_from(subjects.len()).map_err(Failure::broken)?;
    let last: i64 = diesel::update(index_head::table)
        .set(index_head::seq.eq(index_head::seq + step))
        .returning(index_head::seq)
        .get_result(connection)
        .await?;
    let row = |(seq, subject): (i64, &Subject)| {
        (index_changes::seq.eq(seq), index_changes::subject.eq(subject.to_string()), index_changes::at.eq(Moment(now)))
    };
    let rows: Vec<_> = (last - step + 1..=last).zip(subjects).map(row).collect();
    let into = diesel::insert_into(index_changes::table);
    // The statement for one is kept.
    match <[_; 1]>::try_from(rows) {
        Ok(row) => into.values(row).execute(connection).await?,
        Err(rows) => into.values(rows).execute(connection).await?,
    };
    Ok(last)
}
