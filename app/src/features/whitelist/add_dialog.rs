//! `+ Add IP Address`

use leptos::prelude::*;
use shared::whitelist::WhitelistCreateParams;

use super::{
    address_field::{AddressFields, Draft},
    api::whitelist_create,
    tab::{Tab, Task},
};
use crate::ui::dialog_form::DialogForm;

/// The form's prefix.
const FORM: &str = "add";

/// The form.
#[component]
pub(super) fn AddForm(tab: Tab) -> impl IntoView {
    let draft = Draft::new(tab.address, tab.label);
    let send = move |()| {
        let Some((line, accept)) = draft.filled() else { return };
        tab.tasks.call(draft.pending, whitelist_create(WhitelistCreateParams { line, accept }), move |answer| {
            match answer {
                Ok(saved) => {
                    tab.address.set(String::new());
                    tab.label.set(String::new());
                    tab.tasks.done(format!("Added. {} is on the whitelist.", saved.entry.said()));
                }
                Err(error) => draft.refused(error),
            }
        });
    };
    view! {
        <DialogForm
            form=FORM
            problems=draft.problems
            pending=draft.pending
            label="Add IP"
            working="Adding…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <AddressFields form=FORM draft verb="Add IP"/>
            <p>
                <button type="button" class="button" on:click=move |_| tab.open(Task::AddMany)>
                    "Paste many"
                </button>
            </p>
        </DialogForm>
    }
}
