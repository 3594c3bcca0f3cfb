//! What is asked before the whitelist is switched: whom that shuts out, or who may come in again.

use leptos::prelude::*;
use shared::{
    AppError,
    whitelist::{WhitelistCallers, WhitelistMode, WhitelistModeParams, WhitelistStanding},
};

use super::{
    api::{whitelist_mode_update, whitelist_preview},
    callers::ShutOut,
    tab::Tab,
};
use crate::ui::{
    banner::{Banner, Severity},
    dialog_form::DialogForm,
    form::Problems,
};

/// The form.
#[component]
pub(super) fn SwitchForm(tab: Tab, before: WhitelistStanding, to: WhitelistMode) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let accept_empty = RwSignal::new(false);
    let (version, empty) = (before.version, before.allowance.used == 0);
    let send = move |()| {
        problems.set(Problems::default());
        let params = WhitelistModeParams { version, mode: to, accept_empty: accept_empty.get_untracked() };
        tab.tasks.call(pending, whitelist_mode_update(params), move |answer| match answer {
            Ok(now) => tab.tasks.done(match now.mode {
                WhitelistMode::Off => "The whitelist is off.",
                WhitelistMode::Report => "The whitelist only reports.",
                WhitelistMode::On => "The whitelist is on.",
            }),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    let (label, danger) = match to {
        WhitelistMode::Off => ("Switch Off", false),
        WhitelistMode::Report => ("Only Report", false),
        WhitelistMode::On => ("Switch On", true),
    };
    view! {
        <DialogForm
            form="switch"
            problems
            pending
            label
            working="Switching…"
            danger
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            {match (to, before.mode) {
                (WhitelistMode::On, _) => view! { <Preview tab/> }.into_any(),
                (_, WhitelistMode::On) => view! {
                    <Banner severity=Severity::Warning>
                        <p>"Your keys may be used from any address from now on."</p>
                    </Banner>
                }
                .into_any(),
                (WhitelistMode::Report, _) => view! {
                    <p>"Nobody is refused. Requests from addresses that are not on the whitelist are counted and shown here, by key and address."</p>
                }
                .into_any(),
                (WhitelistMode::Off, _) => view! { <p>"Nothing is counted any more. Nobody was refused so far."</p> }.into_any(),
            }}
            {(empty && to == WhitelistMode::On)
                .then(|| view! {
                    <label class="whitelist-empty">
                        <input
                            type="checkbox"
                            on:change=move |event| accept_empty.set(event_target_checked(&event))
                        />
                        "The whitelist is empty. I want every request of every key to be refused."
                    </label>
                })}
        </DialogForm>
    }
}

/// Whom switching on would shut out.
#[component]
fn Preview(tab: Tab) -> impl IntoView {
    let found = RwSignal::new(None::<Result<WhitelistCallers, AppError>>);
    // Not a resource: the dialog is only ever opened in the browser.
    tab.tasks.call(RwSignal::new(false), whitelist_preview(), move |answer| found.set(Some(answer)));
    view! {
        <div aria-live="polite">
            {move || match found.get() {
                None => view! { <p class="muted">"Looking for those whom it would shut out…"</p> }.into_any(),
                Some(Ok(callers)) => view! { <ShutOut callers/> }.into_any(),
                Some(Err(error)) => view! {
                    <Banner severity=Severity::Warning>
                        <p>"It cannot be told now whom this shuts out: "{error.to_string()}</p>
                    </Banner>
                }
                .into_any(),
            }}
        </div>
    }
}
