//! What is done with webhooks. There is one dialog, as only one thing is done at a time.

use leptos::prelude::*;
use shared::{
    key::RevealedSecret,
    webhook::{OVERLAP_HOURS, WebhookRevealed, WebhookView},
};

use super::{
    api::{webhook_delete, webhook_rotate},
    deliveries::Deliveries,
    settings_page::Settings,
    webhook_form::WebhookForm,
};
use crate::ui::{
    banner::{Banner, Severity},
    browser,
    copy_field::CopyField,
    dialog::Dialog,
    dialog_form::DialogForm,
    form::Problems,
};

/// The dialog that is open, with the webhook it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Adding one.
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
    const fn title(&self) -> &'static str {
        match self {
            Self::Add => "Add a webhook",
            Self::Edit(_) => "Edit webhook",
            Self::Reveal(_) => "Signing secret",
            Self::Messages(_) => "Messages",
            Self::Rotate(_) => "Rotate secret",
            Self::Remove(_) => "Remove webhook",
        }
    }
}

/// The dialog. While it shows a secret, only its button closes it.
#[component]
pub(super) fn WebhookDialog(settings: Settings, task: RwSignal<Option<Task>>) -> impl IntoView {
    let open = Memo::new(move |_| task.read().is_some());
    let title = Signal::derive(move || task.read().as_ref().map_or("", Task::title));
    let locked = Memo::new(move |_| matches!(*task.read(), Some(Task::Reveal(_))));
    let close = Callback::new(move |()| task.set(None));
    view! {
        <Dialog id="webhook-dialog" title open locked on_close=close>
            {move || {
                task.get().map(|now| match now {
                    Task::Add => view! { <WebhookForm settings task webhook=None/> }.into_any(),
                    Task::Edit(webhook) => view! { <WebhookForm settings task webhook=Some(webhook)/> }.into_any(),
                    Task::Reveal(secret) => view! { <Reveal secret close/> }.into_any(),
                    Task::Messages(webhook) => view! { <Deliveries settings webhook/> }.into_any(),
                    Task::Rotate(webhook) => view! { <RotateForm settings task webhook/> }.into_any(),
                    Task::Remove(webhook) => view! { <RemoveForm settings task webhook/> }.into_any(),
                })
            }}
        </Dialog>
    }
}

/// The one time a signing secret is shown.
#[component]
fn Reveal(secret: RevealedSecret, close: Callback<()>) -> impl IntoView {
    const FIELD: &str = "webhook-secret";
    Effect::new(|_| _ = browser::select_text(FIELD));
    view! {
        <div class="form">
            <Banner severity=Severity::Warning>
                <p>
                    <strong>"Copy the signing secret now. It cannot be shown again."</strong>
                    " Your server checks with it that a message is from here."
                </p>
            </Banner>
            <CopyField
                id=FIELD
                label="Signing secret"
                text=secret.expose().to_owned()
                what="signing secret"
                help="For the library of Standard Webhooks of your language."
                rows=2
            />
            <footer class="dialog-footer">
                <button type="button" class="button button-primary" on:click=move |_| close.run(())>
                    "I have copied it"
                </button>
            </footer>
        </div>
    }
}

#[component]
fn RotateForm(settings: Settings, task: RwSignal<Option<Task>>, webhook: WebhookView) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = webhook.id;
    let send = move |()| {
        settings.session.call(pending, webhook_rotate(id), move |answer| match answer {
            Ok(WebhookRevealed { secret, .. }) => {
                settings.webhooks.refetch();
                task.set(Some(Task::Reveal(secret)));
            }
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="rotate"
            problems
            pending
            label="Rotate Secret"
            working="Rotating…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| task.set(None))
        >
            <p><strong>{webhook.url}</strong>" gets a new signing secret."</p>
            <p>{format!(
                "For {OVERLAP_HOURS} hours every message has two signatures, by the new secret and by the one before."
            )}</p>
        </DialogForm>
    }
}

#[component]
fn RemoveForm(settings: Settings, task: RwSignal<Option<Task>>, webhook: WebhookView) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = webhook.id;
    let send = move |()| {
        settings.session.call(pending, webhook_delete(id), move |answer| match answer {
            Ok(()) => {
                task.set(None);
                settings.toasts.success("Removed.");
                settings.webhooks.refetch();
            }
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="remove"
            problems
            pending
            label="Remove Webhook"
            working="Removing…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| task.set(None))
        >
            <Banner severity=Severity::Error>
                <p>"Alerts will no longer be posted to "<strong>{webhook.url}</strong>"."</p>
                <p>"The log of its messages is removed, too."</p>
            </Banner>
        </DialogForm>
    }
}
