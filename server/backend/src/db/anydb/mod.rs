//! One diesel backend for two engines: [`AnyDb`] is SQLite or PostgreSQL, decided when the server starts.
//!
//! diesel knows its backends at compile time, so code for two of them is usually compiled twice. The SQL that this
//! product needs is the same on both engines, though, but for placeholders, list comparison and a few clauses. So
//! queries are built once for `AnyDb`, their values collected as plain [`bind::Bind`]s, and the finished text with
//! its binds is handed to the engine's own connection. Rows stay in the engine's own type until a value is read.
//!
//! Only the SQL types that our schema has are known here; any other one is a compile error in the query that
//! mentions it. diesel's own asynchronous `MultiConnection` should replace this module once it is released.

mod bind;
mod blocking;
mod connection;
mod row;
mod value;

use std::fmt::Write as _;

use diesel::{
    QueryResult,
    backend::{Backend, DieselReserveSpecialization, SqlDialect, TrustedBackend, sql_dialect},
    expression::array_comparison::{In, Many, NotIn},
    query_builder::{
        AstPass, BoxedLimitOffsetClause, IntoBoxedClause, LimitOffsetClause, NoLimitClause, Query, QueryBuilder,
        QueryFragment, QueryId,
    },
    serialize::ToSql,
    sql_types::{self, HasSqlType, TypeMetadata},
};

pub(crate) use self::{
    bind::Bind,
    connection::{AnyConnection, AnyTransactions, SqliteConnection},
    value::{AnyValue, Moment, UtcMoment},
};

/// Which engine a connection speaks to. diesel passes this value to everything that writes SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AnyDb {
    /// The embedded database.
    #[default]
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl AnyDb {
    /// What a database URL asks for: `postgres://…` is PostgreSQL, everything else the path of a SQLite file.
    pub(crate) fn of_url(url: &str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") { Self::Postgres } else { Self::Sqlite }
    }
}

impl Backend for AnyDb {
    type QueryBuilder = SqlText;
    type RawValue<'a> = value::AnyValue<'a>;
    type BindCollector<'a> = bind::Binds;
}

impl TypeMetadata for AnyDb {
    type TypeMetadata = bind::Kind;
    type MetadataLookup = ();
}

impl TrustedBackend for AnyDb {}
impl DieselReserveSpecialization for AnyDb {}

// The clauses on which both engines agree are diesel's own; those of the `Any…` names differ, or need a marker.
impl SqlDialect for AnyDb {
    type ReturningClause = sql_dialect::returning_clause::PgLikeReturningClause;
    type OnConflictClause = AnyOnConflict;
    type InsertWithDefaultKeyword = sql_dialect::default_keyword_for_insert::IsoSqlDefaultKeyword;
    type BatchInsertSupport = sql_dialect::batch_insert_support::PostgresLikeBatchInsertSupport;
    type ConcatClause = sql_dialect::concat_clause::ConcatWithPipesClause;
    type DefaultValueClauseForInsert = sql_dialect::default_value_clause::AnsiDefaultValueClause;
    type EmptyFromClauseSyntax = sql_dialect::from_clause_syntax::AnsiSqlFromClauseSyntax;
    type SelectStatementSyntax = sql_dialect::select_statement_syntax::AnsiSqlSelectStatement;
    type ExistsSyntax = sql_dialect::exists_syntax::AnsiSqlExistsSyntax;
    type ArrayComparison = AnyListComparison;
    type AliasSyntax = sql_dialect::alias_syntax::AsAliasSyntax;
    type WindowFrameClauseGroupSupport = sql_dialect::window_frame_clause_group_support::IsoGroupWindowFrameUnit;
    type WindowFrameExclusionSupport = sql_dialect::window_frame_exclusion_support::FrameExclusionSupport;
    type AggregateFunctionExpressions =
        sql_dialect::aggregate_function_expressions::PostgresLikeAggregateFunctionExpressions;
    type BuiltInWindowFunctionRequireOrder = sql_dialect::built_in_window_function_require_order::NoOrderRequired;
}

/// `ON CONFLICT … DO …`, which SQLite took over from PostgreSQL.
pub(crate) struct AnyOnConflict;
impl sql_dialect::on_conflict_clause::SupportsOnConflictClause for AnyOnConflict {}
impl sql_dialect::on_conflict_clause::SupportsOnConflictClauseWhere for AnyOnConflict {}
impl sql_dialect::on_conflict_clause::PgLikeOnConflictClause for AnyOnConflict {}

/// The text of a query under construction.
pub(crate) struct SqlText {
    engine: AnyDb,
    text: String,
    binds: usize,
}

impl SqlText {
    pub(crate) fn new(engine: AnyDb) -> Self {
        Self { engine, text: String::with_capacity(256), binds: 0 }
    }
}

