//! How the pages of the roles read from the server.

use leptos::prelude::*;
use shared::{AppError, Permission, role::RoleList};

use super::api::role_list;
use crate::{
    error::ApiResult,
    session::{Session, is_told},
    ui::toast::Toasts,
};

/// Every role and application permission.
pub(super) fn list(session: Session) -> Resource<ApiResult<RoleList>> {
    Resource::new(
        || (),
        move |()| async move {
            session.allows(Permission::RoleView).await?;
            role_list().await
        },
    )
}

/// Says that something was not done, unless the session has said so already.
pub(super) fn tell(toasts: Toasts, error: &AppError) {
    if !is_told(error) {
        toasts.error(error.to_string());
    }
}

/// After a role has changed: whoever holds it themselves may do more or less now.
pub(super) fn changed(session: Session, role: &str) {
    if let Some(Ok(Some(viewer))) = untrack(|| session.known())
        && viewer.roles.iter().any(|held| held == role)
    {
        session.refresh();
    }
}
