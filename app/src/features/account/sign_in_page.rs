//! `/sign-in`

use leptos::{prelude::*, web_sys::SubmitEvent};
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{account::SignUp, path};

use super::{
    api::{SignIn, sign_up_policy},
    form::{EmailField, check_email, checks_itself, problems_of},
};
use crate::{
    layout::plain_frame::PlainFrame,
    page_answer::GoTo,
    query,
    session::{Session, has_ended},
    ui::{
        banner::{Banner, Severity},
        button::SubmitButton,
        form::{ProblemSummary, Problems},
        password_field::PasswordField,
    },
};

/// The form's prefix.
const FORM: &str = "sign-in";

/// The page.
#[component]
pub fn SignInPage() -> impl IntoView {
    let search = use_location().search;
    let next = Memo::new(move |_| query::value(&search.read(), "next"));
    let ended = Memo::new(move |_| has_ended(&search.read()));
    let policy = Resource::new(|| (), |()| sign_up_policy());
    view! {
        <Title text="Sign in"/>
        <PlainFrame>
            <h1>"Sign in"</h1>
            <Show when=move || ended.get()>
                <div role="status">
                    <Banner severity=Severity::Note><p>"Your session has ended. Sign in to go on."</p></Banner>
                </div>
            </Show>
            <SignInForm next/>
            <Suspense>
                <AlreadySignedIn next/>
                {move || {
                    let open = policy.get().is_some_and(|policy| policy == Ok(SignUp::Open));
                    open.then(|| view! {
                        <p class="plain-frame-else">"No account yet? "<a href=path::SIGN_UP>"Create an account"</a></p>
                    })
                }}
            </Suspense>
        </PlainFrame>
    }
}

/// Whoever is signed in already goes where they wanted to.
#[component]
fn AlreadySignedIn(next: Memo<Option<String>>) -> impl IntoView {
    let session = Session::get();
    let signed_in = Memo::new(move |_| matches!(session.known(), Some(Ok(Some(_)))));
    move || {
        signed_in.get().then(|| {
            let next = next.read_untracked();
            view! { <GoTo to=path::after_sign_in(next.as_deref())/> }
        })
    }
}

#[component]
fn SignInForm(next: Memo<Option<String>>) -> impl IntoView {
    let sign_in = ServerAction::<SignIn>::new();
    let answer = sign_in.value();
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let problems = problems_of(move || answer.get());
    // After a success the next page is on its way: the form stays as it is.
    let pending = Memo::new(move |_| sign_in.pending().get() || matches!(*answer.read(), Some(Ok(()))));
    let before_sending = move |event: SubmitEvent| {
        let found = Problems::from_checks([
            ("email", check_email(&email.read_untracked())),
            ("password", password.read_untracked().is_empty().then(|| "Password must not be empty.".to_owned())),
        ]);
        if pending.get_untracked() || !found.is_empty() {
            event.prevent_default();
            problems.set(found);
        }
    };
    view! {
        <div class="form" on:submit:capture=before_sending>
            <ActionForm action=sign_in attr:novalidate=checks_itself()>
                <ProblemSummary form=FORM problems/>
                {move || next.get().map(|next| view! { <input type="hidden" name="next" value=next/> })}
                <EmailField form=FORM value=email problems/>
                <PasswordField form=FORM value=password problems autocomplete="current-password"/>
                <SubmitButton label="Sign in" working="Signing in…" pending/>
            </ActionForm>
        </div>
    }
}
