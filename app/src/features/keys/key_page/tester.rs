//! The tester: a permission and an address, and what would happen, rule by rule.
//!
//! It asks for another address of the page, like the form above a list: so an explanation can be linked, and a browser
//! without scripts can ask for one.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    KeyId,
    explain::{ExplainParams, Explanation, RuleStep, RuleVerdict},
    path,
};

use super::desk::Desk;
use crate::{
    layout::loaded::Loaded,
    query,
    ui::{
        badge::{Badge, Tone},
        browser,
        icon::{Glyph, Icon},
    },
};

const PERMISSIONS: &str = "permissions";
const ADDRESS: &str = "address";
const PERMISSIONS_FIELD: &str = "tester-permissions";
const ADDRESS_FIELD: &str = "tester-address";

/// What the page's address asks; nothing when nobody has sent the form.
pub(super) fn question_of(search: &str) -> Option<ExplainParams> {
    let permissions = query::value(search, PERMISSIONS);
    let address = query::value(search, ADDRESS);
    (permissions.is_some() || address.is_some())
        .then(|| ExplainParams { permissions: permissions.unwrap_or_default(), address: address.unwrap_or_default() })
}

/// The form and the answer.
#[component]
pub(super) fn Tester(desk: Desk, id: KeyId) -> impl IntoView {
    let asked = desk.question.get_untracked().unwrap_or_default();
    let navigate = use_navigate();
    // The back button asks another question.
    Effect::new(move |first: Option<()>| {
        let question = desk.question.get().unwrap_or_default();
        if first.is_some() {
            browser::set_field_value(PERMISSIONS_FIELD, &question.permissions);
            browser::set_field_value(ADDRESS_FIELD, &question.address);
        }
    });
    let (permissions, address) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let send = move || {
        let typed = |field: NodeRef<html::Input>| field.get_untracked().map(|input| input.value()).unwrap_or_default();
        let question = [(PERMISSIONS, typed(permissions)), (ADDRESS, typed(address))];
        let again = desk
            .question
            .get_untracked()
            .is_some_and(|asked| asked == ExplainParams { permissions: typed(permissions), address: typed(address) });
        if again {
            // The same address would ask for nothing, and things may have changed.
            return desk.explanation.refetch();
        }
        let options = NavigateOptions { scroll: false, resolve: false, ..Default::default() };
        navigate(&query::href(&path::key(id), question), options);
    };
    let content = Callback::new(move |explanation: Memo<Option<Option<Explanation>>>| {
        view! {
            {move || explanation.get().flatten().map(|explanation| view! { <Answer explanation/> })}
        }
        .into_any()
    });
    view! {
        <form
            class="tester"
            method="get"
            action=path::key(id)
            aria-label="Test a request"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <h3>"Test a request"</h3>
            <p class="muted">"Nothing is counted by it. The current secret key is taken to be sent, whole and in the right header."</p>
            <div class="tester-fields">
                <div class="field">
                    <div class="field-label"><label for=PERMISSIONS_FIELD>"Permission"</label></div>
                    <input
                        id=PERMISSIONS_FIELD
                        class="input mono"
                        name=PERMISSIONS
                        node_ref=permissions
                        value=asked.permissions
                        placeholder="ip.lookup"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                    />
                </div>
                <div class="field">
                    <div class="field-label"><label for=ADDRESS_FIELD>"From address"</label></div>
                    <input
                        id=ADDRESS_FIELD
                        class="input mono"
                        name=ADDRESS
                        node_ref=address
                        value=asked.address
                        placeholder="203.0.113.9"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                    />
                </div>
                <button type="submit" class="button">"What would happen?"</button>
            </div>
        </form>
        <div aria-live="polite"><Loaded resource=desk.explanation content/></div>
    }
}

#[component]
fn Answer(explanation: Explanation) -> impl IntoView {
    let Explanation { refusal, steps } = explanation;
    let outcome = match refusal {
        None => view! { <Badge tone=Tone::Good word="Allowed" icon=Icon::Check/>" The request would be allowed." }
            .into_any(),
        Some(refusal) => view! {
            <Badge tone=Tone::Lapsed word="Refused" icon=Icon::Close/>" "
            {format!("{} It is answered with status {} and ", refusal.detail(), refusal.status())}
            <code>{refusal.reason()}</code>"."
        }
        .into_any(),
    };
    view! {
        <p class="tester-outcome">{outcome}</p>
        <ol class="rules" aria-label="Every rule in its order">
            {steps.into_iter().map(|step| view! { <Step step/> }).collect_view()}
        </ol>
    }
}

#[component]
fn Step(step: RuleStep) -> impl IntoView {
    let RuleStep { rule, verdict, why } = step;
    let (class, icon) = match verdict {
        RuleVerdict::Passed => ("rule rule-passed", Icon::Check),
        RuleVerdict::Failed => ("rule rule-failed", Icon::Close),
        RuleVerdict::NotReached => ("rule rule-not-reached", Icon::More),
    };
    view! {
        <li class=class>
            <Glyph icon/>
            <span>
                <strong>{rule.label()}</strong>
                <span class="visually-hidden">{format!(" ({})", verdict.label())}</span>
                <small>{why}</small>
            </span>
        </li>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_in_the_address() {
        assert_eq!(question_of("window=24h"), None);
        let asked = ExplainParams { permissions: "ip.lookup x".to_owned(), address: String::new() };
        assert_eq!(question_of("permissions=ip.lookup+x&address="), Some(asked));
    }
}
