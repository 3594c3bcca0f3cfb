//! Why an operation failed, before it is told to anybody.
//!
//! [`Failure`] keeps the cause; [`Failure::report`] writes it to the log once and gives back the sentence that may
//! leave the server. Nothing else turns a cause into an answer.

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::pooled_connection::bb8::RunError;
use shared::AppError;

use crate::expected::Thing;

/// What every operation of the backend can fail with.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An answer for the caller; nothing is wrong with us.
    #[error(transparent)]
    Told(#[from] AppError),
    /// The request is right by itself, and does not fit what there is: the name is taken, the role is gone.
    #[error(transparent)]
    Unfit(AppError),
    /// What was to be changed is in another state than expected. This is how it is now.
    #[error("it was changed in the meantime")]
    Outdated(Box<Thing>),
    /// The same request was carried out before; see [`crate::repeat`].
    #[error("this request was carried out before")]
    Repeated,
    /// The cursor was made for another list, or by nobody.
    #[error("the cursor does not belong to this list")]
    ForeignCursor,
    /// A query failed.
    #[error("a query failed: {0}")]
    Query(#[from] QueryError),
    /// No connection could be had.
    #[error("no database connection: {0}")]
    Connection(String),
    /// Something that our own code promises did not hold.
    #[error("{0}")]
    Broken(String),
}

impl Failure {
    /// One field that does not fit what there is.
    pub(crate) fn unfit(field: &str, message: impl Into<String>) -> Self {
        Self::Unfit(AppError::field(field, message))
    }

    /// A broken promise of our own.
    pub(crate) fn broken(what: impl std::fmt::Display) -> Self {
        Self::Broken(what.to_string())
    }

    /// What the caller is told. The cause, if there is more to it, goes to the log with the request's id.
    #[must_use]
    pub fn report(self, request_id: &str) -> AppError {
        match self {
            Self::Told(error) | Self::Unfit(error) => error,
            Self::Outdated(current) => current.into_error(),
            // Nothing but programs sends either, and they are answered by what it is.
            Self::Repeated | Self::ForeignCursor => AppError::BadRequest { detail: format!("{self}.") },
            Self::Connection(_) => {
                tracing::error!(request_id, cause = %self, "the database cannot be reached");
                AppError::Unavailable
            }
            Self::Query(ref cause) if is_unavailable(cause) => {
                tracing::error!(request_id, cause = %self, "the database did not answer");
                AppError::Unavailable
            }
            Self::Query(_) | Self::Broken(_) => {
                tracing::error!(request_id, cause = %self, "an operation failed");
                AppError::Internal { request_id: request_id.to_owned() }
            }
        }
    }

    /// Whether a UNIQUE constraint with these columns (`table_column_…_key`, PostgreSQL's default name) was violated.
    pub(crate) fn is_duplicate(&self, constraint: &str) -> bool {
        let Self::Query(QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, info)) = self else {
            return false;
        };
        info.constraint_name()
            .map_or_else(|| sqlite_constraint(info.message()) == constraint, |name| name == constraint)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Connection(error.to_string())
    }
}

/// Gone, locked for too long, or shutting down: worth another try, unlike a query that is wrong.
fn is_unavailable(error: &QueryError) -> bool {
    match error {
        QueryError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::SerializationFailure, _)
        | QueryError::BrokenTransactionManager => true,
        QueryError::DatabaseError(DatabaseErrorKind::Unknown, info) => {
            let message = info.message();
            [
                "database is locked",
                "disk I/O error",
                "disk is full",
                "connection closed",
                "terminating connection",
                "timeout",
            ]
            .iter()
            .any(|sign| message.contains(sign))
        }
        _ => false,
    }
}

/// SQLite names the columns and not the constraint: `UNIQUE constraint failed: users.email`.
fn sqlite_constraint(message: &str) -> String {
    let Some(columns) = message.strip_prefix("UNIQUE constraint failed: ") else { return String::new() };
    let table = columns.split('.').next().unwrap_or_default();
    let names: Vec<_> = columns.split(", ").filter_map(|column| column.split('.').nth(1)).collect();
    format!("{table}_{}_key", names.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_constraints_get_the_names_postgresql_gives() {
        assert_eq!(sqlite_constraint("UNIQUE constraint failed: users.email"), "users_email_key");
        assert_eq!(
            sqlite_constraint("UNIQUE constraint failed: api_keys.organization_id, api_keys.form_token"),
            "api_keys_organization_id_form_token_key"
        );
    }
}
