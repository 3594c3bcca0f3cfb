//! What the parts of the list's page share.

use leptos::prelude::*;
use shared::{
    AlertId, AppError, KeyId, Permission,
    account::Viewer,
    alert::{AlertKind, AlertList, AlertListParams},
};

use super::api::{alert_acknowledge, alert_mute, alert_unmute};
use crate::{error::ApiResult, session::Session, ui::toast::Toasts};

/// The page.
#[derive(Clone, Copy)]
pub(super) struct Tab {
    /// What the address asks for.
    pub(super) params: Memo<AlertListParams>,
    /// What the server answers.
    pub(super) list: Resource<ApiResult<AlertList>>,
    /// Whether an answer is being waited for.
    busy: RwSignal<bool>,
    toasts: Toasts,
    session: Session,
}

impl Tab {
    /// Puts the page together.
    pub(super) fn new(params: Memo<AlertListParams>, list: Resource<ApiResult<AlertList>>) -> Self {
        Self { params, list, busy: RwSignal::new(false), toasts: Toasts::get(), session: Session::get() }
    }

    /// Notes that somebody has seen to these.
    pub(super) fn acknowledge(self, ids: Vec<AlertId>) {
        let said = match ids.len() {
            0 => return,
            1 => "Acknowledged.".to_owned(),
            several => format!("{several} alerts acknowledged."),
        };
        self.call(alert_acknowledge(ids), move |()| said);
    }

    /// Raises none of this kind about this key, for so many days or for good.
    pub(super) fn mute(self, key: KeyId, kind: AlertKind, days: Option<i64>) {
        self.call(alert_mute(key, kind, days), |mute| match mute.until {
            Some(until) => format!("{} is muted for “{}” until {}.", mute.key.name, mute.kind.label(), until.exact()),
            None => format!("{} is muted for “{}” for good.", mute.key.name, mute.kind.label()),
        });
    }

    /// Raises them again.
    pub(super) fn unmute(self, key: KeyId, kind: AlertKind) {
        self.call(alert_unmute(key, kind), |()| "No longer muted.".to_owned());
    }

    /// Calls the server, says what was done and shows the list as it is now.
    fn call<T: 'static>(
        self,
        call: impl Future<Output = ApiResult<T>> + 'static,
        said: impl FnOnce(T) -> String + 'static,
    ) {
        self.session.call(self.busy, call, move |answer| match answer {
            Ok(done) => {
                self.toasts.success(said(done));
                self.list.refetch();
            }
            Err(AppError::SignedOut | AppError::Forbidden { .. }) => {}
            Err(error) => {
                self.toasts.error(error.to_string());
                self.list.refetch();
            }
        });
    }
}

/// What the viewer may not do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusals {
    /// Acknowledging.
    pub(super) acknowledge: Option<String>,
    /// Muting a key.
    pub(super) mute: Option<String>,
    /// Whether the keys' own pages can be seen.
    pub(super) sees_keys: bool,
}

impl Refusals {
    /// By the viewer's permissions.
    pub(super) fn of(viewer: &Viewer) -> Self {
        Self {
            acknowledge: viewer.refusal(Permission::OrganizationUpdate, "acknowledge alerts"),
            mute: viewer.refusal(Permission::KeyUpdate, "mute keys"),
            sees_keys: viewer.may(Permission::KeyView),
        }
    }
}
