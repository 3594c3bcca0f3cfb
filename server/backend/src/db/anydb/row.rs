//! Rows of either engine behind one type.

use std::ops::Range;

use diesel::{
    pg::Pg,
    row::{Field, PartialRow, Row, RowIndex, RowSealed},
    sqlite::Sqlite,
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};

use super::{AnyDb, SqliteConnection, value::AnyValue};

pub(super) type PgRow = <AsyncPgConnection as AsyncConnectionCore>::Row<'static, 'static>;
type SqliteRow = <SqliteConnection as AsyncConnectionCore>::Row<'static, 'static>;

/// A row that has left its connection.
pub(crate) type AnyRow = EitherRow<PgRow, SqliteRow>;

/// A row of one engine or the other.
pub(crate) enum EitherRow<P, S> {
    Postgres(P),
    Sqlite(S),
}

/// A field of such a row.
pub(crate) enum EitherField<P, S> {
    Postgres(P),
    Sqlite(S),
}

impl<P, S> RowSealed for EitherRow<P, S> {}

impl<P: RowIndex<usize>, S: RowIndex<usize>> RowIndex<usize> for EitherRow<P, S> {
    fn idx(&self, index: usize) -> Option<usize> {
        match self {
            Self::Postgres(row) => row.idx(index),
            Self::Sqlite(row) => row.idx(index),
        }
    }
}

impl<'n, P: RowIndex<&'n str>, S: RowIndex<&'n str>> RowIndex<&'n str> for EitherRow<P, S> {
    fn idx(&self, name: &'n str) -> Option<usize> {
        match self {
            Self::Postgres(row) => row.idx(name),
            Self::Sqlite(row) => row.idx(name),
        }
    }
}

impl<'a, P: Row<'a, Pg>, S: Row<'a, Sqlite>> Row<'a, AnyDb> for EitherRow<P, S> {
    type Field<'f>
        = EitherField<P::Field<'f>, S::Field<'f>>
    where
        'a: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        match self {
            Self::Postgres(row) => row.field_count(),
            Self::Sqlite(row) => row.field_count(),
        }
    }

    fn get<'b, I>(&'b self, index: I) -> Option<Self::Field<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        let index = self.idx(index)?;
        match self {
            Self::Postgres(row) => row.get(index).map(EitherField::Postgres),
            Self::Sqlite(row) => row.get(index).map(EitherField::Sqlite),
        }
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self> {
        PartialRow::new(self, range)
    }
}

impl<'f, P: Field<'f, Pg>, S: Field<'f, Sqlite>> Field<'f, AnyDb> for EitherField<P, S> {
    fn field_name(&self) -> Option<&str> {
        match self {
            Self::Postgres(field) => field.field_name(),
            Self::Sqlite(field) => field.field_name(),
        }
    }

    fn value(&self) -> Option<AnyValue<'_>> {
        match self {
            Self::Postgres(field) => field.value().map(AnyValue::Postgres),
            Self::Sqlite(field) => field.value().map(AnyValue::Sqlite),
        }
    }
}
