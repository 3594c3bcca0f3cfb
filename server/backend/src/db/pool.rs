//! Connections: how they are made, kept and shared. TLS, pragmas and timeouts are here and nowhere else.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bb8::QueueStrategy;
use diesel::{ConnectionError, ConnectionResult, QueryResult, result::Error as QueryError};
use diesel_async::{
    AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        bb8::{Pool, PooledConnection},
    },
};
use futures_util::FutureExt as _;
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::task::TaskTracker;

use super::{
    anydb::{AnyConnection, AnyDb, SqliteConnection},
    migrate,
    transaction::{self, Groups, Transaction},
    turns::{self, Askers},
};
use crate::{behind, failure::Failure};

/// How many PostgreSQL connections one server holds at most.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How many readers of the SQLite file there are.
const SQLITE_READERS: u32 = 4;
/// How many threads ask SQLite. What else there is to do meanwhile waits for a connection, and needs no thread for that.
const ASKERS: usize = SQLITE_READERS as usize + 2;
/// How many pages SQLite's log may have at most: 64 MiB.
const LOG_PAGES: u32 = 16_384;
/// How many times as long as it has worked whoever has much to do rests. So it takes an eighth of a core at most.
const REST: u32 = 7;
/// How long to wait for a connection before saying that the database is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A connection on loan, for as long as it is needed.
pub(crate) type Connection = PooledConnection<'static, AnyConnection>;

/// The database, opened and migrated.
#[derive(Clone)]
pub(crate) struct Store {
    engine: AnyDb,
    readers: Pool<AnyConnection>,
    writers: Pool<AnyConnection>,
    /// With SQLite, which has one connection that writes.
    groups: Groups,
    /// With SQLite, whose calls block.
    askers: Option<Arc<Askers>>,
}

impl Store {
    /// Opens what `url` names (see [`AnyDb::of_url`]) and brings its tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, Failure> {
        let engine = AnyDb::of_url(url);
        migrate::up(url).await?;
        let (readers, writers, askers) = match engine {
            AnyDb::Postgres => {
                let pool = pool(url, engine, POSTGRES_CONNECTIONS, false).await?;
                (pool.clone(), pool, None)
            }
            // SQLite has one writer at a time whatever we do; waiting in the pool's queue beats polling the file's lock.
            AnyDb::Sqlite => {
                let (readers, writers) = (pool(url, engine, SQLITE_READERS, true), pool(url, engine, 1, false));
                let askers = Askers::begin(ASKERS, &Handle::current()).map_err(Failure::broken)?;
                (readers.await?, writers.await?, Some(Arc::new(askers)))
            }
        };
        Ok(Self { engine, readers, writers, groups: Groups::default(), askers })
    }

    /// `SQLite` or `PostgreSQL`, for the log.
    pub(crate) const fn engine_name(&self) -> &'static str {
        match self.engine {
            AnyDb::Sqlite => "SQLite",
            AnyDb::Postgres => "PostgreSQL",
        }
    }

    /// Begins what asks the database many things one after the other. `tasks` knows of it.
    pub(crate) fn spawn<W: Future<Output: Send> + Send + 'static>(
        &self,
        tasks: &TaskTracker,
        work: W,
    ) -> impl Future<Output = Result<W::Output, Failure>> + use<W> {
        self.spawn_on(Handle::current, tasks, work)
    }

    /// Begins what nobody waits for but changes may: as long as it holds what they need. If it went behind everything else,
    /// so would they. With PostgreSQL it does; there is a connection for each.
    pub(crate) fn spawn_in_turn<W: Future<Output: Send> + Send + 'static>(
        &self,
        tasks: &TaskTracker,
        work: W,
    ) -> impl Future<Output = Result<W::Output, Failure>> + use<W> {
        self.spawn_on(behind::threads, tasks, work)
    }

    /// With SQLite, on threads that may block; with PostgreSQL, on those of `runtime`.
    fn spawn_on<W: Future<Output: Send> + Send + 'static>(
        &self,
        runtime: fn() -> Handle,
        tasks: &TaskTracker,
        work: W,
    ) -> impl Future<Output = Result<W::Output, Failure>> + use<W> {
        let (send, receive) = oneshot::channel();
        let work = AssertUnwindSafe(transaction::settled(work)).catch_unwind();
        let work = work.map(|ended| ended.unwrap_or_else(|panic| Err(Failure::broken(said_by(&*panic)))));
        let work = tasks.track_future(async move { _ = send.send(work.await) });
        match &self.askers {
            Some(askers) => askers.spawn(work),
            None => drop(runtime().spawn(work)),
        }
        async { receive.await.map_err(Failure::broken).flatten() }
    }

    /// How long whoever has much to do that nobody waits for has to rest after so much work, as others want the processor
    /// and the connection, too. With PostgreSQL it goes behind them and does not rest.
    pub(crate) fn rest_after(&self, work: Duration) -> Option<Duration> {
        match self.engine {
            AnyDb::Sqlite => Some(work * REST),
            AnyDb::Postgres => None,
        }
    }

    /// To be called before each verification: whatever asks the database may wait for the core.
    pub(crate) fn verifications_give_way(&self) {
        self.askers.as_deref().into_iter().for_each(turns::verifications_give_way);
    }

    /// A connection that reads. On SQLite a write on it fails, so the tests notice a query that went the wrong way.
    pub(crate) async fn read(&self) -> Result<Connection, Failure> {
        Ok(self.readers.get_owned().await?)
    }

    /// Moves what SQLite has in its log into the file. Nobody waits for that, neither readers nor whoever writes.
    pub(crate) async fn tidy(&self) -> Result<(), Failure> {
        if self.engine == AnyDb::Sqlite {
            // Which is possible for a connection that must not change anything.
            self.read().await?.batch_execute("PRAGMA wal_checkpoint(PASSIVE)").await?;
        }
        Ok(())
    }

    /// Begins a transaction that may write.
    pub(super) async fn begin(&self) -> Result<Transaction, Failure> {
        match self.engine {
            AnyDb::Sqlite => self.groups.begin(&self.writers).await,
            AnyDb::Postgres => Transaction::begin(self.write().await?).await,
        }
    }

    /// A connection that may write.
    pub(crate) async fn write(&self) -> Result<Connection, Failure> {
        Ok(self.writers.get_owned().await?)
    }
}

