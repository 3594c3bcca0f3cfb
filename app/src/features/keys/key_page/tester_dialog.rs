//! The tester: a permission and an address, and what would happen, rule by rule.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::{
    KeyId,
    explain::{self, ExplainParams, Explanation, RuleStep, RuleVerdict},
};

use super::super::{api::key_explain, tab::Tab};
use crate::ui::{
    badge::{Badge, Tone},
    button::SubmitButton,
    field::{TextField, TextKind, judge},
    form::{ProblemSummary, Problems},
    icon::{Glyph, Icon},
};

/// The form's prefix.
const FORM: &str = "tester";

fn check_permissions(text: &str) -> Option<String> {
    judge(explain::permissions(text))
}

/// The form and the answer.
#[component]
pub(super) fn Tester(tab: Tab, id: KeyId) -> impl IntoView {
    let (permissions, address) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let answer = RwSignal::new(None::<Explanation>);
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let params = ExplainParams { permissions: permissions.get_untracked(), address: address.get_untracked() };
        tab.call(pending, key_explain(id, params), move |told| match told {
            Ok(explanation) => {
                problems.set(Problems::default());
                answer.set(Some(explanation));
            }
            Err(error) => {
                answer.set(None);
                problems.set(Problems::from_error(&error));
            }
        });
    };
    let kind = TextKind { autofocus: true, ..TextKind::LINE };
    view! {
        <form class="form" novalidate on:submit=send>
            <p class="muted">"Nothing is counted by it. The current secret key is taken to be sent, whole and in the right header."</p>
            <ProblemSummary form=FORM problems/>
            <TextField
                form=FORM
                name="permissions"
                label="Permission"
                optional=true
                kind
                value=permissions
                problems
                check=check_permissions
                help="Such as ip.lookup; several with a space between them."
            />
            <TextField
                form=FORM
                name="address"
                label="From address"
                optional=true
                value=address
                problems
                help="Such as 203.0.113.9 or 2001:db8::1."
            />
            <footer class="dialog-footer">
                <button type="button" class="button" on:click=move |_| tab.close()>"Close"</button>
                <SubmitButton label="What would happen?" working="Asking…" pending/>
            </footer>
            <div aria-live="polite">{move || answer.get().map(told)}</div>
        </form>
    }
}

fn told(explanation: Explanation) -> AnyView {
    let Explanation { refusal, steps } = explanation;
    // The rule that refuses may be below the edge of the screen.
    let failed = steps.iter().find(|step| step.verdict == RuleVerdict::Failed).map(|step| step.why.clone());
    let outcome = match refusal {
        None => view! { <Badge tone=Tone::Good word="Allowed" icon=Icon::Check/>" The request would be allowed." }
            .into_any(),
        Some(refusal) => view! {
            <Badge tone=Tone::Lapsed word="Refused" icon=Icon::Close/>" "
            {failed.unwrap_or_else(|| refusal.detail().to_owned())}
            {format!(" It is answered with status {} and ", refusal.status())}
            <code>{refusal.reason()}</code>"."
        }
        .into_any(),
    };
    view! {
        <p class="tester-outcome">{outcome}</p>
        <ol class="rules" aria-label="Every rule in its order">{steps.into_iter().map(rule).collect_view()}</ol>
    }
    .into_any()
}

fn rule(step: RuleStep) -> AnyView {
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
    .into_any()
}
