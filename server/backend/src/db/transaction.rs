//! Transactions, and how those of SQLite are committed together.
//!
//! SQLite has one connection that writes, and a commit waits until the disk has it: some 4 ms on an ordinary one, which makes
//! 250 changes a second at most, however little each of them is. So changes that wait for the connection are done in one
//! transaction, one after the other, and wait for one commit (group commit). With PostgreSQL there is a connection for each,
//! and the server groups the commits itself.
//!
//! - The first change begins the transaction; each that follows is a savepoint of it, and can be undone alone.
//! - Who is done waits for the connection once more, behind all that wait for it already. Whoever of them gets it first
//!   commits for all. So nobody waits longer than for those who were there, and at once if nobody was.
//! - Nobody is answered before the commit: neither whose change is part of it nor who was refused for what they have seen of
//!   such a change ([`settled`]).

use std::{cell::RefCell, pin::pin, sync::Arc};

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::{TransactionManager as _, pooled_connection::bb8::Pool};
use futures_util::future::{Either, select};
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard, watch},
    task::yield_now,
    time::timeout,
};

use super::{
    anydb::{AnyConnection, AnyTransactions},
    pool::{Connection, PATIENCE},
};
use crate::failure::Failure;

/// How many changes wait for one commit at most, so that the first of very many does not wait for all of them.
const MOST: u32 = 32;

/// A transaction under way. Dropped, it is rolled back, so that a refused operation gives its connection back whole.
pub(crate) struct Transaction(
    /// `None` only after the end.
    Option<Kind>,
);

enum Kind {
    Own(Box<Connection>),
    InGroup(Place),
}

/// The place of whoever writes.
type Place = OwnedMutexGuard<Option<Group>>;
/// Of a commit, as everybody who waits for it is told.
type Outcome = Result<(), (DatabaseErrorKind, String)>;

/// The group of changes that is open, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Groups(Arc<Mutex<Option<Group>>>);

