//! What the sign-in and the sign-up form have in common.
//!
//! Both are `ActionForm`s: without scripts the browser posts them, and a refusal comes back in the page's address.

use leptos::prelude::*;
use shared::{AppError, account};

use crate::{
    error::ApiResult,
    ui::{
        field::{TextField, TextKind, judge},
        form::Problems,
    },
};

const EMAIL: TextKind =
    TextKind { r#type: "email", autocomplete: "username", required: true, autofocus: false, eager: false };

/// The rule of the email field.
pub(super) fn check_email(text: &str) -> Option<String> {
    judge(account::email(text))
}

/// What was wrong with the form: at first what the server answered, then what the fields say before it is sent again.
pub(crate) fn problems_of(answer: impl Fn() -> Option<ApiResult<()>> + Send + Sync + 'static) -> RwSignal<Problems> {
    let read = |answer: Option<ApiResult<()>>, problems: fn(&AppError) -> Problems| match answer {
        Some(Err(error)) => problems(&error.0),
        _ => Problems::default(),
    };
    // An answer that is there before anything was sent came with the page's address.
    let problems = RwSignal::new(read(untrack(&answer), retold));
    Effect::new(move |first: Option<()>| {
        let answer = answer();
        if first.is_some() {
            problems.set(read(answer, Problems::from_error));
        }
    });
    problems
}

/// What is said of an error in the page's address. Anybody can make up an address, so none of its words are shown: only
/// the kind of the error counts.
fn retold(error: &AppError) -> Problems {
    match error {
        AppError::Invalid { fields } => Problems::from_checks(
            RETOLD
                .into_iter()
                .filter(|(name, _)| fields.iter().any(|field| field.field == *name))
                .map(|(name, says)| (name, Some(says.to_owned()))),
        ),
        AppError::WrongCredentials
        | AppError::TooManyAttempts { .. }
        | AppError::SignUpClosed
        | AppError::Unavailable => Problems::from_error(error),
        _ => Problems::of_the_whole("The form could not be sent. Try again."),
    }
}

/// The fields of both forms, and what is right for each.
const RETOLD: [(&str, &str); 3] = [
    ("email", "Email must look like name@example.com, and must not have an account already."),
    ("password", "Password must have 8 to 128 characters and must not be too easy to guess."),
    ("organization_name", "Organization name must have 1 to 80 characters."),
];

/// Whether the page checks the form. Until it is interactive, the browser's own check is better than none.
pub(crate) fn checks_itself() -> ReadSignal<bool> {
    let (interactive, set_interactive) = signal(false);
    Effect::new(move |_| set_interactive.set(true));
    interactive
}

/// `Email`
#[component]
pub(super) fn EmailField(form: &'static str, value: RwSignal<String>, problems: RwSignal<Problems>) -> impl IntoView {
    view! { <TextField form name="email" label="Email" value problems kind=EMAIL check=check_email/> }
}
