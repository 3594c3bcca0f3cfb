//! The form in a dialog: what is wrong on top, the fields, and at its foot the way out and the verb.

use leptos::{prelude::*, web_sys::SubmitEvent};

use super::{
    button::SubmitButton,
    form::{ProblemSummary, Problems},
};

/// The form. It is sent by script only, so it does nothing before the page is interactive.
#[component]
pub fn DialogForm(
    /// The form's prefix: its fields are called `prefix-name`.
    form: &'static str,
    /// What is wrong with it as last sent.
    problems: RwSignal<Problems>,
    /// Whether the answer is being waited for. The dialog stays until it comes.
    pending: RwSignal<bool>,
    /// The verb.
    label: &'static str,
    /// The verb while it happens: "Saving…".
    working: &'static str,
    /// For what cannot be undone: the verb is red, and the focus starts on `Cancel`.
    #[prop(optional)]
    danger: bool,
    /// Sends it.
    on_submit: Callback<()>,
    /// Leaves everything as it is.
    on_cancel: Callback<()>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    view! {
        <form
            class="form"
            novalidate
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                on_submit.run(());
            }
        >
            <ProblemSummary form problems/>
            {children()}
            <footer class="dialog-footer">
                <button
                    type="button"
                    class="button"
                    autofocus=danger
                    on:click=move |_| {
                        if !pending.get_untracked() {
                            on_cancel.run(());
                        }
                    }
                >
                    "Cancel"
                </button>
                <SubmitButton label working pending danger/>
            </footer>
        </form>
    }
}