struct Group {
    connection: Connection,
    /// How many changes are done. As long as there are any, somebody waits for the place to commit them.
    done: u32,
    /// Whether somebody is in the middle of a change. Nobody has the place then but them.
    under_way: bool,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Transaction {
    /// With a connection of its own.
    pub(super) async fn begin(mut connection: Connection) -> Result<Self, Failure> {
        AnyTransactions::begin_transaction(&mut connection).await?;
        Ok(Self(Some(Kind::Own(Box::new(connection)))))
    }

    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection, Failure> {
        let connection = match &mut self.0 {
            Some(Kind::Own(connection)) => Some(&mut **connection),
            Some(Kind::InGroup(place)) => place.as_mut().map(|group| &mut group.connection),
            None => None,
        };
        connection
            .map(|connection| &mut **connection)
            .ok_or_else(|| Failure::broken("a transaction was used after its end"))
    }

    /// Returns when it is durable, with the connection if nobody else has had it since.
    pub(crate) async fn commit(mut self) -> Result<Option<Connection>, Failure> {
        match self.0.take() {
            Some(Kind::Own(mut connection)) => {
                AnyTransactions::commit_transaction(&mut connection).await?;
                Ok(Some(*connection))
            }
            Some(Kind::InGroup(place)) => {
                // What this task has seen is in the same group, and ends as that does.
                _ = SEEN.try_with(RefCell::take);
                done(place).await
            }
            None => Err(Failure::broken("a transaction was ended twice")),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(kind) = self.0.take() else { return };
        // Without a runtime the connection is dropped in the middle of its transaction, and thrown away.
        let runtime = Handle::try_current();
        match (kind, runtime) {
            (Kind::Own(connection), Ok(runtime)) => drop(runtime.spawn(roll_back(*connection))),
            (Kind::InGroup(place), Ok(runtime)) => drop(runtime.spawn(undo(place))),
            (Kind::Own(connection), Err(_)) => drop(connection),
            (Kind::InGroup(mut place), Err(_)) => drop(place.take()),
        }
    }
}

impl Groups {
    /// Begins a transaction over a connection of `writers`, or goes on with the one that is under way.
    pub(super) async fn begin(&self, writers: &Pool<AnyConnection>) -> Result<Transaction, Failure> {
        let place = timeout(PATIENCE, Arc::clone(&self.0).lock_owned()).await;
        let mut place = place.map_err(|_elapsed| Failure::Connection("others have it for too long".to_owned()))?;
        give_up_what_was_left(&mut place);
        let connection = match &mut *place {
            Some(group) => {
                group.under_way = true;
                _ = SEEN.try_with(|seen| seen.replace(Some(group.outcome.subscribe())));
                &mut group.connection
            }
            None => {
                let group = Group {
                    connection: writers.get_owned().await?,
                    done: 0,
                    under_way: true,
                    outcome: watch::Sender::new(None),
                };
                &mut place.insert(group).connection
            }
        };
        if let Err(cause) = AnyTransactions::begin_transaction(connection).await {
            // The others commit, or hear why they cannot. When the first of a group cannot begin, there is no group.
            place.iter_mut().for_each(|group| group.under_way = false);
            _ = place.take_if(|group| group.done == 0);
            return Err(cause.into());
        }
        Ok(Transaction(Some(Kind::InGroup(place))))
    }
}

impl Group {
    /// Tells all that nothing of it was saved. It is worth another try.
    fn lose(&self, why: String) {
        self.outcome.send_replace(Some(Err((DatabaseErrorKind::ClosedConnection, why))));
    }
}

/// Whoever has been stopped in the middle of a change, together with their runtime, has taken its group with them.
fn give_up_what_was_left(place: &mut Place) {
    if let Some(group) = place.take_if(|group| group.under_way) {
        tracing::warn!(
            changes = group.done,
            "a change was left in the middle; what was to be committed with it is lost"
        );
        group.lose("somebody left in the middle of a change".to_owned());
    }
}

/// Whoever has this place is done.
async fn done(mut place: Place) -> Result<Option<Connection>, Failure> {
    let Some(group) = &mut *place else { return Err(Failure::broken("a group was ended twice")) };
    if group.done > 0
        && let Err(cause) = AnyTransactions::commit_transaction(&mut group.connection).await
    {
        undo(place).await;
        return Err(cause.into());
    }
    group.done += 1;
    group.under_way = false;
    if group.done >= MOST {
        return commit(place).await.map(Some);
    }
    let outcome = group.outcome.subscribe();
    let groups = Groups(Arc::clone(OwnedMutexGuard::mutex(&place)));
    drop(place);
    Waiting { groups, outcome, is_over: false }.wait().await
}

/// Somebody who is done, and commits unless somebody else does it first.
struct Waiting {
    groups: Groups,
    outcome: watch::Receiver<Option<Outcome>>,
    is_over: bool,
}

impl Waiting {
    async fn wait(&mut self) -> Result<Option<Connection>, Failure> {
        // Others may have been waiting for this thread, and not come as far as to wait for the connection.
        yield_now().await;
        let place = match select(pin!(heard(&mut self.outcome)), pin!(Arc::clone(&self.groups.0).lock_owned())).await {
            Either::Left(_) => None,
            Either::Right((place, _)) => Some(place),
        };
        self.is_over = true;
        match place {
            // Nobody has committed it, so it is still ours: a group has its sender with it.
            Some(place) if self.outcome.borrow().is_none() && self.outcome.has_changed().is_ok() => {
                commit(place).await.map(Some)
            }
            _ => heard(&mut self.outcome).await.map(|()| None),
        }
    }
}

impl Drop for Waiting {
    /// Whoever does not wait any more has to leave somebody who does: the others rely on it.
    fn drop(&mut self) {
        if !self.is_over
            && let Ok(runtime) = Handle::try_current()
        {
            let mut waiting = Self { groups: self.groups.clone(), outcome: self.outcome.clone(), is_over: true };
            runtime.spawn(async move { waiting.wait().await.map(drop) });
        }
    }
}

async fn commit(mut place: Place) -> Result<Connection, Failure> {
    give_up_what_was_left(&mut place);
    let Some(mut group) = place.take() else {
        return Err(Failure::Connection("it was lost before the commit".to_owned()));
    };
    let committed = AnyTransactions::commit_transaction(&mut group.connection).await;
    group.outcome.send_replace(Some(committed.as_ref().copied().map_err(as_told)));
    drop(place);
    committed?;
    Ok(group.connection)
}

/// Undoes what whoever has this place has done.
async fn undo(mut place: Place) {
    let Some(group) = &mut *place else { return };
    if let Err(cause) = AnyTransactions::rollback_transaction(&mut group.connection).await {
        // SQLite may have rolled it all back by itself, for want of space or because of the disk.
        tracing::warn!(%cause, changes = group.done, "a rollback failed; what was to be committed with it is lost");
        group.lose(cause.to_string());
        group.done = 0;
    }
    group.under_way = false;
    if group.done == 0 {
        *place = None;
    }
}

async fn roll_back(mut connection: Connection) {
    if let Err(cause) = AnyTransactions::rollback_transaction(&mut connection).await {
        tracing::warn!(%cause, "a rollback failed; the connection is thrown away");
    }
}

tokio::task_local! {
    /// The outcome of the last group whose changes this task has seen before they were durable.
    static SEEN: RefCell<Option<watch::Receiver<Option<Outcome>>>>;
}

/// What `work` answers, when all that it has seen is durable. Otherwise somebody could be told that a key is revoked already,
/// and after a power cut it would not be.
///
/// # Errors
/// When that has been lost: the answer would have been about something that has not happened.
pub(super) async fn settled<W: Future>(work: W) -> Result<W::Output, Failure> {
    let working = async {
        let answer = work.await;
        settle().await.map(|()| answer)
    };
    SEEN.scope(RefCell::default(), working).await
}

/// Waits until all that this task has seen is durable.
///
/// # Errors
/// When it has been lost.
pub(super) async fn settle() -> Result<(), Failure> {
    match SEEN.try_with(RefCell::take) {
        Ok(Some(mut seen)) => heard(&mut seen).await,
        _ => Ok(()),
    }
}

async fn heard(outcome: &mut watch::Receiver<Option<Outcome>>) -> Result<(), Failure> {
    match outcome.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(Ok(()))) => Ok(()),
        Ok(Some(Err((kind, message)))) => Err(QueryError::DatabaseError(*kind, Box::new(message.clone())).into()),
        Ok(None) | Err(_) => Err(Failure::Connection("it was lost before the commit".to_owned())),
    }
}

