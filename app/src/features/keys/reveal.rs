//! The one time a secret is shown.
//!
//! It is held by nothing but the parts of this view, and goes with them when the person says that they have copied it.

use leptos::{ev, prelude::*};
use shared::key::KeyCreated;

use crate::ui::{
    banner::{Banner, Severity},
    browser,
    copy_field::CopyField,
};

/// Asked when somebody goes back in the history without having said that they copied the secret.
const LEAVE: &str = "The secret key cannot be shown again. Leave without having copied it?";

/// Secret, Key ID, an example, and the one button.
#[component]
pub(super) fn Reveal(
    created: KeyCreated,
    /// Drops the secret and closes the dialog.
    forget: Callback<()>,
) -> impl IntoView {
    let KeyCreated { key, secret, same_name } = created;
    let secret = secret.expose().to_owned();
    let example = format!("curl -H \"Authorization: Bearer {secret}\" {}/v1/ip/8.8.8.8", browser::origin());
    let guard = LeaveGuard::new(forget);
    let twins = match same_name {
        0 => None,
        1 => Some("Another key has the same name. Rename one of them, or they will be hard to tell apart.".to_owned()),
        n => Some(format!("{n} other keys have the same name. Rename them, or they will be hard to tell apart.")),
    };
    view! {
        <div class="reveal">
            <Banner severity=Severity::Warning>
                <p>
                    <strong>"Copy the secret key now. It cannot be shown again."</strong>
                    " Keep it in a password manager or a secrets manager, never in source code."
                </p>
            </Banner>
            <CopyField id="reveal-secret" label="Secret Key" text=secret what="secret key" rows=2/>
            <CopyField
                id="reveal-key-id"
                label="Key ID"
                text=key.id.to_string()
                what="Key ID"
                help="Public: safe to log. It names the key in this console and in your logs."
            />
            <CopyField id="reveal-example" label="Try it" text=example what="curl command" rows=3/>
            {twins.map(|text| view! { <Banner severity=Severity::Note><p>{text}</p></Banner> })}
            <footer class="dialog-footer">
                <button
                    type="button"
                    class="button button-primary"
                    on:click=move |_| {
                        guard.release();
                        forget.run(());
                    }
                >
                    "I have copied it"
                </button>
            </footer>
        </div>
    }
}

/// Keeps the page from being left by accident: one more entry in the history takes up the first press of "back", which
/// is then asked about, and the browser asks before it reloads or closes the page.
#[derive(Clone, Copy)]
struct LeaveGuard {
    listening: StoredValue<Vec<WindowListenerHandle>>,
}

impl LeaveGuard {
    fn new(forget: Callback<()>) -> Self {
        let guard = Self { listening: StoredValue::new(Vec::new()) };
        Effect::new(move |_| {
            browser::push_history_entry();
            let back = window_event_listener(ev::popstate, move |_| {
                if browser::confirm(LEAVE) {
                    guard.stop();
                    forget.run(());
                    browser::history_back();
                } else {
                    browser::push_history_entry();
                }
            });
            let unload = window_event_listener(ev::beforeunload, |event| {
                event.prevent_default();
                // What some browsers still want besides (HTML, "prompt to unload").
                event.set_return_value(LEAVE);
            });
            guard.listening.set_value(vec![back, unload]);
        });
        on_cleanup(move || guard.stop());
        guard
    }

    /// The secret is copied: the history is as it was.
    fn release(self) {
        self.stop();
        browser::history_back();
    }

    fn stop(self) {
        for handle in self.listening.try_update_value(std::mem::take).unwrap_or_default() {
            handle.remove();
        }
    }
}
