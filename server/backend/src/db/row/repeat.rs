//! A request that was carried out, for the case that it is sent again.

use diesel::prelude::{Insertable, Queryable, Selectable};
use shared::KeyId;

use crate::db::{
    anydb::Moment,
    column::{Digest32, Id},
    schema::answered_requests,
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = answered_requests, treat_none_as_default_value = false)]
pub(crate) struct AnsweredRequestRow {
    pub(crate) key_id: Id<KeyId>,
    pub(crate) idempotency_key: String,
    pub(crate) fingerprint: Digest32,
    pub(crate) answer: Option<String>,
    pub(crate) created_at: Moment,
}
