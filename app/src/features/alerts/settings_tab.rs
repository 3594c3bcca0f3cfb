//! What the parts of the settings' page share: which dialog is open, and what happens after it.

use leptos::prelude::*;
use shared::{AppError, alert::AlertSettingsPage, key::RevealedSecret, webhook::WebhookView};

use super::settings_dialogs;
use crate::{
    error::ApiResult,
    on_demand,
    session::{Session, is_told},
    ui::toast::Toasts,
};

/// The dialog that is open, with what it is about as the page showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Changing from when on there are alerts, and which are mailed, as the page says it.
    Thresholds(Memo<Option<AlertSettingsPage>>),
    /// Adding a webhook.
    Add,
    /// Changing one.
    Edit(WebhookView),
    /// Copying the secret of a new one, or a new secret.
    Reveal(RevealedSecret),
    /// Looking at its messages.
    Messages(WebhookView),
    /// Giving it a new secret.
    Rotate(WebhookView),
    /// Removing it.
    Remove(WebhookView),
}

impl Task {
    /// The dialog's heading.
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Thresholds(_) => "Thresholds and mail",
            Self::Add => "Add a webhook",
            Self::Edit(_) => "Edit webhook",
            Self::Reveal(_) => "Signing secret",
            Self::Messages(_) => "Messages",
            Self::Rotate(_) => "Rotate secret",
            Self::Remove(_) => "Remove webhook",
        }
    }
}

/// The page.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// What the server answers.
    pub(super) page: Resource<ApiResult<AlertSettingsPage>>,
    /// The open dialog.
    pub(super) task: RwSignal<Option<Task>>,
    /// Where results are told.
    pub(super) toasts: Toasts,
    session: Session,
}

impl Settings {
    /// Puts the page together.
    pub(super) fn new(page: Resource<ApiResult<AlertSettingsPage>>) -> Self {
        Self { page, task: RwSignal::new(None), toasts: Toasts::get(), session: Session::get() }
    }

    /// Opens a dialog.
    pub(super) fn open(self, task: Task) {
        on_demand::open(self.task, task, self.toasts, settings_dialogs::load());
    }

    /// Closes whichever dialog is open.
    pub(super) fn close(self) {
        self.task.set(None);
    }

    /// Closes the dialog, says what was done and shows the page as it is now.
    pub(super) fn done(self, said: &str) {
        self.close();
        self.toasts.success(said);
        self.page.refetch();
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
                Err(AppError::Stale { .. } | AppError::NotFound { .. }) => self.page.refetch(),
                Err(error) if is_told(error) => self.close(),
                _ => {}
            }
            then(answer);
        });
    }
}
