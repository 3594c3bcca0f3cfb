//! Why somebody may not do something here. The server decides; the page only says it beforehand.

use shared::{Permission, account::Viewer};

/// The sentence for a button that the viewer may not press; `None` when they may. `what` is the verb with its object:
/// "revoke keys".
pub(super) fn refusal(viewer: &Viewer, permission: Permission, what: &str) -> Option<String> {
    (!viewer.may(permission))
        .then(|| format!("Your role cannot {what}. It needs {permission}; an Organization Admin can grant it."))
}
