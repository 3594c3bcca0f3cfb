//! `Remove`

use leptos::prelude::*;
use shared::whitelist::{WhitelistEntry, WhitelistMode, WhitelistStanding};

use super::{api::whitelist_remove, tab::Tab};
use crate::ui::{
    banner::{Banner, Severity},
    dialog_form::DialogForm,
    form::Problems,
};

/// What removing the entry means.
fn consequence(standing: &WhitelistStanding) -> &'static str {
    match (standing.mode, standing.allowance.used) {
        (WhitelistMode::On, 0..=1) => "It is the last entry, and the whitelist is on: every request will be refused.",
        (WhitelistMode::On, _) => {
            "The whitelist is on: requests from there are refused from now on, unless another entry allows them."
        }
        (WhitelistMode::Off | WhitelistMode::Report, _) => {
            "Nobody is refused by that as long as the whitelist is not on."
        }
    }
}

/// The form.
#[component]
pub(super) fn RemoveForm(tab: Tab, entry: WhitelistEntry, standing: Memo<Option<WhitelistStanding>>) -> impl IntoView {
    let (said, id, version) = (entry.said(), entry.id, entry.version);
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let send = move |()| {
        problems.set(Problems::default());
        let said = entry.said();
        tab.tasks.call(pending, whitelist_remove(id, version), move |answer| match answer {
            Ok(()) => tab.tasks.done(format!("Removed. {said} is not on the whitelist any more.")),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="remove"
            problems
            pending
            label="Remove"
            working="Removing…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <Banner severity=Severity::Error>
                <p><strong>{said}</strong></p>
                <p>{move || standing.read().as_ref().map(consequence)}</p>
            </Banner>
        </DialogForm>
    }
}
