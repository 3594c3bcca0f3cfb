//! Changing one's own password.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::account::{PASSWORD_MIN, password_length};

use super::{api::password_change, page::Settings};
use crate::{
    features::account::form::checks_itself,
    layout::section::Section,
    ui::{
        browser,
        button::SubmitButton,
        field::judge,
        form::{ProblemSummary, Problems},
        password_field::PasswordField,
    },
};

/// The form's prefix.
const FORM: &str = "password";

fn check_new(text: &str) -> Option<String> {
    judge(password_length(text))
}

/// `Password changed. 2 other sessions have ended.`
fn changed(ended: u64) -> String {
    match ended {
        0 => "Password changed. There was no other session.".to_owned(),
        1 => "Password changed. 1 other session has ended.".to_owned(),
        n => format!("Password changed. {n} other sessions have ended."),
    }
}

/// The form.
#[component]
pub(super) fn PasswordSection(
    settings: Settings,
    /// Whose password: password managers want to know.
    email: String,
) -> impl IntoView {
    let Settings { current, new, sessions, session, toasts, .. } = settings;
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let interactive = checks_itself();
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let (old, chosen) = (current.get_untracked(), new.get_untracked());
        let found = Problems::from_checks([
            ("current", old.is_empty().then(|| "Current password must not be empty.".to_owned())),
            ("new", check_new(&chosen)),
        ]);
        let wrong = !found.is_empty();
        problems.set(found);
        if wrong {
            return;
        }
        session.call(pending, password_change(old, chosen), move |answer| match answer {
            Ok(ended) => {
                for (id, value) in [("password-current", current), ("password-new", new)] {
                    value.set(String::new());
                    browser::set_field_value(id, "");
                }
                toasts.success(changed(ended));
                sessions.refetch();
            }
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <Section id="password" title="Password" sentence="Changing it ends your sessions in every other browser.">
            // Without scripts nothing would answer it; and a password must never get into an address.
            <form method="post" novalidate on:submit=send>
                <fieldset class="form" disabled=move || !interactive.get()>
                    <ProblemSummary form=FORM problems/>
                    <input type="email" autocomplete="username" value=email readonly hidden/>
                    <PasswordField
                        form=FORM
                        name="current"
                        label="Current password"
                        value=current
                        problems
                        autocomplete="current-password"
                    />
                    <PasswordField
                        form=FORM
                        name="new"
                        label="New password"
                        value=new
                        problems
                        autocomplete="new-password"
                        check=check_new
                        help=format!("At least {PASSWORD_MIN} characters. A few unrelated words make a good one.")
                    />
                    <p><SubmitButton label="Change Password" working="Changing…" pending/></p>
                </fieldset>
            </form>
        </Section>
    }
}