impl QueryBuilder<AnyDb> for SqlText {
    fn push_sql(&mut self, sql: &str) {
        self.text.push_str(sql);
    }

    fn push_identifier(&mut self, identifier: &str) -> QueryResult<()> {
        // Both engines quote identifiers as the standard says.
        self.text.push('"');
        for (position, part) in identifier.split('"').enumerate() {
            if position > 0 {
                self.text.push_str("\"\"");
            }
            self.text.push_str(part);
        }
        self.text.push('"');
        Ok(())
    }

    fn push_bind_param(&mut self) {
        self.binds += 1;
        match self.engine {
            // SQLite would accept `$1`, but as a name that it looks up in a list: quadratic for a batch insert.
            AnyDb::Sqlite => self.text.push('?'),
            AnyDb::Postgres => _ = write!(self.text, "${}", self.binds),
        }
    }

    fn push_bind_param_value_only(&mut self) {
        self.binds += 1;
    }

    fn finish(self) -> String {
        self.text
    }
}

// diesel leaves LIMIT and OFFSET to each backend. Every list of ours has a limit, so SQLite's missing bare OFFSET
// never matters here.
impl<L, O> QueryFragment<AnyDb> for LimitOffsetClause<L, O>
where
    L: QueryFragment<AnyDb>,
    O: QueryFragment<AnyDb>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyDb>) -> QueryResult<()> {
        self.limit_clause.walk_ast(out.reborrow())?;
        self.offset_clause.walk_ast(out)
    }
}

impl QueryFragment<AnyDb> for BoxedLimitOffsetClause<'_, AnyDb> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyDb>) -> QueryResult<()> {
        if let Some(limit) = &self.limit {
            limit.walk_ast(out.reborrow())?;
        } else {
            NoLimitClause.walk_ast(out.reborrow())?;
        }
        if let Some(offset) = &self.offset {
            offset.walk_ast(out.reborrow())?;
        }
        Ok(())
    }
}

impl<'a, L, O> IntoBoxedClause<'a, AnyDb> for LimitOffsetClause<L, O>
where
    L: QueryFragment<AnyDb> + Send + 'a,
    O: QueryFragment<AnyDb> + Send + 'a,
{
    type BoxedClause = BoxedLimitOffsetClause<'a, AnyDb>;

    fn into_boxed(self) -> Self::BoxedClause {
        BoxedLimitOffsetClause { limit: Some(Box::new(self.limit_clause)), offset: Some(Box::new(self.offset_clause)) }
    }
}

/// `column = ANY($1)` with one array on PostgreSQL, `column IN (?, ?)` on SQLite.
pub(crate) struct AnyListComparison;

macro_rules! list_comparison {
    ($($operator:ident: $postgres:literal, $sqlite:literal;)*) => {$(
        impl<T, U> QueryFragment<AnyDb, AnyListComparison> for $operator<T, U>
        where
            T: QueryFragment<AnyDb>,
            U: QueryFragment<AnyDb>,
        {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyDb>) -> QueryResult<()> {
                self.left.walk_ast(out.reborrow())?;
                out.push_sql(match *out.backend() {
                    AnyDb::Postgres => $postgres,
                    AnyDb::Sqlite => $sqlite,
                });
                self.values.walk_ast(out.reborrow())?;
                out.push_sql(")");
                Ok(())
            }
        }
    )*};
}

list_comparison! {
    In: " = ANY(", " IN (";
    NotIn: " != ALL(", " NOT IN (";
}

impl<ST, I> QueryFragment<AnyDb, AnyListComparison> for Many<ST, I>
where
    ST: sql_types::SingleValue,
    I: ToSql<ST, AnyDb>,
    Vec<I>: ToSql<sql_types::Array<ST>, AnyDb>,
    AnyDb: HasSqlType<ST> + HasSqlType<sql_types::Array<ST>>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyDb>) -> QueryResult<()> {
        if *out.backend() == AnyDb::Postgres {
            return out.push_bind_param::<sql_types::Array<ST>, Vec<I>>(&self.values);
        }
        // The text depends on the number of values, so only the statement for one of them is worth keeping.
        if self.values.len() > 1 {
            out.unsafe_to_cache_prepared();
        }
        for (position, value) in self.values.iter().enumerate() {
            if position > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<ST, I>(value)?;
        }
        Ok(())
    }
}

/// `SELECT … FOR UPDATE` on PostgreSQL. On SQLite the transaction holds the only write lock already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForUpdate<Q>(pub(crate) Q);

impl<Q: QueryFragment<AnyDb>> QueryFragment<AnyDb> for ForUpdate<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, AnyDb>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        if *out.backend() == AnyDb::Postgres {
            out.push_sql(" FOR UPDATE");
        }
        Ok(())
    }
}

impl<Q> QueryId for ForUpdate<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for ForUpdate<Q> {
    type SqlType = Q::SqlType;
}

#[cfg(test)]
mod tests;
