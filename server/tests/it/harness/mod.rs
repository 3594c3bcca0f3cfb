//! What the tests stand on.

mod answer;
mod app;
mod caller;
mod connection;
mod database;
mod output;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod receiver;
pub(crate) mod smtp;
mod together;
pub(crate) mod upstream;
pub(crate) mod wire;

pub(crate) use self::{
    answer::{Answer, refused},
    app::{NOW, Setup, TWENTY_A_MONTH, TestApp},
    caller::{Caller, KeyCaller, PASSWORD, Person, cookie, token},
    connection::Connection,
    database::{Database, Engine},
    together::together,
};

/// Writes each test once and runs it on both databases, as `sqlite::name` and `postgres::name`.
///
/// `async fn name(app) { … }`, or `async fn name(app = Setup { … }) { … }` for a server that is set up differently.
macro_rules! both_databases {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident $(= $setup:expr)?) $body:block)*) => {
        $($(#[$doc])* async fn $name($app: &$crate::harness::TestApp) $body)*

        mod sqlite {
            $($crate::harness::both_databases!(@run $name, Sqlite $(, $setup)?);)*
        }

        mod postgres {
            $($crate::harness::both_databases!(@run $name, Postgres $(, $setup)?);)*
        }
    };
    (@run $name:ident, $engine:ident $(, $setup:expr)?) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            #[allow(unused_imports, clippy::allow_attributes, reason = "only some tests say how the server is set up")]
            use super::*;
            #[allow(unused_mut, unused_assignments, clippy::allow_attributes, reason = "as above")]
            let mut setup = $crate::harness::Setup::default();
            $(setup = $setup;)?
            let app = $crate::harness::TestApp::spawn($crate::harness::Engine::$engine, setup).await;
            Box::pin(super::$name(&app)).await;
        }
    };
}
pub(crate) use both_databases;
