//! The page's dialog. There is one, as only one thing is done at a time.

use leptos::prelude::*;
use wasm_split_helpers::SplitLoaderError;

use super::{
    deliveries::Deliveries,
    settings_tab::{Settings, Task},
    threshold_form::ThresholdForm,
    webhook_form::WebhookForm,
    webhook_secret::{RemoveForm, Reveal, RotateForm},
};
use crate::{on_demand, ui::dialog::Dialog};

/// The dialog. While it shows a secret, only its button closes it.
#[component]
pub(super) fn SettingsDialog(settings: Settings) -> impl IntoView {
    let task = settings.task;
    let open = Memo::new(move |_| task.read().is_some());
    let title = Signal::derive(move || task.read().as_ref().map_or("", Task::title));
    let locked = Memo::new(move |_| matches!(*task.read(), Some(Task::Reveal(_))));
    let close = Callback::new(move |()| settings.close());
    view! {
        <Dialog id="settings-dialog" title open locked on_close=close>
            {move || task.get().and_then(|task| on_demand::loaded(content(settings, task)))}
        </Dialog>
    }
}

#[wasm_split_helpers::wasm_split(alert_dialogs, fallible, preload(load))]
pub(super) fn content(settings: Settings, task: Task) -> Result<AnyView, SplitLoaderError> {
    Ok(match task {
        Task::Thresholds(page) => view! { <ThresholdForm settings page/> }.into_any(),
        Task::Add => view! { <WebhookForm settings webhook=None/> }.into_any(),
        Task::Edit(webhook) => view! { <WebhookForm settings webhook=Some(webhook)/> }.into_any(),
        Task::Reveal(secret) => view! { <Reveal settings secret/> }.into_any(),
        Task::Messages(webhook) => view! { <Deliveries settings webhook/> }.into_any(),
        Task::Rotate(webhook) => view! { <RotateForm settings webhook/> }.into_any(),
        Task::Remove(webhook) => view! { <RemoveForm settings webhook/> }.into_any(),
    })
}
