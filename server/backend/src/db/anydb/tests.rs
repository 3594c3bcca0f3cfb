//! Every SQL type we use goes through both engines and comes back; what we do not use is refused loudly.
//!
//! PostgreSQL is the one that `TEST_POSTGRES_URL` names.

use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, TextExpressionMethods as _, upsert::excluded,
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _, SimpleAsyncConnection as _};
use shared::{KeyId, Timestamp};

use super::{AnyConnection, AnyDb, Bind, Moment, UtcMoment};
use crate::db::column::{Digest32, Id};

diesel::table! {
    use diesel::sql_types::*;
    use super::UtcMoment;

    anydb_probe (id) {
        id -> Text,
        number -> Nullable<BigInt>,
        small -> Integer,
        flag -> Bool,
        bytes -> Nullable<Binary>,
        moment -> Nullable<UtcMoment>,
    }
}

type Row = (Id<KeyId>, Option<i64>, i32, bool, Option<Digest32>, Option<Moment>);

/// A connection with a table that is gone when the connection is.
async fn probe(engine: AnyDb) -> AnyConnection {
    let url = match engine {
        AnyDb::Sqlite => ":memory:".to_owned(),
        AnyDb::Postgres => crate::test_support::postgres_url(),
    };
    let mut connection = AnyConnection::establish(&url).await.expect("a connection");
    let (bytes, moment, number) = match engine {
        AnyDb::Sqlite => ("BLOB", "INTEGER", "INTEGER"),
        AnyDb::Postgres => ("BYTEA", "TIMESTAMPTZ", "BIGINT"),
    };
    let table = format!(
        "CREATE TEMPORARY TABLE anydb_probe (id TEXT PRIMARY KEY, number {number}, small INTEGER NOT NULL, \
         flag BOOLEAN NOT NULL, bytes {bytes}, moment {moment})"
    );
    connection.batch_execute(&table).await.expect("a table");
    connection
}

fn rows() -> Vec<Row> {
    let moment = Moment(Timestamp::from_micros(1_795_446_245_123_456));
    let before_1970 = Moment(Timestamp::from_micros(-1));
    vec![
        (Id(KeyId::from_bits(1)), Some(i64::MAX), i32::MIN, true, Some(Digest32([0xff; 32])), Some(moment)),
        (Id(KeyId::from_bits(2)), None, 0, false, None, None),
        (Id(KeyId::from_bits(3)), Some(i64::MIN), i32::MAX, true, Some(Digest32([0; 32])), Some(before_1970)),
    ]
}

async fn insert(connection: &mut AnyConnection) {
    let values: Vec<_> = rows()
        .into_iter()
        .map(|(id, number, small, flag, bytes, moment)| {
            use anydb_probe as p;
            (
                p::id.eq(id),
                p::number.eq(number),
                p::small.eq(small),
                p::flag.eq(flag),
                p::bytes.eq(bytes),
                p::moment.eq(moment),
            )
        })
        .collect();
    assert_eq!(diesel::insert_into(anydb_probe::table).values(values).execute(connection).await.expect("an insert"), 3);
}

async fn every_type_comes_back_as_it_was_sent(engine: AnyDb) {
    let mut connection = probe(engine).await;
    insert(&mut connection).await;
    let read: Vec<Row> = anydb_probe::table.order(anydb_probe::id).load(&mut connection).await.expect("rows");
    assert_eq!(read, rows());
}

async fn lists_limits_and_patterns_mean_the_same(engine: AnyDb) {
    let mut connection = probe(engine).await;
    insert(&mut connection).await;
    let ids = || [Id(KeyId::from_bits(1)), Id(KeyId::from_bits(3)), Id(KeyId::from_bits(9))];
    let among: i64 = anydb_probe::table
        .filter(anydb_probe::id.eq_any(ids()))
        .count()
        .get_result(&mut connection)
        .await
        .expect("a count");
    assert_eq!(among, 2);
    let others: i64 = anydb_probe::table
        .filter(anydb_probe::id.ne_all(ids()))
        .count()
        .get_result(&mut connection)
        .await
        .expect("a count");
    assert_eq!(others, 1);
    let second: Vec<i32> = anydb_probe::table
        .into_boxed::<AnyDb>()
        .filter(anydb_probe::id.like("key_%"))
        .select(anydb_probe::small)
        .order(anydb_probe::id)
        .limit(1)
        .offset(1)
        .load(&mut connection)
        .await
        .expect("a page");
    assert_eq!(second, [0]);
}