fn as_told(cause: &QueryError) -> (DatabaseErrorKind, String) {
    match cause {
        QueryError::DatabaseError(kind, about) => (*kind, about.message().to_owned()),
        // Worth another try.
        other => (DatabaseErrorKind::ClosedConnection, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use diesel::QueryDsl as _;
    use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
    use futures_util::{future::join_all, poll};
    use tempfile::TempDir;
    use tokio::{sync::oneshot, task::JoinHandle};

    use super::*;
    use crate::db::{pool::Store, schema::index_head};

    /// A number that changes add to.
    struct Number {
        store: Store,
        _folder: TempDir,
    }

    impl Number {
        async fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let store = Store::open(&folder.path().join("test.db").display().to_string()).await.expect("a database");
            Self { store, _folder: folder }
        }

        async fn plus(&self, more: i64) -> Transaction {
            plus(&self.store, more).await
        }

        /// What is durable.
        async fn is(&self) -> i64 {
            number(&mut self.store.read().await.expect("a reader")).await
        }

        /// A change that is not done before it is told to be. By the time this returns, it waits for its turn.
        async fn next(&self, more: i64) -> Next {
            let (begun, begins) = oneshot::channel();
            let (done, may_be_done) = oneshot::channel();
            let store = self.store.clone();
            let mut working = Box::pin(async move {
                let transaction = plus(&store, more).await;
                _ = begun.send(());
                if may_be_done.await.is_ok() { transaction.commit().await.map(drop) } else { Err(Failure::Repeated) }
            });
            assert!(poll!(&mut working).is_pending(), "somebody else has the place");
            Next { begins, done, ended: tokio::spawn(settled(working)) }
        }
    }

    struct Next {
        begins: oneshot::Receiver<()>,
        /// Dropped, the change is undone.
        done: oneshot::Sender<()>,
        ended: JoinHandle<Result<Result<(), Failure>, Failure>>,
    }

    impl Next {
        /// The change is done, and durable.
        async fn commits(self) {
            self.done.send(()).expect("it waits");
            assert!(self.ended.await.expect("no panic").expect("a commit").is_ok());
        }
    }

    async fn plus(store: &Store, more: i64) -> Transaction {
        let mut transaction = store.begin().await.expect("its turn");
        let connection = transaction.connection().expect("a connection");
        connection.batch_execute(&format!("UPDATE index_head SET seq = seq + {more}")).await.expect("a change");
        transaction
    }

    async fn number(connection: &mut AnyConnection) -> i64 {
        index_head::table.select(index_head::seq).first(connection).await.expect("a number")
    }

    #[tokio::test]
    async fn who_is_done_waits_for_those_who_wait_for_the_connection() {
        let number = Number::new().await;
        let first = number.plus(1).await;
        let mut second = number.next(10).await;
        let first = tokio::spawn(first.commit());
        (&mut second.begins).await.expect("its turn");
        assert_eq!(number.is().await, 0);
        assert!(!first.is_finished(), "the second one is not done yet");
        second.commits().await;
        assert!(first.await.expect("no panic").is_ok());
        assert_eq!(number.is().await, 11);
    }

    #[tokio::test]
    async fn a_change_that_is_undone_takes_no_other_with_it() {
        let number = Number::new().await;
        let first = number.plus(1).await;
        let (second, third) = (number.next(10).await, number.next(100).await);
        let first = tokio::spawn(first.commit());
        drop(second.done);
        third.commits().await;
        assert!(first.await.expect("no panic").is_ok());
        assert_eq!(number.is().await, 101);
    }

    #[tokio::test]
    async fn the_first_one_undone_leaves_the_connection_to_the_next() {
        let number = Number::new().await;
        let first = number.plus(1).await;
        let second = number.next(10).await;
        drop(first);
        second.commits().await;
        assert_eq!(number.is().await, 10);
    }

    #[tokio::test]
    async fn who_has_seen_a_change_is_not_refused_before_it_is_durable() {
        let number = Number::new().await;
        let first = number.plus(1).await;
        let (mut refused, third) = (number.next(10).await, number.next(100).await);
        let first = tokio::spawn(first.commit());
        drop(refused.done);
        third.begins.await.expect("its turn");
        assert!(poll!(&mut refused.ended).is_pending(), "the first one is not durable yet");
        third.done.send(()).expect("it waits");
        assert!(matches!(refused.ended.await, Ok(Ok(Err(Failure::Repeated)))));
        assert_eq!(number.is().await, 101);
        assert!(first.await.expect("no panic").is_ok());
    }

    /// SQLite checks deferred foreign keys when it commits.
    #[tokio::test]
    async fn all_hear_of_a_commit_that_fails_and_others_go_on() {
        let number = Number::new().await;
        let mut first = number.plus(1).await;
        let orphan = "PRAGMA defer_foreign_keys = ON; \
                      INSERT INTO organization_usage (organization_id, month, requests) VALUES ('nobody', 1, 1)";
        first.connection().expect("a connection").batch_execute(orphan).await.expect("nothing is checked yet");
        let (second, refused) = (number.next(10).await, number.next(100).await);
        let first = tokio::spawn(first.commit());
        second.done.send(()).expect("it waits");
        drop(refused.done);
        let failures = [
            first.await.expect("no panic").map(drop).expect_err("no commit"),
            second.ended.await.expect("no panic").expect("its own answer").expect_err("no commit"),
            refused.ended.await.expect("no panic").and_then(|ended| ended).expect_err("no commit"),
        ];
        for failure in failures {
            assert!(failure.to_string().contains("FOREIGN KEY"), "{failure}");
        }
        assert!(number.plus(1_000).await.commit().await.is_ok());
        assert_eq!(number.is().await, 1_000);
    }

    #[tokio::test]
    async fn half_a_change_is_never_committed() {
        let number = Number::new().await;
        let first = number.plus(1).await;
        let mut second = Box::pin(number.plus(10));
        assert!(poll!(&mut second).is_pending(), "the first one has the place");
        let first = tokio::spawn(first.commit());
        // As when a runtime stops before the rollback.
        drop(second.await.0.take());
        assert!(first.await.expect("no panic").is_err());
        assert!(number.plus(100).await.commit().await.is_ok());
        assert_eq!(number.is().await, 100);
    }

    #[tokio::test]
    async fn a_change_whose_author_has_left_commits_by_itself() {
        let number = Number::new().await;
        let first = number.plus(1).await;
        let second = number.next(10).await;
        let first = tokio::spawn(first.commit());
        second.begins.await.expect("its turn");
        first.abort();
        assert!(first.await.is_err_and(|ended| ended.is_cancelled()));
        drop(second.done);
        let committed = async {
            while number.is().await == 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(30), committed).await.expect("a commit");
        assert_eq!(number.is().await, 1);
    }

    #[tokio::test]
    async fn very_many_are_all_committed() {
        let number = Number::new().await;
        let changes = (0..i64::from(MOST) * 3).map(|_| async { number.plus(1).await.commit().await.map(drop) });
        assert!(join_all(changes).await.into_iter().all(|ended| ended.is_ok()));
        assert_eq!(number.is().await, i64::from(MOST) * 3);
    }
}
