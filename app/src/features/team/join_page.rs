//! `/join?token=…`
//!
//! Whoever has the token can become the invited person's account here. So the page names it nowhere but in its form,
//! and leads to no other site, which would be told the address.

use leptos::{prelude::*, web_sys::SubmitEvent};
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{
    AppError, Grants, Permission,
    account::{PASSWORD_MIN, password_length},
    team::InvitationOffer,
};

use super::api::{InvitationAccept, invitation_offer};
use crate::{
    error::ApiResult,
    features::account::form::{checks_itself, problems_of},
    layout::{account_menu::SignOutForm, plain_frame::PlainFrame},
    page_answer::set_status,
    query,
    ui::{
        banner::{Banner, Severity},
        button::SubmitButton,
        field::judge,
        form::{ProblemSummary, Problems},
        password_field::PasswordField,
    },
};

/// The form's prefix.
const FORM: &str = "join";

/// How many permissions are listed without being asked for.
const FEW: usize = 6;

/// The page.
#[component]
pub fn JoinPage() -> impl IntoView {
    let search = use_location().search;
    let token = Memo::new(move |_| query::value(&search.read(), "token").unwrap_or_default());
    let offer = Resource::new_blocking(move || token.get(), invitation_offer);
    view! {
        <Title text="Invitation"/>
        <PlainFrame>
            <div class="join">
                <Suspense fallback=|| view! { <p class="loading" role="status">"Loading…"</p> }>
                    <ByOffer offer token/>
                </Suspense>
            </div>
        </PlainFrame>
    }
}

/// What the link leads to. A component of its own: what is read has to be read below the `Suspense`, or the page would be
/// sent without waiting for it.
#[component]
fn ByOffer(offer: Resource<ApiResult<InvitationOffer>>, token: Memo<String>) -> impl IntoView {
    let answer = Memo::new(move |_| offer.get());
    move || {
        answer.get().map(|answer| match answer {
            Ok(offer) => view! { <Offer offer token=token.get_untracked()/> }.into_any(),
            Err(error) => view! { <NoOffer error=error.0/> }.into_any(),
        })
    }
}

/// The link leads nowhere, or not now.
#[component]
fn NoOffer(error: AppError) -> impl IntoView {
    set_status(error.status());
    view! {
        <h1>"This link cannot be followed"</h1>
        <Banner severity=Severity::Warning><p>{error.to_string()}</p></Banner>
    }
}

/// How somebody shows that the invitation is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// They have no account, and choose a password.
    NewPassword,
    /// They have one, and know its password.
    OwnPassword,
    /// They are signed in with it.
    SignedIn,
}

#[component]
fn Offer(offer: InvitationOffer, token: String) -> impl IntoView {
    let InvitationOffer { organization_name, invited_by, email, role, expires_at, has_account, signed_in_as } = offer;
    let accept = match signed_in_as {
        Some(signed_in) if signed_in != email => {
            let error = AppError::InvitationForAnother { invited: email, signed_in };
            view! {
                <Banner severity=Severity::Warning><p>{error.to_string()}</p><p>"Then open the link again."</p></Banner>
                <SignOutForm class="button"/>
            }
            .into_any()
        }
        signed_in => {
            let proof = match (signed_in, has_account) {
                (Some(_), _) => Proof::SignedIn,
                (None, true) => Proof::OwnPassword,
                (None, false) => Proof::NewPassword,
            };
            view! { <JoinForm token email proof/> }.into_any()
        }
    };
    view! {
        <h1>"Join "{organization_name}</h1>
        <p><strong class="offer-by">{invited_by}</strong>" invites you. The invitation is valid until "{expires_at.exact()}"."</p>
        <section class="offer-role">
            <h2>"You will be "{role.name}</h2>
            <p class="muted">{role.description}</p>
            <Allows permissions=role.permissions/>
        </section>
        {accept}
    }
}

/// What a role lets its holder do, in sentences where the console knows one.
#[component]
fn Allows(permissions: Grants) -> impl IntoView {
    let sentences = permissions
        .names()
        .map(|name| match name.parse::<Permission>() {
            Ok(permission) => view! { <li>{permission.description()}</li> }.into_any(),
            Err(_) => view! { <li><code>{name.to_owned()}</code></li> }.into_any(),
        })
        .collect_view();
    view! {
        <details open=permissions.len() <= FEW>
            <summary>"What this lets you do ("{permissions.len()}")"</summary>
            <ul>{sentences}</ul>
        </details>
    }
}

fn check_new(text: &str) -> Option<String> {
    judge(password_length(text))
}

/// An `ActionForm`: without scripts the browser posts it, and a refusal comes back in the page's address.
#[component]
fn JoinForm(token: String, email: String, proof: Proof) -> impl IntoView {
    let accept = ServerAction::<InvitationAccept>::new();
    let answer = accept.value();
    let password = RwSignal::new(String::new());
    let problems = problems_of(move || answer.get());
    if proof == Proof::OwnPassword && problems.read_untracked().on("password").is_some() {
        // Retold from the address, where nobody knows that there is an account already.
        let wrong = Some("This is not the password of your account.".to_owned());
        problems.set(Problems::from_checks([("password", wrong)]));
    }
    // After a success the next page is on its way: the form stays as it is.
    let pending = Memo::new(move |_| accept.pending().get() || matches!(*answer.read(), Some(Ok(()))));
    let before_sending = move |event: SubmitEvent| {
        let text = password.read_untracked();
        let wrong = match proof {
            Proof::NewPassword => check_new(&text),
            Proof::OwnPassword => text.is_empty().then(|| "Your password must not be empty.".to_owned()),
            Proof::SignedIn => None,
        };
        let found = Problems::from_checks([("password", wrong)]);
        if pending.get_untracked() || !found.is_empty() {
            event.prevent_default();
            problems.set(found);
        }
    };
    let field = match proof {
        Proof::NewPassword => Some(view! {
            <PasswordField
                form=FORM
                value=password
                problems
                autocomplete="new-password"
                check=check_new
                help=format!("You choose it now. At least {PASSWORD_MIN} characters; a few unrelated words make a good one.")
            />
        }),
        Proof::OwnPassword => Some(view! {
            <PasswordField
                form=FORM
                label="Your password"
                value=password
                problems
                autocomplete="current-password"
                help="This email has an account already. The organization is added to it."
            />
        }),
        Proof::SignedIn => None,
    };
    view! {
        <div class="form" on:submit:capture=before_sending>
            <ActionForm action=accept attr:novalidate=checks_itself()>
                <ProblemSummary form=FORM problems/>
                <input type="hidden" name="token" value=token/>
                <div class="field">
                    <div class="field-label"><label for="join-email">"Email"</label></div>
                    // No name: it is not sent. The invitation says whose the account is.
                    <input id="join-email" class="input" type="email" readonly autocomplete="username" value=email/>
                </div>
                {field}
                <SubmitButton label="Join" working="Joining…" pending/>
            </ActionForm>
        </div>
    }
}
