//! What the parts of the settings' page share: which dialog is open, and what happens after it.

use leptos::prelude::*;
use shared::{AppError, alert::AlertSettingsPage, key::RevealedSecret, webhook::WebhookView};

use super::settings_dialogs;
use crate::{error::ApiResult, tasks::Tasks};

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
pub(super) type Settings = Tasks<Task>;

impl Settings {
    /// Puts the page together.
    pub(super) fn of(page: Resource<ApiResult<AlertSettingsPage>>) -> Self {
        Self::new(move || page.refetch(), |error| matches!(error, AppError::Stale { .. } | AppError::NotFound { .. }))
    }

    /// Opens a dialog.
    pub(super) fn open(self, task: Task) {
        self.open_with(task, settings_dialogs::load());
    }
}
