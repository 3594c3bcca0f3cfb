//! A mail that is to be sent, or was.

use diesel::prelude::{Insertable, Queryable, Selectable};
use shared::{InvitationId, MailId, OrganizationId};

use crate::db::{anydb::Moment, column::Id, schema::mails};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = mails, treat_none_as_default_value = false)]
pub(crate) struct MailRow {
    pub(crate) id: Id<MailId>,
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) letter: String,
    pub(crate) recipient: String,
    pub(crate) detail: String,
    pub(crate) invitation_id: Option<Id<InvitationId>>,
    pub(crate) serial: Option<i64>,
    pub(crate) status: String,
    pub(crate) attempts: i64,
    pub(crate) next_at: Moment,
    pub(crate) problem: Option<String>,
    pub(crate) created_at: Moment,
}
