//! Copying text, with an answer: it worked, or how to do it by hand.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{
    browser,
    icon::{Glyph, Icon},
    toast::Toasts,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Copied,
    Refused,
}

/// For how long the button says that it has copied.
const ANSWER: Duration = Duration::from_secs(2);

/// Copies `text`. When the browser refuses, the field called `selects` is selected for copying by hand, or, where there
/// is no field, a message says the text.
#[component]
pub fn CopyButton(
    /// What to copy.
    #[prop(into)]
    text: String,
    /// What the button copies, for its label: "secret key".
    what: &'static str,
    /// The id of the text field that shows the same text.
    #[prop(optional)]
    selects: Option<&'static str>,
    /// Only the icon is seen.
    #[prop(optional)]
    compact: bool,
) -> impl IntoView {
    let state = RwSignal::new(State::Idle);
    let toasts = Toasts::get();
    let text = StoredValue::new(text);
    let copy = move |_| {
        spawn_local(async move {
            // The dialog may be gone when the clipboard answers.
            let Some(value) = text.try_get_value() else { return };
            let copied = browser::copy(value).await;
            if !copied && !selects.is_some_and(browser::select_text) {
                let value = text.try_get_value().unwrap_or_default();
                toasts.error(format!("The browser did not allow copying. Copy it by hand: {value}"));
            }
            state.try_set(if copied { State::Copied } else { State::Refused });
            if copied {
                set_timeout(move || _ = state.try_set(State::Idle), ANSWER);
            }
        });
    };
    let label = format!("Copy {what}");
    view! {
        <button
            type="button"
            class=if compact { "button-icon copy" } else { "button copy" }
            class:is-copied=move || state.get() == State::Copied
            aria-label=compact.then(|| label.clone())
            title=label
            on:click=copy
        >
            {move || view! { <Glyph icon=if state.get() == State::Copied { Icon::Check } else { Icon::Copy }/> }}
            {(!compact).then(|| view! { <span>{move || if state.get() == State::Copied { "Copied" } else { "Copy" }}</span> })}
        </button>
        <span role="status" class=if selects.is_some() { "copy-answer" } else { "visually-hidden" }>
            {move || match state.get() {
                State::Idle => "",
                State::Copied => "Copied.",
                State::Refused if selects.is_some() => {
                    "The browser did not allow copying. The text is selected: press Ctrl+C (on a Mac, ⌘C)."
                }
                State::Refused => "Not copied.",
            }}
        </span>
    }
}
