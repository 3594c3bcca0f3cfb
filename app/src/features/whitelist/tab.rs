//! What the parts of the page share: the list, which dialog is open, and what is being filled in.

use leptos::prelude::*;
use shared::{
    AppError, Permission,
    account::Viewer,
    whitelist::{WhitelistEntry, WhitelistList, WhitelistListParams, WhitelistMode, WhitelistStanding},
};

use super::dialogs;
use crate::{error::ApiResult, tasks::Tasks};

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
    /// Its dialogs.
    pub(super) tasks: Tasks<Task>,
    /// The address of a new entry. It outlives the dialog: who closes it by mistake finds it as it was.
    pub(super) address: RwSignal<String>,
    /// Its label.
    pub(super) label: RwSignal<String>,
    /// The lines of many new entries.
    pub(super) lines: RwSignal<String>,
}

impl Tab {
    /// Puts the page together.
    pub(super) fn new(params: Memo<WhitelistListParams>, list: Resource<ApiResult<WhitelistList>>) -> Self {
        let [address, label, lines] = [(); 3].map(|()| RwSignal::new(String::new()));
        let tasks = Tasks::new(
            move || list.refetch(),
            |error| {
                matches!(error, AppError::Stale { .. } | AppError::NotFound { .. } | AppError::WhitelistFull { .. })
            },
        );
        Self { params, list, tasks, address, label, lines }
    }

    /// Opens a dialog.
    pub(super) fn open(self, task: Task) {
        self.tasks.open_with(task, dialogs::load());
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
