//! The SQL types of our schema, and how each is read and written on either engine.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{self, HasSqlType},
    sqlite::{Sqlite, SqliteValue},
};
use shared::Timestamp;

use super::{
    AnyDb,
    bind::{Bind, Kind},
};

/// A value of a row, in the engine's own form.
pub(crate) enum AnyValue<'a> {
    Postgres(PgValue<'a>),
    Sqlite(SqliteValue<'a, 'a, 'a>),
}

/// `timestamptz` on PostgreSQL, INTEGER microseconds since 1970 on SQLite. No timestamp type of diesel's is both.
#[derive(Debug, Clone, Copy, Default, sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct UtcMoment;

/// A [`Timestamp`] in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = UtcMoment)]
pub(crate) struct Moment(pub(crate) Timestamp);

/// PostgreSQL counts microseconds from 2000-01-01.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

impl ToSql<UtcMoment, Pg> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.0.micros() - POSTGRES_EPOCH_MICROS;
        ToSql::<sql_types::BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
    }
}

impl FromSql<UtcMoment, Pg> for Moment {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<sql_types::BigInt, Pg>>::from_sql(value)?;
        Ok(Self(Timestamp::from_micros(micros + POSTGRES_EPOCH_MICROS)))
    }
}

impl ToSql<UtcMoment, Sqlite> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.micros());
        Ok(IsNull::No)
    }
}

impl FromSql<UtcMoment, Sqlite> for Moment {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <i64 as FromSql<sql_types::BigInt, Sqlite>>::from_sql(value).map(Timestamp::from_micros).map(Self)
    }
}

macro_rules! sql_types {
    ($($sql:ty, $kind:ident: $owned:ty, $borrowed:ty, |$value:ident| $bind:expr;)*) => {$(
        impl HasSqlType<$sql> for AnyDb {
            fn metadata((): &mut ()) -> Kind {
                Kind::$kind
            }
        }

        impl ToSql<$sql, AnyDb> for $borrowed {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, AnyDb>) -> serialize::Result {
                let $value = self;
                out.set_value(Bind::$kind($bind));
                Ok(IsNull::No)
            }
        }

        impl FromSql<$sql, AnyDb> for $owned {
            fn from_sql(value: AnyValue<'_>) -> deserialize::Result<Self> {
                match value {
                    AnyValue::Postgres(value) => <Self as FromSql<$sql, Pg>>::from_sql(value),
                    AnyValue::Sqlite(value) => <Self as FromSql<$sql, Sqlite>>::from_sql(value),
                }
            }
        }
    )*};
}

sql_types! {
    sql_types::Integer, Integer: i32, i32, |v| *v;
    sql_types::BigInt, BigInt: i64, i64, |v| *v;
    sql_types::Bool, Bool: bool, bool, |v| *v;
    sql_types::Text, Text: String, str, |v| v.to_owned();
    sql_types::Binary, Binary: Vec<u8>, [u8], |v| v.to_vec();
    UtcMoment, Moment: Moment, Moment, |v| *v;
}

// diesel demands these of every backend. No column of ours has such a type.
macro_rules! absent_types {
    ($($sql:ident),*) => {$(
        impl HasSqlType<sql_types::$sql> for AnyDb {
            fn metadata((): &mut ()) -> Kind {
                Kind::List
            }
        }
    )*};
}
absent_types!(SmallInt, Float, Double, Date, Time, Timestamp);
