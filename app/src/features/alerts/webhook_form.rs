//! Adding a webhook, or changing one.

use leptos::prelude::*;
use shared::webhook::{self, WebhookParams, WebhookStatus, WebhookView};

use super::{
    api::webhook_save,
    kind_checks::KindChecks,
    settings_tab::{Settings, Task},
};
use crate::ui::{
    dialog_form::DialogForm,
    field::{SelectField, SelectOption, TextField, TextKind, judge},
    form::Problems,
};

/// The form's prefix.
const FORM: &str = "webhook";

/// Judged when it is sent: half an address is wrong all the time, and what is said when the field is left moves the button
/// away from under the pointer.
const URL: TextKind = TextKind { r#type: "url", autocomplete: "off", required: true, autofocus: true, eager: false };

fn check_url(text: &str) -> Option<String> {
    judge(webhook::url(text))
}

fn check_description(text: &str) -> Option<String> {
    judge(webhook::description(text))
}

/// The form. After a new one, the same dialog shows its secret.
#[component]
pub(super) fn WebhookForm(
    settings: Settings,
    /// The one that is changed.
    webhook: Option<WebhookView>,
) -> impl IntoView {
    let of = webhook.as_ref().map(|webhook| (webhook.id, webhook.version));
    let (at, about, of_kinds, now) = webhook.map_or_else(
        || (String::new(), String::new(), Vec::new(), WebhookStatus::Enabled),
        |webhook| (webhook.url, webhook.description, webhook.kinds, webhook.status),
    );
    let (url, description) = (RwSignal::new(at), RwSignal::new(about));
    let (kinds, status) = (RwSignal::new(of_kinds), RwSignal::new(now.code().to_owned()));
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let send = move |()| {
        let (at, about) = (url.get_untracked(), description.get_untracked());
        let found = Problems::from_checks([("url", check_url(&at)), ("description", check_description(&about))]);
        let wrong = !found.is_empty();
        problems.set(found);
        if wrong {
            return;
        }
        let status = WebhookStatus::from_code(&status.read_untracked()).unwrap_or(now);
        let params = WebhookParams { of, url: at, description: about, kinds: kinds.get_untracked(), status };
        settings.call(pending, webhook_save(params), move |answer| match answer {
            Ok((_, secret)) => {
                settings.reread();
                if secret.is_none() {
                    settings.toasts.success("Saved.");
                }
                settings.task.set(secret.map(Task::Reveal));
            }
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    let statuses = WebhookStatus::ALL.iter().map(|one| SelectOption::new(one.code(), one.label())).collect::<Vec<_>>();
    let (label, working) = if of.is_some() { ("Save Changes", "Saving…") } else { ("Add Webhook", "Adding…") };
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label
            working
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| settings.close())
        >
            <TextField
                form=FORM
                name="url"
                label="Address"
                value=url
                problems
                kind=URL
                help="Like https://example.com/hooks. It has to be on the public internet, unless whoever runs this server allows others."
            />
            <TextField
                form=FORM
                name="description"
                label="Description"
                value=description
                problems
                optional=true
                check=check_description
            />
            {of.is_some().then(|| view! {
                <SelectField form=FORM name="status" label="Status" value=status problems options=statuses/>
            })}
            <KindChecks form=FORM legend="Alerts" help="None chosen: all kinds are posted." chosen=kinds/>
        </DialogForm>
    }
}
