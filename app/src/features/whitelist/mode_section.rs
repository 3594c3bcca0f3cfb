//! What the whitelist does, and the switch.

use leptos::prelude::*;
use shared::whitelist::{WhitelistMode, WhitelistStanding};

use super::tab::{Refusals, Tab, Task};
use crate::ui::{
    badge::{Badge, Tone},
    button::GuardedButton,
};

const fn tone(mode: WhitelistMode) -> Tone {
    match mode {
        WhitelistMode::Off => Tone::Over,
        WhitelistMode::Report => Tone::Waiting,
        WhitelistMode::On => Tone::Good,
    }
}

const fn meaning(mode: WhitelistMode) -> &'static str {
    match mode {
        WhitelistMode::Off => "Your keys may be used from any address.",
        WhitelistMode::Report => "Requests from other addresses are allowed and counted, as long as this is on trial.",
        WhitelistMode::On => "Requests from other addresses are refused.",
    }
}

const fn verb(mode: WhitelistMode) -> &'static str {
    match mode {
        WhitelistMode::Off => "Switch Off",
        WhitelistMode::Report => "Only Report",
        WhitelistMode::On => "Switch On",
    }
}

/// The section.
#[component]
pub(super) fn ModeSection(
    tab: Tab,
    standing: Memo<Option<WhitelistStanding>>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let refused = Signal::stored(refusals.read_value().update.clone());
    let switch = move |standing: WhitelistStanding, to| {
        let open = Callback::new(move |()| tab.open(Task::Switch(standing.clone(), to)));
        view! { <GuardedButton label=verb(to) refused on_press=open/> }
    };
    view! {
        <section class="whitelist-mode" aria-label="Enforcement">
            {move || {
                standing.get().map(|standing| {
                    let mode = standing.mode;
                    let others = WhitelistMode::ALL.into_iter().filter(|other| *other != mode);
                    let buttons: Vec<_> = others.map(|to| switch(standing.clone(), to)).collect();
                    view! {
                        <Badge tone=tone(mode) word=mode.label()/>
                        <p>{meaning(mode)}</p>
                        <div class="row-actions">{buttons}</div>
                    }
                })
            }}
        </section>
    }
}