fn said_by(panic: &dyn Any) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let said = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a task panicked: {}", said.unwrap_or_default())
}

async fn pool(url: &str, engine: AnyDb, size: u32, read_only: bool) -> Result<Pool<AnyConnection>, Failure> {
    let mut config = ManagerConfig::<AnyConnection>::default();
    // A dead PostgreSQL socket is noticed when a connection comes back; asking at every loan would cost a round trip.
    config.recycling_method = RecyclingMethod::Fast;
    // A connection to PostgreSQL is a task as well. It must not go behind everything else because the one who needed it
    // first does, and not end before the pool.
    let runtime = Handle::current();
    config.custom_setup = Box::new(move |url| {
        let (runtime, url) = (runtime.clone(), url.to_owned());
        let connecting = async move { runtime.spawn(async move { connect(&url, engine, read_only).await }).await };
        connecting
            .map(|connected| connected.unwrap_or_else(|ended| Err(ConnectionError::BadConnection(ended.to_string()))))
            .boxed()
    });
    let builder = Pool::builder().max_size(size).connection_timeout(PATIENCE);
    let builder = match engine {
        // Whatever has been read last is the most likely to be in memory still.
        AnyDb::Sqlite => builder.max_lifetime(None).idle_timeout(None).queue_strategy(QueueStrategy::Lifo),
        AnyDb::Postgres => builder,
    };
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    builder.build(manager).await.map_err(|error| Failure::Connection(error.to_string()))
}

async fn connect(url: &str, engine: AnyDb, read_only: bool) -> ConnectionResult<AnyConnection> {
    match engine {
        AnyDb::Postgres => connect_postgres(url).await.map(AnyConnection::Postgres),
        AnyDb::Sqlite => connect_sqlite(url, read_only).await.map(AnyConnection::Sqlite),
    }
}

