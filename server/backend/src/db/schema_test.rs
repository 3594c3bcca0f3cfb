//! The two folders of migrations leave the same tables behind, those that `schema.rs` declares, and can be reverted.

use std::collections::BTreeMap;

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};

use super::{
    anydb::{AnyConnection, AnyDb},
    migrate::{self, Direction},
};
use crate::test_support::fresh_postgres;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
    #[diesel(sql_type = Text)]
    nullable: String,
}

const SQLITE: &str = "SELECT m.name AS table_name, c.name AS column_name, c.type AS data_type, \
    CASE WHEN c.\"notnull\" = 1 THEN 'NO' ELSE 'YES' END AS nullable \
    FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
const POSTGRES: &str = "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text AS nullable \
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";

/// `table.column` → type in one vocabulary, and whether it may be NULL.
async fn columns(url: &str) -> BTreeMap<String, String> {
    let engine = AnyDb::of_url(url);
    let query = match engine {
        AnyDb::Sqlite => SQLITE,
        AnyDb::Postgres => POSTGRES,
    };
    let mut connection = AnyConnection::establish(url).await.expect("a connection");
    let rows: Vec<Column> = diesel::sql_query(query).load(&mut connection).await.expect("columns");
    rows.into_iter()
        .map(|row| {
            let is_moment = row.column_name == "at" || row.column_name.ends_with("_at");
            let kind = match row.data_type.to_lowercase().as_str() {
                "integer" if is_moment => "moment",
                "integer" | "bigint" => "number",
                "timestamp with time zone" => "moment",
                "blob" | "bytea" => "bytes",
                "text" => "text",
                other => panic!("{}.{} is {other}", row.table_name, row.column_name),
            };
            (format!("{}.{}", row.table_name, row.column_name), format!("{kind} null={}", row.nullable))
        })
        .collect()
}

fn sqlite_url(folder: &tempfile::TempDir) -> String {
    folder.path().join("test.db").display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_have_the_same_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let (sqlite, postgres) = (sqlite_url(&folder), fresh_postgres().await);
    for url in [&sqlite, &postgres] {
        migrate::run(url, Direction::Up).await.expect("migrations");
    }
    assert_eq!(columns(&sqlite).await, columns(&postgres).await);
}

async fn can_be_reverted_and_applied_again(url: &str) {
    migrate::run(url, Direction::Up).await.expect("up");
    let before = columns(url).await;
    migrate::run(url, Direction::Down).await.expect("down");
    assert_eq!(columns(url).await, BTreeMap::new(), "nothing is left");
    migrate::run(url, Direction::Up).await.expect("up again");
    assert_eq!(columns(url).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_migrations_can_be_reverted() {
    let folder = tempfile::tempdir().expect("a folder");
    can_be_reverted_and_applied_again(&sqlite_url(&folder)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_migrations_can_be_reverted() {
    can_be_reverted_and_applied_again(&fresh_postgres().await).await;
}

async fn servers_that_start_together_do_not_collide(url: &str) {
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let url = url.to_owned();
            tokio::task::spawn(async move { migrate::up(&url).await })
        })
        .collect();
    for start in starts {
        start.await.expect("no panic").expect("migrations");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn sqlite_servers_that_start_together_do_not_collide() {
    let folder = tempfile::tempdir().expect("a folder");
    servers_that_start_together_do_not_collide(&sqlite_url(&folder)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn postgres_servers_that_start_together_do_not_collide() {
    servers_that_start_together_do_not_collide(&fresh_postgres().await).await;
}
