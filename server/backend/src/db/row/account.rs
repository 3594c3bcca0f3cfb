//! People, their place in organizations, their sessions, and invitations.

use diesel::prelude::{Insertable, Queryable, Selectable};
use shared::{InvitationId, MemberId, OrganizationId, RoleId, SessionId, UserId};

use crate::db::{
    anydb::Moment,
    column::{Digest32, Id},
    schema::{invitations, member_roles, members, sessions, users},
};

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(crate) struct UserRow {
    pub(crate) id: Id<UserId>,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) created_at: Moment,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = members, treat_none_as_default_value = false)]
pub(crate) struct MemberRow {
    pub(crate) id: Id<MemberId>,
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) user_id: Id<UserId>,
    pub(crate) created_at: Moment,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = member_roles, treat_none_as_default_value = false)]
pub(crate) struct MemberRoleRow {
    pub(crate) member_id: Id<MemberId>,
    pub(crate) role_id: Id<RoleId>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub(crate) struct SessionRow {
    pub(crate) id: Id<SessionId>,
    pub(crate) token_digest: Digest32,
    pub(crate) member_id: Id<MemberId>,
    pub(crate) created_at: Moment,
    pub(crate) last_seen_at: Moment,
    pub(crate) expires_at: Moment,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations, treat_none_as_default_value = false)]
pub(crate) struct InvitationRow {
    pub(crate) id: Id<InvitationId>,
    pub(crate) organization_id: Id<OrganizationId>,
    pub(crate) email: String,
    pub(crate) role_id: Id<RoleId>,
    pub(crate) serial: i64,
    pub(crate) token_digest: Digest32,
    pub(crate) invited_by: String,
    pub(crate) sent_at: Moment,
    pub(crate) expires_at: Moment,
}
