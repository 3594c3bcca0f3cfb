//! What somebody may do at this moment, by the rows.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _, NullableExpressionMethods as _, QueryDsl as _,
};
use diesel_async::RunQueryDsl as _;
use shared::{Grants, MemberId, PermissionSet, key::KeyStatus, role::SystemRole};

use super::{Actor, Authority};
use crate::{
    db::{
        anydb::AnyConnection,
        column::Id,
        schema::{api_keys, member_roles, members, role_permissions, roles},
    },
    failure::Failure,
};

/// The roles of a member, and the union of what they hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    pub(crate) role_names: Vec<String>,
    pub(crate) is_owner: bool,
    pub(crate) grants: Grants,
}

/// Reads a member's roles.
pub(crate) async fn held_by_member(connection: &mut AnyConnection, member: MemberId) -> Result<Held, Failure> {
    let rows: Vec<(String, Option<String>, Option<String>)> = member_roles::table
        .inner_join(roles::table)
        .left_join(role_permissions::table.on(role_permissions::role_id.eq(roles::id)))
        .filter(member_roles::member_id.eq(Id(member)))
        .order((roles::name, role_permissions::permission))
        .select((roles::name, roles::system, role_permissions::permission.nullable()))
        .load(connection)
        .await?;
    let mut held = Held::default();
    for (name, system, permission) in rows {
        held.is_owner |= system.as_deref() == Some(SystemRole::Owner.code());
        if held.role_names.last() != Some(&name) {
            held.role_names.push(name);
        }
        if let Some(permission) = permission {
            held.grants.insert(&permission);
        }
    }
    Ok(held)
}

/// What the actor may do now; `None` when there is no such actor any more.
pub(crate) async fn held(connection: &mut AnyConnection, authority: &Authority) -> Result<Option<Grants>, Failure> {
    let organization = Id(authority.organization);
    // One row for each permission, and one without for whoever is there and holds none.
    let rows: Vec<Option<String>> = match &authority.actor {
        Actor::Member { id, .. } => {
            members::table
                .left_join(member_roles::table)
                .left_join(
                    role_permissions::table
                        .on(role_permissions::role_id.nullable().eq(member_roles::role_id.nullable())),
                )
                .filter(members::id.eq(Id(*id)).and(members::organization_id.eq(organization)))
                .select(role_permissions::permission.nullable())
                .load(connection)
                .await?
        }
        Actor::Key { id, .. } => {
            api_keys::table
                .left_join(role_permissions::table.on(role_permissions::role_id.eq(api_keys::role_id)))
                .filter(api_keys::id.eq(Id(*id)).and(api_keys::organization_id.eq(organization)))
                .filter(api_keys::status.eq(KeyStatus::Active.code()))
                .select(role_permissions::permission.nullable())
                .load(connection)
                .await?
        }
        Actor::Operator => return Ok(Some(PermissionSet::ALL.into())),
        Actor::Stranger { .. } => return Ok(None),
    };
    Ok((!rows.is_empty()).then(|| rows.into_iter().flatten().collect()))
}
