//! Our own types in columns: ids as text, digests as 32 bytes.

use std::{fmt::Display, str::FromStr};

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::{Binary, Text},
};

use super::anydb::{AnyDb, AnyValue, Bind};

/// An id of `shared`, whose crate knows no database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: Display + std::fmt::Debug> ToSql<Text, AnyDb> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, AnyDb>) -> serialize::Result {
        out.set_value(Bind::Text(self.0.to_string()));
        Ok(serialize::IsNull::No)
    }
}

impl<T: FromStr<Err: std::error::Error + Send + Sync + 'static>> FromSql<Text, AnyDb> for Id<T> {
    fn from_sql(value: AnyValue<'_>) -> deserialize::Result<Self> {
        // Read where it lies: a million ids are read when a server starts.
        Ok(Self(match value {
            AnyValue::Postgres(value) => str::from_utf8(value.as_bytes())?.parse()?,
            AnyValue::Sqlite(mut value) => value.read_text().parse()?,
        }))
    }
}

/// A 32-byte digest.
#[derive(Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(crate) struct Digest32(pub(crate) [u8; 32]);

impl std::fmt::Debug for Digest32 {
    /// No digest reaches a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest32(…)")
    }
}

impl ToSql<Binary, AnyDb> for Digest32 {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, AnyDb>) -> serialize::Result {
        out.set_value(Bind::Binary(self.0.to_vec()));
        Ok(serialize::IsNull::No)
    }
}

impl FromSql<Binary, AnyDb> for Digest32 {
    fn from_sql(value: AnyValue<'_>) -> deserialize::Result<Self> {
        let read = |bytes: &[u8]| match bytes.as_array() {
            Some(digest) => Ok(Self(*digest)),
            None => Err(format!("a digest of {} bytes", bytes.len()).into()),
        };
        match value {
            AnyValue::Postgres(value) => read(value.as_bytes()),
            AnyValue::Sqlite(mut value) => read(value.read_blob()),
        }
    }
}
