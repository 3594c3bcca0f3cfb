//! Databases for the tests of this crate.

use diesel_async::{AsyncConnection as _, SimpleAsyncConnection as _};

use crate::db::anydb::AnyConnection;

/// The PostgreSQL server that tests may make databases on.
pub(crate) fn postgres_url() -> String {
    std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL names a PostgreSQL server; `cargo xtask test` starts one")
}

/// A fresh PostgreSQL database's URL.
pub(crate) async fn fresh_postgres() -> String {
    let server = postgres_url();
    let name = format!("backend_{:032x}", crate::random::time_ordered_bits(crate::clock::Clock::System.now()));
    let mut connection = AnyConnection::establish(&server).await.expect("a PostgreSQL server");
    connection.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
    let (base, query) = server.split_once('?').map_or((server.as_str(), String::new()), |(b, q)| (b, format!("?{q}")));
    let (base, _) = base.rsplit_once('/').expect("a database in the URL");
    format!("{base}/{name}{query}")
}
