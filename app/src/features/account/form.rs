//! What the sign-in and the sign-up form have in common.
//!
//! Both are `ActionForm`s: without scripts the browser posts them, and a refusal comes back in the page's address.

use leptos::prelude::*;
use shared::account;

use crate::{
    error::ApiResult,
    ui::{
        field::{TextField, TextKind, judge},
        form::Problems,
        icon::{Glyph, Icon},
    },
};

const EMAIL: TextKind =
    TextKind { r#type: "email", autocomplete: "username", required: true, autofocus: false, eager: false };

/// The rule of the email field.
pub(super) fn check_email(text: &str) -> Option<String> {
    judge(account::email(text))
}

/// What was wrong with the form: at first what the server answered, then what the fields say before it is sent again.
pub(super) fn problems_of(answer: impl Fn() -> Option<ApiResult<()>> + Send + Sync + 'static) -> RwSignal<Problems> {
    let read = move |answer: Option<ApiResult<()>>| match answer {
        Some(Err(error)) => Problems::from_error(&error.0),
        _ => Problems::default(),
    };
    let problems = RwSignal::new(read(untrack(&answer)));
    Effect::new(move |first: Option<()>| {
        let answer = answer();
        if first.is_some() {
            problems.set(read(answer));
        }
    });
    problems
}

/// Whether the page checks the form. Until it is interactive, the browser's own check is better than none.
pub(super) fn checks_itself() -> ReadSignal<bool> {
    let (interactive, set_interactive) = signal(false);
    Effect::new(move |_| set_interactive.set(true));
    interactive
}

/// `Email`
#[component]
pub(super) fn EmailField(form: &'static str, value: RwSignal<String>, problems: RwSignal<Problems>) -> impl IntoView {
    view! { <TextField form name="email" label="Email" value problems kind=EMAIL check=check_email/> }
}

/// `Password`, with a button that shows it.
#[component]
pub(super) fn PasswordField(
    form: &'static str,
    value: RwSignal<String>,
    problems: RwSignal<Problems>,
    /// What a password manager should offer: the one it knows or a new one.
    autocomplete: &'static str,
    /// What to know about it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
) -> impl IntoView {
    let revealed = RwSignal::new(false);
    let kind = TextKind { r#type: "password", autocomplete, required: true, autofocus: false, eager: false };
    view! {
        <TextField
            form
            name="password"
            label="Password"
            value
            problems
            kind
            help
            revealed
            beside=move || view! {
                <button
                    type="button"
                    class="button-icon needs-scripts"
                    aria-label="Show password"
                    title="Show password"
                    aria-pressed=move || if revealed.get() { "true" } else { "false" }
                    on:click=move |_| revealed.update(|revealed| *revealed = !*revealed)
                >
                    <Glyph icon=Icon::Eye/>
                </button>
            }
        />
    }
}
