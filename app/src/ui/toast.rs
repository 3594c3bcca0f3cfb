//! Short messages in a corner: what has just succeeded goes away by itself, what has failed stays until dismissed.

use std::time::Duration;

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// How long a success is shown.
const SHOWN: Duration = Duration::from_secs(6);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Toast {
    number: u64,
    text: String,
    failed: bool,
}

/// The messages being shown.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u64>,
}

impl Toasts {
    /// Makes the list and gives it to everything below.
    pub fn provide() {
        provide_context(Self { shown: RwSignal::new(Vec::new()), next: StoredValue::new(0) });
    }

    /// The list.
    #[must_use]
    pub fn get() -> Self {
        expect_context()
    }

    /// Something was done.
    pub fn success(self, text: impl Into<String>) {
        self.push(text.into(), false);
    }

    /// Something was not done.
    pub fn error(self, text: impl Into<String>) {
        self.push(text.into(), true);
    }

    fn push(self, text: String, failed: bool) {
        let number = self.next.try_update_value(|next| {
            *next += 1;
            *next
        });
        if let Some(number) = number {
            self.shown.try_update(|shown| shown.push(Toast { number, text, failed }));
        }
    }

    fn dismiss(self, number: u64) {
        self.shown.try_update(|shown| shown.retain(|toast| toast.number != number));
    }
}

/// Where the messages appear. Always in the page, or screen readers would miss the first one.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = Toasts::get();
    view! {
        <div class="toasts" role="status" aria-live="polite" aria-label="Messages">
            <For
                each=move || toasts.shown.get()
                key=|toast| toast.number
                children=move |toast| view! { <ToastCard toast toasts/> }
            />
        </div>
    }
}

#[component]
fn ToastCard(toast: Toast, toasts: Toasts) -> impl IntoView {
    let Toast { number, text, failed } = toast;
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    // Whoever points at a message or has the focus in it is reading: the clock starts again when they leave.
    let start = move || {
        stop();
        if !failed {
            timer.set_value(set_timeout_with_handle(move || toasts.dismiss(number), SHOWN).ok());
        }
    };
    Effect::new(move |_| start());
    on_cleanup(stop);
    view! {
        <div
            class="toast"
            class:toast-error=failed
            on:pointerenter=move |_| stop()
            on:pointerleave=move |_| start()
            on:focusin=move |_| stop()
            on:focusout=move |_| start()
        >
            <Glyph icon=if failed { Icon::Warning } else { Icon::Check }/>
            <p>{text}</p>
            <button type="button" class="button-icon" aria-label="Dismiss" on:click=move |_| toasts.dismiss(number)>
                <Glyph icon=Icon::Close/>
            </button>
        </div>
    }
}
