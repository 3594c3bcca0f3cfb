//! A fresh database for every test.

use std::{
    hash::{BuildHasher as _, RandomState},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use backend::{Backend, Settings, SignUpMode, clock::Clock, mail::MailSettings, plan::Plans, webhook::WebhookSettings};
use diesel::{Connection as _, RunQueryDsl as _, connection::SimpleConnection as _};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A database of one test, gone with it.
pub(crate) struct Database {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    pub(crate) pepper_file: PathBuf,
    folder: TempDir,
}

/// Migrated once per process; cloning it is much faster than migrating.
struct Template {
    name: String,
    folder: TempDir,
}

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
static COUNTER: AtomicU32 = AtomicU32::new(0);

impl Database {
    pub(crate) async fn fresh(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pepper_file = folder.path().join("pepper");
        let url = match engine {
            Engine::Sqlite => folder.path().join("ipaware.db").to_str().expect("UTF-8").to_owned(),
            Engine::Postgres => {
                let template = TEMPLATE.get_or_init(template).await;
                // The template knows the fingerprint of its pepper, and so does every clone.
                std::fs::copy(template.folder.path().join("pepper"), &pepper_file).expect("a pepper");
                let name = unique("test");
                execute_on(&server(), &format!("CREATE DATABASE {name} TEMPLATE {}", template.name)).await;
                url_of(&name)
            }
        };
        Self { engine, url, pepper_file, folder }
    }

    /// Everything of it that is on a disk of ours.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All that was kept anywhere, by place: the rows, and every file of the folder.
    pub(crate) async fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let mut kept = vec![("the rows".to_owned(), self.dump().await.into_bytes())];
        let mut folders = vec![self.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("the folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    kept.push((path.display().to_string(), std::fs::read(&path).expect("its bytes")));
                }
            }
        }
        kept
    }

    /// Where mails are written to.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.folder.path().join("outbox")
    }

    /// A file with these plans.
    pub(crate) fn plans_file(&self, plans: &str) -> PathBuf {
        let file = self.folder.path().join("plans.toml");
        std::fs::write(&file, plans).expect("a file");
        file
    }

    /// Every mail that was written to a file, with its soft line breaks joined.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.outbox()) else { return Vec::new() };
        let read = |path| std::fs::read_to_string(path).expect("a mail").replace("=\r\n", "").replace("=3D", "=");
        files.map(|file| read(file.expect("a file").path())).collect()
    }

    /// The rows of a query whose one column is called `text`.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            text: String,
        }
        match self.engine {
            Engine::Sqlite => {
                let mut connection = diesel::SqliteConnection::establish(&self.url).expect("a connection");
                connection.batch_execute("PRAGMA busy_timeout = 5000").expect("patience");
                let rows: Vec<Row> = diesel::sql_query(sql).load(&mut connection).expect("the rows");
                rows.into_iter().map(|row| row.text).collect()
            }
            Engine::Postgres => {
                let rows = connect(&self.url).await.query(sql, &[]).await.expect("the rows");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// Changes something behind the server's back.
    pub(crate) async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.expect("done");
    }

    /// The same where the database may refuse it.
    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), String> {
        match self.engine {
            Engine::Sqlite => {
                let mut connection = diesel::SqliteConnection::establish(&self.url).expect("a connection");
                connection.batch_execute("PRAGMA busy_timeout = 5000").expect("patience");
                connection.batch_execute(sql).map_err(|error| error.to_string())
            }
            Engine::Postgres => connect(&self.url).await.batch_execute(sql).await.map_err(|error| format!("{error:?}")),
        }
    }

    /// Every value of every row of every table, as text.
    pub(crate) async fn dump(&self) -> String {
        match self.engine {
            Engine::Sqlite => String::new(),
            Engine::Postgres => {
                let client = connect(&self.url).await;
                let sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
                let tables = client.query(sql, &[]).await.expect("the tables");
                assert!(tables.len() > 5, "the tables are there");
                let mut dump = String::new();
                for table in tables {
                    let table: String = table.get(0);
                    let rows = client.query(&format!("SELECT t::text FROM {table} t"), &[]).await.expect("the rows");
                    rows.iter().for_each(|row| dump.push_str(row.get::<_, &str>(0)));
                }
                dump
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.engine == Engine::Postgres
            && let Some(name) = self.url.rsplit('/').next()
        {
            let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            apart(async move { execute_on(&server(), &sql).await });
        }
    }
}

async fn template() -> Template {
    let name = unique("template");
    execute_on(&server(), &format!("CREATE DATABASE {name}")).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = Settings {
        database_url: url_of(&name),
        pepper_file: folder.path().join("pepper"),
        usage_dir: folder.path().join("usage"),
        sign_up: SignUpMode::Closed,
        secure_cookies: false,
        plans: Plans::load(None, "Free").expect("the plans"),
        mail: MailSettings::files(folder.path().join("outbox")),
        webhooks: WebhookSettings::default(),
        clock: Clock::System,
    };
    // On a runtime of its own, which closes all its connections when it ends: one that is open forbids cloning.
    apart(async move { drop(Backend::open(settings).await.expect("a migrated database")) });
    let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    execute_on(&server(), &sql).await;
    Template { name, folder }
}

/// Runs `work` to its end on another thread, also from where nothing can be awaited.
fn apart(work: impl Future<Output = ()> + Send + 'static) {
    let run = || tokio::runtime::Runtime::new().expect("a runtime").block_on(work);
    thread::spawn(run).join().expect("the work apart");
}

/// A process's number comes again, and a server that many of them have used may still hold what one left behind.
fn unique(what: &str) -> String {
    let random = RandomState::new().hash_one(std::process::id());
    format!("ipaware_{what}_{random:x}_{}", COUNTER.fetch_add(1, Ordering::Relaxed))
}

fn server() -> String {
    std::env::var("TEST_POSTGRES_URL").expect("run cargo xtask test, or set TEST_POSTGRES_URL")
}

/// The same server, another database.
fn url_of(name: &str) -> String {
    let server = server();
    let (base, _) = server.rsplit_once('/').expect("postgres://…/database");
    format!("{base}/{name}")
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the PostgreSQL server");
    tokio::spawn(connection);
    client
}

async fn execute_on(url: &str, sql: &str) {
    connect(url).await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