/// A connection to the SQLite file with the settings that everything here relies on.
pub(super) async fn connect_sqlite(url: &str, read_only: bool) -> ConnectionResult<SqliteConnection> {
    let mut connection = SqliteConnection::establish(url).await?;
    // The timeout comes first: switching to WAL takes a lock itself. FULL, because an acknowledged change must
    // survive a power cut, and WAL with NORMAL may lose the last ones. The system keeps the file in memory anyway, so
    // only the one connection that writes has a cache worth its memory.
    // What is in the log is moved into the file by a task, every second ([`Store::tidy`]): by default whoever commits the
    // thousandth page does that, for milliseconds. It still does when the log has become long all the same.
    let cache_kib = if read_only { 2_000 } else { 16_000 };
    let pragmas = format!(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache_kib}; \
         PRAGMA wal_autocheckpoint = {LOG_PAGES}; PRAGMA query_only = {};",
        u8::from(read_only)
    );
    let refused = ConnectionError::CouldntSetupConfiguration;
    connection.batch_execute("PRAGMA busy_timeout = 5000").await.map_err(refused)?;
    switch_to_wal(&mut connection).await.map_err(refused)?;
    connection.batch_execute(&pragmas).await.map_err(refused)?;
    Ok(connection)
}

/// Of two who switch a new file at the same moment, one is refused at once, whatever the timeout: both read it, and SQLite
/// does not wait where each would wait for the other.
async fn switch_to_wal(connection: &mut SqliteConnection) -> QueryResult<()> {
    let began = Instant::now();
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL").await {
            Err(QueryError::DatabaseError(_, why))
                if why.message() == "database is locked" && began.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            switched => return switched,
        }
    }
}

/// A connection to a database that is there already, to read one state of it. Its tables stay as they are.
pub(crate) async fn connect_to_read(url: &str) -> Result<AnyConnection, Failure> {
    let refused = |error: ConnectionError| Failure::Connection(error.to_string());
    let (mut connection, begin) = match AnyDb::of_url(url) {
        AnyDb::Postgres => {
            let connection = connect_postgres(url).await.map_err(refused)?;
            (AnyConnection::Postgres(connection), "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        }
        AnyDb::Sqlite => {
            // SQLite would make a missing file.
            if !std::path::Path::new(url).is_file() {
                return Err(Failure::Connection(format!("there is no file {url}")));
            }
            let connection = SqliteConnection::establish(url).await.map_err(refused)?;
            (AnyConnection::Sqlite(connection), "PRAGMA busy_timeout = 5000; PRAGMA query_only = 1; BEGIN")
        }
    };
    connection.batch_execute(begin).await?;
    Ok(connection)
}

/// diesel-async's own `establish` has no TLS, so tokio-postgres connects and hands over. Whether TLS is used is the
/// URL's `sslmode`; the certificate is checked against the public roots and, if set, `PGSSLROOTCERT`.
pub(super) async fn connect_postgres(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let bad = |error: &dyn std::error::Error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        ConnectionError::BadConnection(format!("{error}{cause}"))
    };
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = std::env::var_os("PGSSLROOTCERT") {
        use rustls::pki_types::{CertificateDer, pem::PemObject as _};
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| bad(&error))? {
            roots.add(certificate.map_err(|error| bad(&error))?).map_err(|error| bad(&error))?;
        }
    }
    let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls);
    let (client, connection) = tokio_postgres::connect(url, tls).await.map_err(|error| bad(&error))?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::fresh_postgres;

    async fn a_panic_is_an_answer(url: &str) {
        let store = Store::open(url).await.expect("a database");
        let tasks = TaskTracker::new();
        let panics = || store.spawn(&tasks, async { assert_eq!(1, 2, "on purpose") });
        let failure = panics().await.expect_err("no answer").to_string();
        assert!(failure.contains("on purpose"), "{failure}");
        assert_eq!(store.spawn(&tasks, async { 1 }).await.expect("an answer"), 1);
        tasks.close();
        tasks.wait().await;
    }

    #[tokio::test]
    async fn sqlite_a_panic_is_an_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        a_panic_is_an_answer(&folder.path().join("test.db").display().to_string()).await;
    }

    /// Migrations block there.
    #[tokio::test(flavor = "multi_thread")]
    async fn postgres_a_panic_is_an_answer() {
        a_panic_is_an_answer(&fresh_postgres().await).await;
    }
}
