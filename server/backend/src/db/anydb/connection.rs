//! A connection to either engine. Everything generic ends here: the driver calls are compiled once.

use diesel::{
    ConnectionResult, QueryResult,
    connection::{
        AnsiTransactionManager as BlockingTransactions, CacheSize, Instrumentation, LoadConnection as _,
        TransactionManager as _, TransactionManagerStatus,
    },
    deserialize::FromSqlRow,
    query_builder::{AsQuery, QueryFragment, QueryId},
    result::Error::DeserializationError,
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection,
    TransactionManager,
    pooled_connection::PoolableConnection,
    sync_connection_wrapper::{SyncConnectionWrapper, SyncTransactionManagerWrapper},
};
use futures_util::{
    FutureExt as _, StreamExt as _, TryFutureExt as _, TryStreamExt as _, future::BoxFuture, stream::BoxStream,
};

use super::{
    AnyDb,
    bind::Finished,
    blocking::Blocking,
    row::{AnyRow, EitherRow, PgRow},
};
use crate::failure::Failure;

/// SQLite is synchronous; this runs it on threads that may block.
pub(crate) type SqliteConnection = SyncConnectionWrapper<diesel::SqliteConnection, Blocking>;
type SqliteTransactions = SyncTransactionManagerWrapper<BlockingTransactions>;
type Rows = BoxStream<'static, QueryResult<AnyRow>>;

#[expect(clippy::large_enum_variant, reason = "lives in a pool's box and is never moved on a busy path")]
pub(crate) enum AnyConnection {
    Sqlite(SqliteConnection),
    Postgres(AsyncPgConnection),
}

/// Runs the same expression on whichever connection it is.
macro_rules! either {
    ($connection:expr, $c:ident => $call:expr) => {
        match $connection {
            AnyConnection::Sqlite($c) => $call,
            AnyConnection::Postgres($c) => $call,
        }
    };
}

impl AnyConnection {
    pub(crate) const fn engine(&self) -> AnyDb {
        match self {
            Self::Sqlite(_) => AnyDb::Sqlite,
            Self::Postgres(_) => AnyDb::Postgres,
        }
    }

    /// Hands all rows to `each`, so many at once, as they come, until it fails. Where
    /// [`load`](AsyncConnectionCore::load) copies every value of SQLite's out of its thread before it is read, they are
    /// read there.
    pub(crate) async fn scan<T, R>(
        &mut self,
        query: T,
        at_once: usize,
        mut each: impl FnMut(Vec<R>) -> Result<(), Failure> + Send + 'static,
    ) -> Result<(), Failure>
    where
        T: AsQuery,
        T::Query: QueryFragment<AnyDb>,
        R: FromSqlRow<T::SqlType, AnyDb> + Send,
    {
        let query = Finished::of(&query.as_query(), self.engine())?;
        match self {
            Self::Sqlite(c) => {
                let scan = c.spawn_blocking(move |c| {
                    let mut rows = c.load(query)?.map(|row| read(&EitherRow::<PgRow, _>::Sqlite(row?))).fuse();
                    loop {
                        let batch = rows.by_ref().take(at_once).collect::<QueryResult<Vec<R>>>()?;
                        if batch.is_empty() {
                            return Ok(Ok(()));
                        }
                        if let Err(failure) = each(batch) {
                            return Ok(Err(failure));
                        }
                    }
                });
                scan.await?
            }
            Self::Postgres(c) => {
                let rows = c.load(query).await?.map(|row| read(&AnyRow::Postgres(row?)));
                let mut batches = rows.try_chunks(at_once);
                while let Some(batch) = batches.next().await {
                    each(batch.map_err(|error| error.1)?)?;
                }
                Ok(())
            }
        }
    }

    fn load_finished(&mut self, query: QueryResult<Finished>) -> BoxFuture<'_, QueryResult<Rows>> {
        let query = match query {
            Ok(query) => query,
            Err(error) => return std::future::ready(Err(error)).boxed(),
        };
        match self {
            Self::Sqlite(c) => c.load(query).map_ok(|rows| rows.map_ok(AnyRow::Sqlite).boxed()).boxed(),
            Self::Postgres(c) => c.load(query).map_ok(|rows| rows.map_ok(AnyRow::Postgres).boxed()).boxed(),
        }
    }

    fn execute_finished(&mut self, query: QueryResult<Finished>) -> BoxFuture<'_, QueryResult<usize>> {
        let query = match query {
            Ok(query) => query,
            Err(error) => return std::future::ready(Err(error)).boxed(),
        };
        either!(self, c => c.execute_returning_count(query).boxed())
    }
}

