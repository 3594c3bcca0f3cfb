//! Values on their way into a query: collected as plain data, replayed into the engine's own statement.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, BindCollector, Query, QueryBuilder as _, QueryFragment, QueryId},
    result::Error,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{Array, BigInt, Binary, Bool, HasSqlType, Integer, Nullable, Text, Untyped},
    sqlite::Sqlite,
};

use super::{AnyDb, Moment, SqlText, value::UtcMoment};

/// The SQL types of our schema.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Integer,
    BigInt,
    Bool,
    Text,
    Binary,
    Moment,
    /// A list; only ever on the right of a comparison, and never NULL.
    List,
}

/// One value.
#[derive(Debug, Clone)]
pub(crate) enum Bind {
    /// What a fresh buffer holds. Replaying it is an error, so that a forgotten `set_value` cannot pass for NULL.
    Unset,
    Null(Kind),
    Integer(i32),
    BigInt(i64),
    Bool(bool),
    Text(String),
    Binary(Vec<u8>),
    Moment(Moment),
    /// PostgreSQL only.
    Texts(Vec<String>),
}

/// The values of a query, in the order of its placeholders.
#[derive(Debug, Default)]
pub(crate) struct Binds(Vec<Bind>);

impl<'a> BindCollector<'a, AnyDb> for Binds {
    type Buffer = Bind;

    fn push_bound_value<T, U>(&mut self, value: &'a U, lookup: &mut ()) -> QueryResult<()>
    where
        AnyDb: HasSqlType<T>,
        U: ToSql<T, AnyDb> + ?Sized + 'a,
    {
        let mut out = Output::<AnyDb>::new(Bind::Unset, lookup);
        let is_null = value.to_sql(&mut out).map_err(Error::SerializationError)?;
        let bind = out.into_inner();
        self.0.push(match is_null {
            IsNull::Yes => Bind::Null(<AnyDb as HasSqlType<T>>::metadata(&mut ())),
            IsNull::No => bind,
        });
        Ok(())
    }

    fn push_null_value(&mut self, kind: Kind) -> QueryResult<()> {
        self.0.push(Bind::Null(kind));
        Ok(())
    }
}

impl<ST> HasSqlType<Array<ST>> for AnyDb
where
    AnyDb: HasSqlType<ST>,
{
    fn metadata((): &mut ()) -> Kind {
        Kind::List
    }
}

/// Lists of ids are the only lists we compare with, so text is the only list PostgreSQL is given.
impl<I: ToSql<Text, AnyDb> + std::fmt::Debug> ToSql<Array<Text>, AnyDb> for Vec<I> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, AnyDb>) -> serialize::Result {
        let mut binds = Binds::default();
        for value in self {
            binds.push_bound_value::<Text, I>(value, &mut ())?;
        }
        let texts = binds.0.into_iter().map(|bind| match bind {
            Bind::Text(text) => Ok(text),
            _ => Err("a list to compare with holds something that is not text"),
        });
        out.set_value(Bind::Texts(texts.collect::<Result<_, _>>()?));
        Ok(IsNull::No)
    }
}

/// So many values bound the number of forms that an UPDATE may have, and with it the memory for those that are prepared.
const SHORT: usize = 8;

/// A finished query: its text and its values, ready for the engine's own connection.
pub(crate) struct Finished {
    sql: String,
    cacheable: bool,
    binds: Vec<Bind>,
}

impl Finished {
    pub(crate) fn of<Q: QueryFragment<AnyDb>>(query: &Q, engine: AnyDb) -> QueryResult<Self> {
        let mut text = SqlText::new(engine);
        query.to_sql(&mut text, &engine)?;
        let mut binds = Binds::default();
        query.collect_binds(&mut binds, &mut (), &engine)?;
        let (sql, binds) = (text.finish(), binds.0);
        // diesel keeps no UPDATE prepared, because what it sets may differ from call to call. Of ours there are few forms.
        let is_short_update = sql.starts_with("UPDATE ") && binds.len() <= SHORT;
        let cacheable = is_short_update || query.is_safe_to_cache_prepared(&engine)?;
        Ok(Self { sql, cacheable, binds })
    }
}

impl QueryId for Finished {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Finished {
    type SqlType = Untyped;
}

macro_rules! replay {
    ($engine:ty, |$out:ident| { $($pattern:pat => $push:expr,)* }) => {
        impl QueryFragment<$engine> for Finished {
            fn walk_ast<'b>(&'b self, mut $out: AstPass<'_, 'b, $engine>) -> QueryResult<()> {
                if !self.cacheable {
                    $out.unsafe_to_cache_prepared();
                }
                $out.push_sql(&self.sql);
                for bind in &self.binds {
                    match bind {
                        Bind::Integer(v) => $out.push_bind_param_value_only::<Integer, i32>(v)?,
                        Bind::BigInt(v) => $out.push_bind_param_value_only::<BigInt, i64>(v)?,
                        Bind::Bool(v) => $out.push_bind_param_value_only::<Bool, bool>(v)?,
                        Bind::Text(v) => $out.push_bind_param_value_only::<Text, String>(v)?,
                        Bind::Binary(v) => $out.push_bind_param_value_only::<Binary, Vec<u8>>(v)?,
                        Bind::Moment(v) => $out.push_bind_param_value_only::<UtcMoment, Moment>(v)?,
                        Bind::Null(Kind::Integer) => {
                            $out.push_bind_param_value_only::<Nullable<Integer>, Option<i32>>(&None)?;
                        }
                        Bind::Null(Kind::BigInt) => {
                            $out.push_bind_param_value_only::<Nullable<BigInt>, Option<i64>>(&None)?;
                        }
                        Bind::Null(Kind::Bool) => {
                            $out.push_bind_param_value_only::<Nullable<Bool>, Option<bool>>(&None)?;
                        }
                        Bind::Null(Kind::Text) => {
                            $out.push_bind_param_value_only::<Nullable<Text>, Option<String>>(&None)?;
                        }
                        Bind::Null(Kind::Binary) => {
                            $out.push_bind_param_value_only::<Nullable<Binary>, Option<Vec<u8>>>(&None)?;
                        }
                        Bind::Null(Kind::Moment) => {
                            $out.push_bind_param_value_only::<Nullable<UtcMoment>, Option<Moment>>(&None)?;
                        }
                        $($pattern => $push,)*
                        other => {
                            return Err(Error::SerializationError(format!("cannot send {other:?}").into()));
                        }
                    }
                }
                Ok(())
            }
        }
    };
}

replay!(Sqlite, |out| {});
replay!(Pg, |out| {
    Bind::Texts(v) => out.push_bind_param_value_only::<Array<Text>, Vec<String>>(v)?,
});
