//! What the parts of the page share: the list, which dialog is open, and what is being filled in.

use leptos::prelude::*;
use shared::{
    AppError, Permission,
    account::Viewer,
    whitelist::{WhitelistEntry, WhitelistList, WhitelistListParams, WhitelistMode, WhitelistStanding},
};

use super::dialogs;
use crate::{
    error::ApiResult,
    on_demand,
    session::{Session, is_told},
    ui::toast::Toasts,
};

/// The dialog that is open, with what it is about as the page showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Adding one entry.
    Add,
    /// Adding many.
    AddMany,
    /// Changing one.
    Edit(WhitelistEntry),
    /// Removing one.
    Remove(WhitelistEntry),
    /// Switching the whitelist.
    Switch(WhitelistStanding, WhitelistMode),
}

impl Task {
    /// The dialog's heading.
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Add => "Add an IP address",
            Self::AddMany => "Add many IP addresses",
            Self::Edit(_) => "Edit entry",
            Self::Remove(_) => "Remove entry",
            Self::Switch(_, WhitelistMode::Off) => "Switch the whitelist off",
            Self::Switch(_, WhitelistMode::Report) => "Only report",
            Self::Switch(_, WhitelistMode::On) => "Switch the whitelist on",
        }
    }
}

/// The page.
#[derive(Clone, Copy)]
pub(super) struct Tab {
    /// What the address asks for.
    pub(super) params: Memo<WhitelistListParams>,
    /// What the server answers.
    pub(super) list: Resource<ApiResult<WhitelistList>>,
    /// The open dialog.
    pub(super) task: RwSignal<Option<Task>>,
    /// The address of a new entry. It outlives the dialog: who closes it by mistake finds it as it was.
    pub(super) address: RwSignal<String>,
    /// Its label.
    pub(super) label: RwSignal<String>,
    /// The lines of many new entries.
    pub(super) lines: RwSignal<String>,
    toasts: Toasts,
    session: Session,
}

impl Tab {
    /// Puts the page together.
    pub(super) fn new(params: Memo<WhitelistListParams>, list: Resource<ApiResult<WhitelistList>>) -> Self {
        let [address, label, lines] = [(); 3].map(|()| RwSignal::new(String::new()));
        let (toasts, session) = (Toasts::get(), Session::get());
        Self { params, list, task: RwSignal::new(None), address, label, lines, toasts, session }
    }

    /// Opens a dialog.
    pub(super) fn open(self, task: Task) {
        on_demand::open(self.task, task, self.toasts, dialogs::load());
    }

    /// Closes whichever dialog is open.
    pub(super) fn close(self) {
        self.task.set(None);
    }

    /// Closes the dialog, says what was done and shows the page as it is now.
    pub(super) fn done(self, said: impl Into<String>) {
        self.close();
        self.toasts.success(said);
        self.list.refetch();
    }

    /// Calls the server and hands on its answer; see [`Session::call`]. The page is read again when the error tells that
    /// it is old; and there is nothing left to do in the dialog when the person was told beside the page.
    pub(super) fn call<T: 'static>(
        self,
        pending: RwSignal<bool>,
        call: impl Future<Output = ApiResult<T>> + 'static,
        then: impl FnOnce(Result<T, AppError>) + 'static,
    ) {
        self.session.call(pending, call, move |answer| {
            match &answer {
                Err(AppError::Stale { .. } | AppError::NotFound { .. } | AppError::WhitelistFull { .. }) => {
                    self.list.refetch();
                }
                Err(error) if is_told(error) => self.close(),
                _ => {}
            }
            then(answer);
        });
    }
}

/// What the viewer may not do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusals {
    /// Adding entries.
    pub(super) create: Option<String>,
    /// Editing them, and switching the whitelist.
    pub(super) update: Option<String>,
    /// Removing them.
    pub(super) delete: Option<String>,
}

impl Refusals {
    /// By the viewer's permissions.
    pub(super) fn of(viewer: &Viewer) -> Self {
        Self {
            create: viewer.refusal(Permission::WhitelistCreate, "add addresses to the whitelist"),
            update: viewer.refusal(Permission::WhitelistUpdate, "change the whitelist"),
            delete: viewer.refusal(Permission::WhitelistDelete, "remove addresses from the whitelist"),
        }
    }
}
