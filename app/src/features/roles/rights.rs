//! What the person looking may do with roles, and why not.

use shared::{AppError, Grants, Permission, account::Viewer, role::RoleView};

/// Every refusal on the pages of the roles. `None` where nothing is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rights {
    /// Creating and duplicating roles, and registering permissions.
    pub(super) create: Option<String>,
    /// Editing them.
    pub(super) update: Option<String>,
    /// Deleting roles and removing permissions.
    pub(super) delete: Option<String>,
    /// Seeing which keys hold a role.
    pub(super) keys: Option<String>,
    /// Seeing which members hold a role.
    pub(super) members: Option<String>,
    held: Grants,
    is_owner: bool,
}

impl Rights {
    /// By the viewer's permissions.
    pub(super) fn of(viewer: &Viewer) -> Self {
        Self {
            create: viewer.refusal(Permission::RoleCreate, "create roles"),
            update: viewer.refusal(Permission::RoleUpdate, "edit roles"),
            delete: viewer.refusal(Permission::RoleDelete, "delete roles"),
            keys: viewer.refusal(Permission::KeyView, "see which keys hold it"),
            members: viewer.refusal(Permission::MemberView, "see who holds it"),
            held: viewer.permissions.clone(),
            is_owner: viewer.is_owner,
        }
    }

    /// The ceiling rule: nobody can grant what they lack. The Owner lacks nothing, also of what was registered since
    /// the page was loaded.
    pub(super) fn may_grant(&self, permission: &str) -> bool {
        self.is_owner || self.held.holds_name(permission)
    }

    /// Why this role cannot be edited.
    pub(super) fn edit(&self, role: &RoleView) -> Option<String> {
        locked(role, self.update.as_ref())
    }

    /// Why this role cannot be deleted.
    pub(super) fn delete(&self, role: &RoleView) -> Option<String> {
        locked(role, self.delete.as_ref())
    }
}

fn locked(role: &RoleView, refused: Option<&String>) -> Option<String> {
    match role.system {
        Some(_) => Some(AppError::SystemRoleLocked.to_string()),
        None => refused.or(role.locked.as_ref()).cloned(),
    }
}