fn read<'a, ST, R: FromSqlRow<ST, AnyDb>>(row: &impl diesel::row::Row<'a, AnyDb>) -> QueryResult<R> {
    R::build_from_row(row).map_err(DeserializationError)
}

impl SimpleAsyncConnection for AnyConnection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        either!(self, c => c.batch_execute(sql).await)
    }
}

impl AsyncConnectionCore for AnyConnection {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Rows>>;
    type Stream<'conn, 'query> = Rows;
    type Row<'conn, 'query> = AnyRow;
    type Backend = AnyDb;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<AnyDb> + QueryId + 'query,
    {
        let query = Finished::of(&source.as_query(), self.engine());
        self.load_finished(query)
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<AnyDb> + QueryId + 'query,
    {
        let query = Finished::of(&source, self.engine());
        self.execute_finished(query)
    }
}

impl AsyncConnection for AnyConnection {
    type TransactionManager = AnyTransactions;

    /// Without TLS and pragmas: what the server uses is made in `db::pool`.
    async fn establish(url: &str) -> ConnectionResult<Self> {
        match AnyDb::of_url(url) {
            AnyDb::Postgres => AsyncPgConnection::establish(url).await.map(Self::Postgres),
            AnyDb::Sqlite => SqliteConnection::establish(url).await.map(Self::Sqlite),
        }
    }

    fn transaction_state(&mut self) -> &mut Self {
        self
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        either!(self, c => c.instrumentation())
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        either!(self, c => c.set_instrumentation(instrumentation));
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        either!(self, c => c.set_prepared_statement_cache_size(size));
    }
}

impl PoolableConnection for AnyConnection {
    fn is_broken(&mut self) -> bool {
        either!(self, c => c.is_broken())
    }
}

/// Transactions of either engine. Every transaction of ours is a write, so SQLite takes its lock at once: a reader
/// that tried to become a writer later would fail at once, whatever the busy timeout.
pub(crate) struct AnyTransactions;

impl TransactionManager<AnyConnection> for AnyTransactions {
    type TransactionStateData = AnyConnection;

    async fn begin_transaction(connection: &mut AnyConnection) -> QueryResult<()> {
        match connection {
            AnyConnection::Postgres(c) => AnsiTransactionManager::begin_transaction(c).await,
            AnyConnection::Sqlite(c) => {
                c.spawn_blocking(|c| {
                    if BlockingTransactions::transaction_manager_status_mut(c).transaction_depth()?.is_none() {
                        BlockingTransactions::begin_transaction_sql(c, "BEGIN IMMEDIATE")
                    } else {
                        BlockingTransactions::begin_transaction(c)
                    }
                })
                .await
            }
        }
    }

    async fn commit_transaction(connection: &mut AnyConnection) -> QueryResult<()> {
        match connection {
            AnyConnection::Postgres(c) => AnsiTransactionManager::commit_transaction(c).await,
            AnyConnection::Sqlite(c) => SqliteTransactions::commit_transaction(c).await,
        }
    }

    async fn rollback_transaction(connection: &mut AnyConnection) -> QueryResult<()> {
        match connection {
            AnyConnection::Postgres(c) => AnsiTransactionManager::rollback_transaction(c).await,
            AnyConnection::Sqlite(c) => SqliteTransactions::rollback_transaction(c).await,
        }
    }

    fn transaction_manager_status_mut(connection: &mut AnyConnection) -> &mut TransactionManagerStatus {
        match connection {
            AnyConnection::Postgres(c) => AnsiTransactionManager::transaction_manager_status_mut(c),
            AnyConnection::Sqlite(c) => SqliteTransactions::transaction_manager_status_mut(c),
        }
    }

    fn is_broken_transaction_manager(connection: &mut AnyConnection) -> bool {
        connection.is_broken()
    }
}
