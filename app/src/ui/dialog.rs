//! The native `<dialog>`: it keeps the focus inside and gives it back, and the browser dims the page behind it.

use leptos::{html, prelude::*, web_sys::Event};

use super::{
    browser,
    icon::{Glyph, Icon},
};

/// A dialog over the page. Its content exists only while it is open.
#[component]
pub fn Dialog(
    /// Unique on the page.
    id: &'static str,
    /// The heading.
    #[prop(into)]
    title: Signal<&'static str>,
    /// Whether it is open.
    #[prop(into)]
    open: Signal<bool>,
    /// The person wants it closed: Esc, or the cross.
    on_close: Callback<()>,
    /// While true, neither Esc nor anything else of the browser's closes it, and there is no cross.
    #[prop(optional, into)]
    locked: Signal<bool>,
    /// What is in it.
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    let children = StoredValue::new(children);
    Effect::new(move |was_open: Option<bool>| {
        let open = open.get();
        if let Some(dialog) = element.get()
            && !open
        {
            browser::close_dialog(&dialog);
            if was_open == Some(true) {
                browser::keep_focus();
            }
        }
        open
    });
    let keep = move |event: &Event| {
        if locked.get_untracked() {
            event.prevent_default();
        }
    };
    view! {
        <dialog
            id=id
            class="dialog"
            node_ref=element
            aria-labelledby=format!("{id}-title")
            on:cancel=move |event: Event| keep(&event)
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    keep(&event);
                }
            }
            on:close=move |_| {
                if locked.get_untracked() {
                    // Browsers close a dialog on the second Esc in a row whatever the page says.
                    if let Some(dialog) = element.get_untracked() {
                        browser::show_modal(&dialog);
                    }
                } else if open.get_untracked() {
                    on_close.run(());
                }
            }
        >
            <Show when=move || open.get()>
                <Shown element/>
                <header class="dialog-header">
                    <h2 id=format!("{id}-title")>{move || title.get()}</h2>
                    <Show when=move || !locked.get()>
                        <button type="button" class="button-icon" aria-label="Close" on:click=move |_| on_close.run(())>
                            <Glyph icon=Icon::Close/>
                        </button>
                    </Show>
                </header>
                {children.read_value()()}
            </Show>
        </dialog>
    }
}

/// Opens the dialog once its content is there, so that the browser can focus what the content marks with `autofocus`.
#[component]
fn Shown(element: NodeRef<html::Dialog>) -> impl IntoView {
    Effect::new(move |_| {
        if let Some(dialog) = element.get() {
            browser::show_modal(&dialog);
        }
    });
}
