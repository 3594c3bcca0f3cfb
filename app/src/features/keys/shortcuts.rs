//! Keys of the keyboard, and the list of them.

use leptos::{ev, prelude::*};

use super::{
    filters::SEARCH,
    tab::{Tab, Task},
};
use crate::ui::browser;

/// Each key and what it does.
const SHORTCUTS: [(&str, &str); 4] =
    [("/", "Search"), ("c", "Create a key"), ("?", "Show this list"), ("Esc", "Close what is open")];

/// Listens. Keys pressed in a field are text, and those pressed under an open dialog are not for the page.
#[component]
pub(super) fn ShortcutKeys(tab: Tab, may_create: bool) -> impl IntoView {
    Effect::new(move |_| {
        let handle = window_event_listener(ev::keydown, move |event| {
            let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
            if modified || event.default_prevented() || browser::is_typing(&event) || browser::dialog_is_open() {
                return;
            }
            match event.key().as_str() {
                "/" => browser::focus(&format!("#{SEARCH}")),
                "c" if may_create => tab.open(Task::Create),
                "?" => tab.open(Task::Shortcuts),
                _ => return,
            }
            event.prevent_default();
        });
        on_cleanup(move || handle.remove());
    });
}

/// The list.
#[component]
pub(super) fn ShortcutList() -> impl IntoView {
    view! {
        <dl class="facts">
            {SHORTCUTS
                .map(|(key, what)| view! {
                    <dt><kbd>{key}</kbd></dt>
                    <dd>{what}</dd>
                })
                .collect_view()}
        </dl>
    }
}
