//! What pages ask of the browser itself. On the server, where there is none, every function does nothing and gives the
//! default of its type, so that views need no `cfg`.

use leptos::web_sys::{Event, HtmlDialogElement};

#[cfg(feature = "hydrate")]
use leptos::prelude::{document, set_timeout, window};
#[cfg(feature = "hydrate")]
use leptos::wasm_bindgen::JsCast;
#[cfg(feature = "hydrate")]
use std::time::Duration;
#[cfg(feature = "hydrate")]
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlTextAreaElement};

macro_rules! in_browser {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name($($arg: $type),*) $(-> $result)? {
            #[cfg(feature = "hydrate")]
            $body
            #[cfg(not(feature = "hydrate"))]
            {
                _ = ($($arg,)*);
                Default::default()
            }
        }
    )*};
}

in_browser! {
    /// Sets an attribute of `<html>`, or removes it.
    fn set_root_attribute(name: &str, value: Option<&str>) {
        if let Some(root) = document().document_element() {
            _ = match value {
                Some(value) => root.set_attribute(name, value),
                None => root.remove_attribute(name),
            };
        }
    }

    /// Whether `<html>` has an attribute.
    fn has_root_attribute(name: &str) -> bool {
        document().document_element().is_some_and(|root| root.has_attribute(name))
    }

    /// Reads the local storage. `None` also when the person has forbidden it.
    fn stored(key: &str) -> Option<String> {
        window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
    }

    /// Writes the local storage, or removes the entry.
    fn store(key: &str, value: Option<&str>) {
        if let Some(storage) = window().local_storage().ok().flatten() {
            _ = match value {
                Some(value) => storage.set_item(key, value),
                None => storage.remove_item(key),
            };
        }
    }

    /// `https://keys.example.com`
    fn origin() -> String {
        window().location().origin().unwrap_or_default()
    }

    /// Leaves this page for another one, which the server renders anew.
    fn load(url: &str) {
        _ = window().location().assign(url);
    }

    /// Asks a question that stops everything until it is answered.
    fn confirm(question: &str) -> bool {
        window().confirm_with_message(question).unwrap_or(false)
    }

    /// 128 random bits, as hexadecimal digits.
    fn random_token() -> String {
        let mut bytes = [0; 16];
        match window().crypto() {
            Ok(crypto) if crypto.get_random_values_with_u8_array(&mut bytes).is_ok() => {
                bytes.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            _ => String::new(),
        }
    }

    /// Opens a dialog over the page, unless it is open.
    fn show_modal(dialog: &HtmlDialogElement) {
        if !dialog.open() {
            _ = dialog.show_modal();
        }
    }

    /// Closes a dialog, if it is open; the focus returns to where it was before.
    fn close_dialog(dialog: &HtmlDialogElement) {
        if dialog.open() {
            dialog.close();
        }
    }

    /// Looks after the focus when a dialog has closed. It is where it was before; should that go, now or soon, as the
    /// row of a revoked key does, it goes to the page's main part and not to nowhere.
    fn keep_focus() {
        if let Some(returned) = document().active_element() {
            follow_focus(returned, LOOKS);
        }
    }

    /// Whether any dialog is open over the page.
    fn dialog_is_open() -> bool {
        document().query_selector("dialog[open]").ok().flatten().is_some()
    }

    /// Moves the focus to the first element that the selector finds.
    fn focus(selector: &str) {
        if let Some(element) = find::<HtmlElement>(selector) {
            _ = element.focus();
        }
    }

    /// Moves the focus to a text field and selects what is in it. Says whether there is such a field.
    fn select_text(id: &str) -> bool {
        match document().get_element_by_id(id) {
            Some(element) => {
                if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
                    _ = input.focus();
                    input.select();
                } else if let Some(area) = element.dyn_ref::<HtmlTextAreaElement>() {
                    _ = area.focus();
                    area.select();
                } else {
                    return false;
                }
                true
            }
            None => false,
        }
    }

    /// What the field holds now, typed or filled in by the browser before the page was interactive.
    fn field_value(id: &str) -> Option<String> {
        document().get_element_by_id(id)?.dyn_into::<HtmlInputElement>().ok().map(|input| input.value())
    }

    /// Whether something is typed into the field that is no value, such as half a date. Its value is empty then.
    fn is_half_typed(id: &str) -> bool {
        find::<HtmlInputElement>(&format!("#{id}")).is_some_and(|input| input.validity().bad_input())
    }

    /// Writes into a field, unless that is what it says already: the cursor stays where it is then.
    fn set_field_value(id: &str, value: &str) {
        if let Some(input) = find::<HtmlInputElement>(&format!("#{id}"))
            && input.value().trim() != value
        {
            input.set_value(value);
        }
    }

    /// Chooses an option of a `<select>` from outside.
    fn set_select_value(id: &str, value: &str) {
        if let Some(select) = find::<web_sys::HtmlSelectElement>(&format!("#{id}")) {
            select.set_value(value);
        }
    }

    /// Whether a box is ticked now, perhaps by somebody who did so before the page was interactive.
    fn is_checked(id: &str) -> Option<bool> {
        find::<HtmlInputElement>(&format!("#{id}")).map(|input| input.checked())
    }

    /// Ticks a box from outside.
    fn set_checked(id: &str, checked: bool) {
        if let Some(input) = find::<HtmlInputElement>(&format!("#{id}")) {
            input.set_checked(checked);
        }
    }

    /// Closes the popover with this id, if it is open.
    fn hide_popover(id: &str) {
        if let Some(element) = find::<HtmlElement>(&format!("#{id}")) {
            _ = element.hide_popover();
        }
    }

    /// Whether keys pressed now are text for some field.
    fn is_typing(event: &Event) -> bool {
        event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|element| element.closest("input, textarea, select, [contenteditable]").ok().flatten().is_some())
    }

    /// Puts an entry with the same address on top of the history, so that "back" stays on this page.
    fn push_history_entry() {
        if let Ok(history) = window().history() {
            _ = history.push_state_with_url(&leptos::wasm_bindgen::JsValue::NULL, "", None);
        }
    }

    /// What the browser's back button does.
    fn history_back() {
        if let Ok(history) = window().history() {
            _ = history.back();
        }
    }
}

/// Puts text on the clipboard. `false` when the browser refuses, or has none because the page did not come over https.
pub(crate) async fn copy(text: String) -> bool {
    #[cfg(feature = "hydrate")]
    {
        let clipboard = window().navigator().clipboard();
        let missing = AsRef::<leptos::wasm_bindgen::JsValue>::as_ref(&clipboard).is_undefined();
        !missing && wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&text)).await.is_ok()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        // Nothing calls it here; waiting keeps both twins asynchronous.
        std::future::ready(text.is_empty()).await
    }
}

/// How often the focus is looked after, and after how long each time: the table is read anew in the meantime.
#[cfg(feature = "hydrate")]
const LOOKS: u8 = 50;
#[cfg(feature = "hydrate")]
const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[cfg(feature = "hydrate")]
fn follow_focus(returned: Element, looks: u8) {
    match document().active_element() {
        Some(now) if now.tag_name() != "BODY" => {
            // Else the person has moved on.
            if now == returned && looks > 0 {
                set_timeout(move || follow_focus(returned, looks.saturating_sub(1)), LOOK_AGAIN);
            }
        }
        _ => focus("#main"),
    }
}

#[cfg(feature = "hydrate")]
fn find<T: JsCast>(selector: &str) -> Option<T> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}
