//! Rows of either engine behind one type.

use std::ops::Range;

use diesel::{
    pg::Pg,
    row::{Field, PartialRow, Row, RowIndex, RowSealed},
    sqlite::Sqlite,
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};

use super::{AnyDb, SqliteConnection, value::AnyValue};

type PgRow = <AsyncPgConnection as AsyncConnectionCore>::Row<'static, 'static>;
type SqliteRow = <SqliteConnection as AsyncConnectionCore>::Row<'static, 'static>;

pub(crate) enum AnyRow {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

pub(crate) enum AnyField<'f> {
    Postgres(<PgRow as Row<'f, Pg>>::Field<'f>),
    Sqlite(<SqliteRow as Row<'f, Sqlite>>::Field<'f>),
}

impl RowSealed for AnyRow {}

impl RowIndex<usize> for AnyRow {
    fn idx(&self, index: usize) -> Option<usize> {
        match self {
            Self::Postgres(row) => row.idx(index),
            Self::Sqlite(row) => row.idx(index),
        }
    }
}

impl<'n> RowIndex<&'n str> for AnyRow {
    fn idx(&self, name: &'n str) -> Option<usize> {
        match self {
            Self::Postgres(row) => row.idx(name),
            Self::Sqlite(row) => row.idx(name),
        }
    }
}

impl<'a> Row<'a, AnyDb> for AnyRow {
    type Field<'f>
        = AnyField<'f>
    where
        'a: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        match self {
            Self::Postgres(row) => Row::<Pg>::field_count(row),
            Self::Sqlite(row) => Row::<Sqlite>::field_count(row),
        }
    }

    fn get<'b, I>(&'b self, index: I) -> Option<AnyField<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        let index = self.idx(index)?;
        match self {
            Self::Postgres(row) => Row::<Pg>::get(row, index).map(AnyField::Postgres),
            Self::Sqlite(row) => Row::<Sqlite>::get(row, index).map(AnyField::Sqlite),
        }
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self> {
        PartialRow::new(self, range)
    }
}

impl<'f> Field<'f, AnyDb> for AnyField<'f> {
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
