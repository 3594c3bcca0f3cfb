//! Buttons that say what they do, show that they are at it, and cannot be pressed twice.

use leptos::prelude::*;

/// Sends the form around it. While `pending`, it says so and does nothing; the form has to refuse a second submit
/// itself, because Enter in a field does not ask the button.
#[component]
pub fn SubmitButton(
    /// The verb.
    label: &'static str,
    /// The verb while it happens: "Creating…".
    working: &'static str,
    /// Whether the answer is being waited for.
    #[prop(into)]
    pending: Signal<bool>,
    /// Red, for what cannot be undone or stops something.
    #[prop(optional)]
    danger: bool,
) -> impl IntoView {
    let class = if danger { "button button-danger" } else { "button button-primary" };
    view! {
        // `disabled` would throw the focus away; this keeps it and says the same.
        <button
            type="submit"
            class=class
            class:is-working=pending
            aria-disabled=move || pending.get().then_some("true")
        >
            <span class="spinner" aria-hidden="true"></span>
            {move || if pending.get() { working } else { label }}
        </button>
    }
}

/// A button that some people may not press: it is there for them too, and says why.
#[component]
pub fn GuardedButton(
    /// What is on it.
    label: &'static str,
    /// Which one it is, for those who do not see the row it stands in: "Edit Production server".
    #[prop(optional, into)]
    says: Option<String>,
    /// Its looks.
    #[prop(default = "button")]
    class: &'static str,
    /// Why it cannot be pressed; `None` when it can.
    #[prop(into)]
    refused: Signal<Option<String>>,
    /// What it does.
    on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=class
            aria-label=says
            aria-disabled=move || refused.read().is_some().then_some("true")
            aria-description=move || refused.get()
            data-tip=move || refused.get()
            on:click=move |_| {
                if refused.read_untracked().is_none() {
                    on_press.run(());
                }
            }
        >
            {label}
        </button>
    }
}
