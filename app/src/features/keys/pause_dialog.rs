//! `Pause`: refuses a key until somebody resumes it. It stops traffic, so it asks.

use leptos::prelude::*;
use shared::key::KeyView;

use super::{
    api::key_pause,
    tab::{Tab, refused_since},
};
use crate::ui::{dialog_form::DialogForm, form::Problems};

/// The question.
#[component]
pub(super) fn PauseForm(tab: Tab, key: KeyView) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = key.id;
    let send = move |()| {
        problems.set(Problems::default());
        tab.call(pending, key_pause(id), move |answer| match answer {
            Ok(refused) => tab.done(refused_since("Paused", &refused)),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="pause"
            problems
            pending
            label="Pause Key"
            working="Pausing…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.close())
        >
            <p>
                "Requests with "<strong>{key.name}</strong>" will be refused from now on, until somebody resumes it. "
                "It keeps its secret key and counts against the plan."
            </p>
        </DialogForm>
    }
}
