//! How the pages of the roles read from the server.

use leptos::prelude::*;
use shared::{AppError, Permission, role::RoleList};

use super::api::role_list;
use crate::{error::ApiResult, session::Session, ui::toast::Toasts};

/// Every role and application permission.
pub(super) fn list(session: Session) -> Resource<ApiResult<RoleList>> {
    Resource::new(
        || (),
        move |()| async move {
            may_see(session).await?;
            role_list().await
        },
    )
}

/// Waits until it is known who is looking. The server is not asked for what it would refuse.
pub(super) async fn may_see(session: Session) -> ApiResult<()> {
    match session.viewer().await? {
        Some(viewer) if viewer.may(Permission::RoleView) => Ok(()),
        Some(_) => Err(AppError::Forbidden { permission: Permission::RoleView }.into()),
        None => Err(AppError::SignedOut.into()),
    }
}

/// The newest answer that was good, and what is wrong with the latest. To be made under a `Transition`, and only for
/// people who may see the roles: the session hears of every error.
pub(super) fn answers<T>(
    session: Session,
    resource: Resource<ApiResult<T>>,
) -> (Memo<Option<T>>, Memo<Option<AppError>>)
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let good = Memo::new(move |before: Option<&Option<T>>| match resource.get() {
        Some(Ok(answer)) => Some(answer),
        _ => before.cloned().flatten(),
    });
    let error = Memo::new(move |_| resource.get().and_then(Result::err).map(|error| error.0));
    Effect::new(move |_| {
        if let Some(error) = &*error.read() {
            session.notice(error);
        }
    });
    (good, error)
}

/// Says that something was not done, unless the session has said so already.
pub(super) fn tell(toasts: Toasts, error: &AppError) {
    if !matches!(error, AppError::SignedOut | AppError::Forbidden { .. } | AppError::OwnerOnly) {
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
