//! `Pause`: refuses a key until somebody resumes it. It stops traffic, so it asks.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::key::KeyView;

use super::{
    api::key_pause,
    tab::{Tab, Task, refused_since},
};
use crate::ui::{
    button::SubmitButton,
    dialog::Dialog,
    form::{ProblemSummary, Problems},
};

/// The form's prefix.
const FORM: &str = "pause";

/// The dialog.
#[component]
pub(super) fn PauseDialog(tab: Tab) -> impl IntoView {
    let key = Memo::new(move |_| match tab.task.get() {
        Some(Task::Pause(key)) => Some(key),
        _ => None,
    });
    let open = Memo::new(move |_| key.read().is_some());
    let close = Callback::new(move |()| tab.close());
    view! {
        <Dialog id="pause-key" title="Pause API key" open on_close=close>
            {move || key.get().map(|key| view! { <PauseForm tab key/> })}
        </Dialog>
    }
}

#[component]
fn PauseForm(tab: Tab, key: KeyView) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = key.id;
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        problems.set(Problems::default());
        tab.call(pending, key_pause(id), move |answer| match answer {
            Ok(refused) => tab.done(refused_since("Paused", &refused)),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <form class="form" novalidate on:submit=send>
            <ProblemSummary form=FORM problems/>
            <p>
                "Requests with "<strong>{key.name}</strong>" will be refused from now on, until somebody resumes it. "
                "It keeps its secret key and counts against the plan."
            </p>
            <footer class="dialog-footer">
                <button type="button" class="button" autofocus on:click=move |_| tab.close()>"Cancel"</button>
                <SubmitButton label="Pause Key" working="Pausing…" pending danger=true/>
            </footer>
        </form>
    }
}
