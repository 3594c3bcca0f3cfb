//! What the table and a key's own page share: which dialog is open, and what happens after it.

use leptos::prelude::*;
use shared::{
    AppError, Permission,
    account::Viewer,
    key::{KeyPage, KeyRefused, KeyView},
};

use super::{api::key_resume, dialogs, key_page};
use crate::tasks::Tasks;

/// The dialog that is open, with the key it is about as the page showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Making a key.
    Create,
    /// Changing one.
    Edit(KeyView),
    /// Stopping one for a while.
    Pause(KeyView),
    /// Giving one another secret.
    Rotate(KeyView),
    /// Ending its old secret before its time.
    Retire(KeyView),
    /// Ending one.
    Revoke(KeyView),
    /// Containing a key that somebody else may have.
    Contain(KeyView),
    /// Reading which keys of the keyboard do what.
    Shortcuts,
    /// Something about a part of a key's own page, as that is now.
    About(Part, Memo<Option<KeyPage>>),
}

/// A part of a key's own page that has a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What is written down about it.
    Notes,
    /// From where it may be used.
    Networks,
    /// How often it may be used.
    Limits,
    /// What would happen to a request.
    Tester,
}

impl Part {
    /// What its dialog is called.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Notes => "Edit notes",
            Self::Networks => "Allowed addresses",
            Self::Limits => "Rate limits",
            Self::Tester => "Test a request",
        }
    }
}

/// The tab, or a key's own page.
pub(super) type Tab = Tasks<Task>;

impl Tab {
    /// Of a page that shows what there is now with `reread`.
    pub(super) fn of(reread: impl Into<Callback<()>>) -> Self {
        Self::new(reread, is_about_an_old_page)
    }

    /// Opens a dialog.
    pub(super) fn open(self, task: Task) {
        match task {
            Task::About(..) => self.open_with(task, key_page::dialogs::load()),
            _ => self.open_with(task, dialogs::load()),
        }
    }

    /// Lets a paused key verify again. Nothing stops working by it, so nobody is asked.
    pub(super) fn resume(self, key: &KeyView) {
        let (id, name) = (key.id, key.name.clone());
        self.call(RwSignal::new(false), key_resume(id), move |answer| match answer {
            Ok(_) => self.done(format!("Resumed. {name} works again.")),
            Err(error) => self.toasts.error(error.to_string()),
        });
    }
}

/// Whether the error tells of a change that the page does not show yet.
const fn is_about_an_old_page(error: &AppError) -> bool {
    matches!(
        error,
        AppError::WrongState { .. }
            | AppError::Conflict { .. }
            | AppError::Stale { .. }
            | AppError::AlreadyCreated { .. }
            | AppError::NotFound { .. }
            | AppError::KeyLimitReached { .. }
            | AppError::RotationRunning { .. }
            | AppError::NoRotation
    )
}

/// `Revoked. Refused everywhere as of 12:03:04 (38 ms)`
pub(super) fn refused_since(what: &str, refused: &KeyRefused) -> String {
    format!("{what}. Refused everywhere as of {} ({} ms)", refused.refused_since.clock(), refused.took_ms)
}

/// What the viewer may not do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusals {
    /// Creating keys.
    pub(super) create: Option<String>,
    /// Editing, pausing and resuming them.
    pub(super) update: Option<String>,
    /// Revoking them.
    pub(super) delete: Option<String>,
}

impl Refusals {
    /// By the viewer's permissions.
    pub(super) fn of(viewer: &Viewer) -> Self {
        Self {
            create: viewer.refusal(Permission::KeyCreate, "create keys"),
            update: viewer.refusal(Permission::KeyUpdate, "edit keys"),
            delete: viewer.refusal(Permission::KeyDelete, "revoke keys"),
        }
    }
}
