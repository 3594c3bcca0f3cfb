//! The secret that signs a webhook's messages: shown once, and changed; and the end of it all.

use leptos::prelude::*;
use shared::{
    key::RevealedSecret,
    webhook::{OVERLAP_HOURS, WebhookRevealed, WebhookView},
};

use super::{
    api::{webhook_delete, webhook_rotate},
    settings_tab::{Settings, Task},
};
use crate::ui::{
    banner::{Banner, Severity},
    browser,
    copy_field::CopyField,
    dialog_form::DialogForm,
    form::Problems,
};

/// The one time a signing secret is shown.
#[component]
pub(super) fn Reveal(settings: Settings, secret: RevealedSecret) -> impl IntoView {
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
                <button type="button" class="button button-primary" on:click=move |_| settings.close()>
                    "I have copied it"
                </button>
            </footer>
        </div>
    }
}

#[component]
pub(super) fn RotateForm(settings: Settings, webhook: WebhookView) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = webhook.id;
    let send = move |()| {
        settings.call(pending, webhook_rotate(id), move |answer| match answer {
            Ok(WebhookRevealed { secret, .. }) => {
                settings.reread();
                settings.task.set(Some(Task::Reveal(secret)));
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
            on_cancel=Callback::new(move |()| settings.close())
        >
            <p><strong>{webhook.url}</strong>" gets a new signing secret."</p>
            <p>{format!(
                "For {OVERLAP_HOURS} hours every message has two signatures, by the new secret and by the one before."
            )}</p>
        </DialogForm>
    }
}

#[component]
pub(super) fn RemoveForm(settings: Settings, webhook: WebhookView) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = webhook.id;
    let send = move |()| {
        settings.call(pending, webhook_delete(id), move |answer| match answer {
            Ok(()) => settings.done("Removed."),
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
            on_cancel=Callback::new(move |()| settings.close())
        >
            <Banner severity=Severity::Error>
                <p>"Alerts will no longer be posted to "<strong>{webhook.url}</strong>"."</p>
                <p>"The log of its messages is removed, too."</p>
            </Banner>
        </DialogForm>
    }
}
