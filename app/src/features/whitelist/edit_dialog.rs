//! `Edit`

use leptos::prelude::*;
use shared::whitelist::{WhitelistEntry, WhitelistUpdateParams};

use super::{
    address_field::{AddressFields, Draft},
    api::whitelist_update,
    tab::Tab,
};
use crate::ui::{
    banner::{Banner, Severity},
    dialog_form::DialogForm,
};

/// The form's prefix.
const FORM: &str = "edit";

/// The form.
#[component]
pub(super) fn EditForm(tab: Tab, entry: WhitelistEntry) -> impl IntoView {
    let (id, opened) = (entry.id, entry.version);
    let draft = Draft::new(RwSignal::new(entry.network.to_string()), RwSignal::new(entry.label.clone()));
    // What the change is made from. It follows when somebody else was quicker; what is typed stays.
    let base = RwSignal::new(entry);
    Effect::new(move |_| {
        let list = tab.list.get();
        let now = list.and_then(|list| list.ok()?.page.rows.into_iter().find(|entry| entry.id == id));
        if let Some(now) = now {
            base.set(now);
        }
    });
    let send = move |()| {
        let Some((line, accept)) = draft.filled() else { return };
        let params = WhitelistUpdateParams { id, version: base.read_untracked().version, line, accept };
        tab.tasks.call(draft.pending, whitelist_update(params), move |answer| match answer {
            Ok(saved) => tab.tasks.done(format!("Saved. {} is in force.", saved.entry.said())),
            Err(error) => draft.refused(error),
        });
    };
    view! {
        <DialogForm
            form=FORM
            problems=draft.problems
            pending=draft.pending
            label="Save Changes"
            working="Saving…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            {move || {
                let base = base.get();
                (base.version != opened)
                    .then(|| view! {
                        <Banner severity=Severity::Note><p>"It is "{base.said()}" now. Saving replaces that."</p></Banner>
                    })
            }}
            <AddressFields form=FORM draft verb="Save Changes"/>
        </DialogForm>
    }
}