async fn upserts_add_to_what_is_there(engine: AnyDb) {
    let mut connection = probe(engine).await;
    insert(&mut connection).await;
    let id = Id(KeyId::from_bits(2));
    let small: i32 = diesel::insert_into(anydb_probe::table)
        .values((anydb_probe::id.eq(id), anydb_probe::small.eq(7), anydb_probe::flag.eq(true)))
        .on_conflict(anydb_probe::id)
        .do_update()
        .set(anydb_probe::small.eq(anydb_probe::small + excluded(anydb_probe::small)))
        .returning(anydb_probe::small)
        .get_result(&mut connection)
        .await
        .expect("an upsert");
    assert_eq!(small, 7);
}

async fn a_failed_transaction_leaves_nothing(engine: AnyDb) {
    let mut connection = probe(engine).await;
    let failed: Result<(), diesel::result::Error> = connection
        .transaction(async |connection| {
            let values =
                (anydb_probe::id.eq(Id(KeyId::from_bits(5))), anydb_probe::small.eq(1), anydb_probe::flag.eq(true));
            diesel::insert_into(anydb_probe::table).values(values).execute(connection).await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(failed.is_err());
    let left: Option<Id<KeyId>> =
        anydb_probe::table.select(anydb_probe::id).first(&mut connection).await.optional().expect("an answer");
    assert_eq!(left, None);
}

/// A value whose `to_sql` forgot to set anything.
#[derive(Debug, diesel::expression::AsExpression)]
#[diesel(sql_type = UtcMoment)]
struct Forgetful;

impl diesel::serialize::ToSql<UtcMoment, AnyDb> for Forgetful {
    fn to_sql<'b>(&'b self, _: &mut diesel::serialize::Output<'b, '_, AnyDb>) -> diesel::serialize::Result {
        Ok(diesel::serialize::IsNull::No)
    }
}

#[derive(diesel::QueryableByName)]
struct BuildOption {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// `.cargo/config.toml` says how, and why.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_built_for_a_server() {
    let mut connection = probe(AnyDb::Sqlite).await;
    let query = diesel::sql_query("SELECT compile_options AS name FROM pragma_compile_options");
    let options: Vec<BuildOption> = query.load(&mut connection).await.expect("the options");
    let has = |name: &str| options.iter().any(|option| option.name == name);
    assert!(has("ENABLE_QPSG") && has("DEFAULT_MEMSTATUS=0") && !has("ENABLE_MEMORY_MANAGEMENT"));
}

async fn a_value_that_was_never_set_is_refused(engine: AnyDb) {
    let mut connection = probe(engine).await;
    let query = anydb_probe::table.filter(anydb_probe::moment.eq(Forgetful)).count();
    let error = query.get_result::<i64>(&mut connection).await.expect_err("it must not pass for NULL");
    assert!(error.to_string().contains(&format!("{:?}", Bind::Unset)), "{error}");
}

macro_rules! on_both {
    ($($test:ident),*) => {
        mod sqlite {
            use super::AnyDb;
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() { super::$test(AnyDb::Sqlite).await; })*
        }
        mod postgres {
            use super::AnyDb;
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() { super::$test(AnyDb::Postgres).await; })*
        }
    };
}

on_both!(
    every_type_comes_back_as_it_was_sent,
    lists_limits_and_patterns_mean_the_same,
    upserts_add_to_what_is_there,
    a_failed_transaction_leaves_nothing,
    a_value_that_was_never_set_is_refused
);
