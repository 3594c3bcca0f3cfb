//! `/sign-up`

use leptos::{prelude::*, web_sys::SubmitEvent};
use leptos_meta::Title;
use shared::{
    AppError,
    account::{self, PASSWORD_MIN, SignUp as Policy},
    path,
};

use super::{
    api::{SignUp, sign_up_policy},
    form::{EmailField, check_email, checks_itself, problems_of},
};
use crate::{
    error::ApiResult,
    layout::plain_frame::PlainFrame,
    page_answer::{GoTo, set_status},
    session::Session,
    ui::{
        banner::{Banner, Severity},
        button::SubmitButton,
        field::{TextField, TextKind, judge},
        form::{ProblemSummary, Problems},
        password_field::PasswordField,
    },
};

/// The form's prefix.
const FORM: &str = "sign-up";

/// The page.
#[component]
pub fn SignUpPage() -> impl IntoView {
    let policy = Resource::new_blocking(|| (), |()| sign_up_policy());
    view! {
        <Title text="Create account"/>
        <PlainFrame>
            <h1>"Create your account"</h1>
            <Suspense fallback=|| view! { <p class="loading" role="status">"Loading…"</p> }>
                <ByPolicy policy/>
            </Suspense>
            <p class="plain-frame-else">"Have an account? "<a href=path::SIGN_IN>"Sign in"</a></p>
        </PlainFrame>
    }
}

/// The form while strangers may make accounts, and what to do when not.
#[component]
fn ByPolicy(policy: Resource<ApiResult<Policy>>) -> impl IntoView {
    let session = Session::get();
    let policy = Memo::new(move |_| policy.get());
    let signed_in = Memo::new(move |_| matches!(session.known(), Some(Ok(Some(_)))));
    let form = move |policy: ApiResult<Policy>| match policy {
        Ok(Policy::Open) => view! { <SignUpForm/> }.into_any(),
        Ok(Policy::Closed) => {
            set_status(403);
            view! { <Banner severity=Severity::Note><p>{AppError::SignUpClosed.to_string()}</p></Banner> }.into_any()
        }
        Err(error) => view! { <Banner severity=Severity::Error><p>{error.to_string()}</p></Banner> }.into_any(),
    };
    move || {
        if signed_in.get() { Some(view! { <GoTo to=path::KEYS/> }.into_any()) } else { policy.get().map(form) }
    }
}

fn check_organization(text: &str) -> Option<String> {
    judge(account::organization_name(text))
}

/// How far the password is from being long enough, said while it is typed. Whether it is too common, the server says.
fn password_help(text: &str) -> String {
    match text.chars().count() {
        0 => format!("At least {PASSWORD_MIN} characters. A few unrelated words make a good one."),
        _ => judge(account::password_length(text)).unwrap_or_else(|| "Long enough.".to_owned()),
    }
}

#[component]
fn SignUpForm() -> impl IntoView {
    let sign_up = ServerAction::<SignUp>::new();
    let answer = sign_up.value();
    let [email, password, organization] = [(); 3].map(|()| RwSignal::new(String::new()));
    let problems = problems_of(move || answer.get());
    // After a success the next page is on its way: the form stays as it is.
    let pending = Memo::new(move |_| sign_up.pending().get() || matches!(*answer.read(), Some(Ok(()))));
    let before_sending = move |event: SubmitEvent| {
        let found = Problems::from_checks([
            ("email", check_email(&email.read_untracked())),
            ("password", judge(account::password_length(&password.read_untracked()))),
            ("organization_name", check_organization(&organization.read_untracked())),
        ]);
        if pending.get_untracked() || !found.is_empty() {
            event.prevent_default();
            problems.set(found);
        }
    };
    let kind = TextKind { autocomplete: "organization", required: true, ..TextKind::LINE };
    view! {
        <div class="form" on:submit:capture=before_sending>
            <ActionForm action=sign_up attr:novalidate=checks_itself()>
                <ProblemSummary form=FORM problems/>
                <EmailField form=FORM value=email problems/>
                <PasswordField
                    form=FORM
                    value=password
                    problems
                    autocomplete="new-password"
                    help=Signal::derive(move || Some(password_help(&password.read())))
                />
                <TextField
                    form=FORM
                    name="organization_name"
                    label="Organization name"
                    value=organization
                    problems
                    kind
                    check=check_organization
                    help="Keys belong to the organization and outlive whoever made them."
                />
                <SubmitButton label="Create account" working="Creating account…" pending/>
            </ActionForm>
        </div>
    }
}
