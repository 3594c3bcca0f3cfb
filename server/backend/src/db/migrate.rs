//! Brings the tables up to date. Safe when several servers start at once on the same database.

use diesel::{migration::Result as MigrationResult, result::Error as QueryError};
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{anydb::AnyDb, pool};
use crate::failure::Failure;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Held for the session. Any number does, as long as every version of this server uses the same.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_lock(7270014)";

/// Which way to go; down is for the test that every migration can be reverted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    Up,
    #[cfg(test)]
    Down,
}

/// Runs the migrations that the database has not seen yet.
pub(super) async fn up(url: &str) -> Result<(), Failure> {
    run(url, Direction::Up).await
}

/// Runs or reverts all migrations. Needs a runtime with several threads: the harness blocks.
pub(super) async fn run(url: &str, direction: Direction) -> Result<(), Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Connection(error.to_string());
    match AnyDb::of_url(url) {
        AnyDb::Postgres => {
            let mut connection = pool::connect_postgres(url).await.map_err(|error| refused(&error))?;
            connection.batch_execute(POSTGRES_LOCK).await?;
            let mut harness = AsyncMigrationHarness::new(connection);
            apply(&mut harness, POSTGRES, direction)
                .map_err(|error| Failure::broken(format!("a migration failed: {error}")))
        }
        AnyDb::Sqlite => {
            make_private_file(url).map_err(|error| refused(&error))?;
            let mut connection = pool::connect_sqlite(url, false).await.map_err(|error| refused(&error))?;
            // Listing and applying in one write transaction is the lock; each migration becomes a savepoint in it.
            let all = move |c: &mut diesel::SqliteConnection| {
                c.immediate_transaction(|c| apply(c, SQLITE, direction).map_err(QueryError::QueryBuilderError))
            };
            Ok(connection.spawn_blocking(all).await?)
        }
    }
}

/// Makes a missing database file for its owner alone, whatever the folder allows: it holds emails and password hashes.
/// SQLite gives its journals the same mode.
fn make_private_file(path: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn apply<DB, H>(harness: &mut H, migrations: EmbeddedMigrations, direction: Direction) -> MigrationResult<()>
where
    DB: diesel::backend::Backend,
    H: MigrationHarness<DB>,
{
    match direction {
        Direction::Up => harness.run_pending_migrations(migrations).map(drop),
        #[cfg(test)]
        Direction::Down => harness.revert_all_migrations(migrations).map(drop),
    }
}
