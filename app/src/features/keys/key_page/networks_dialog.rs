//! Changing from where the key may be used.

use leptos::prelude::*;
use shared::{
    AppError,
    key::KeyPage,
    whitelist::{self, KeyNetworks, KeyNetworksUpdateParams},
};

use super::super::tab::Tab;
use crate::{
    features::whitelist::api::key_networks_update,
    ui::{
        dialog_form::DialogForm,
        field::{Field, described_by},
        form::Problems,
    },
};

/// The form's prefix.
const FORM: &str = "networks";

/// A line for each.
fn text(list: &KeyNetworks) -> String {
    list.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What the lines mean.
fn meaning(text: &str) -> String {
    match whitelist::key_networks(&lines(text)) {
        Ok(networks) if networks.is_empty() => "Empty: from any address.".to_owned(),
        Ok(networks) => {
            let broad = networks.iter().filter_map(|network| network.breadth());
            let canonical = networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            std::iter::once(format!("Only from {canonical}.")).chain(broad).collect::<Vec<_>>().join(" ")
        }
        Err(_) => "One address or range to a line, IPv4 or IPv6.".to_owned(),
    }
}

/// The form. It is filled from `list`; `page` has what somebody else has saved meanwhile.
#[component]
pub(super) fn NetworksForm(tab: Tab, page: Memo<Option<KeyPage>>, list: KeyNetworks) -> impl IntoView {
    let typed = RwSignal::new(text(&list));
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let at_first = StoredValue::new(list);
    let is_stale = RwSignal::new(false);
    let saved = move || {
        let page = page.read();
        let newest = page.as_ref().filter(|_| is_stale.get()).map(|page| page.networks.clone());
        newest.unwrap_or_else(|| at_first.get_value())
    };
    let wrong = move || whitelist::key_networks(&lines(&typed.read())).err();
    let send = move |()| {
        let found = Problems::from_checks([("networks", untrack(wrong))]);
        let is_wrong = !found.is_empty();
        problems.set(found);
        if is_wrong {
            return;
        }
        let params = KeyNetworksUpdateParams { before: untrack(saved), networks: lines(&typed.read_untracked()) };
        tab.call(pending, key_networks_update(params), move |answer| match answer {
            Ok(now) if now.networks.is_empty() => tab.done("Saved. The key may be used from any address."),
            Ok(_) => tab.done("Saved. The list is in force."),
            Err(error) => {
                // Sent again, it is meant for what is shown as saved now.
                is_stale.set(matches!(error, AppError::Stale { .. }));
                problems.set(Problems::from_error(&error));
            }
        });
    };
    let help = move || {
        let meaning = meaning(&typed.read());
        if is_stale.get() { format!("{meaning} Saved now: {}", self::meaning(&text(&saved()))) } else { meaning }
    };
    let error = Memo::new(move |_| problems.read().on("networks").or_else(wrong));
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Save Changes"
            working="Saving…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.close())
        >
            <Field form=FORM name="networks" label="IP Addresses" help=Signal::derive(help) error>
                <textarea
                    class="input mono-lines"
                    id="networks-networks"
                    rows="5"
                    spellcheck="false"
                    autocomplete="off"
                    autofocus=true
                    aria-describedby=described_by(FORM, "networks")
                    aria-invalid=move || error.read().is_some().then_some("true")
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        problems.update(|problems| problems.forget("networks"));
                    }
                >
                    {typed.get_untracked()}
                </textarea>
            </Field>
        </DialogForm>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_said_back() {
        assert_eq!(meaning(" \n"), "Empty: from any address.");
        assert_eq!(meaning("203.0.113.9/24\n::1"), "Only from 203.0.113.0/24, ::1.");
        assert!(meaning("here").starts_with("One address or range to a line"));
    }
}
