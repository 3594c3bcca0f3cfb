//! A password, with a button that shows it.

use leptos::prelude::*;

use super::{
    field::{Check, TextField, TextKind},
    form::Problems,
    icon::{Glyph, Icon},
};

/// The field and the button.
#[component]
pub fn PasswordField(
    /// The form's prefix.
    form: &'static str,
    /// The field's name in the form.
    #[prop(default = "password")]
    name: &'static str,
    /// The label.
    #[prop(default = "Password")]
    label: &'static str,
    /// What is in it.
    value: RwSignal<String>,
    /// What is wrong with the form as last sent.
    problems: RwSignal<Problems>,
    /// What a password manager should offer: the one it knows or a new one.
    autocomplete: &'static str,
    /// What to know about it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// Its rule, applied once the person has left it.
    #[prop(optional)]
    check: Option<Check>,
) -> impl IntoView {
    let revealed = RwSignal::new(false);
    let kind = TextKind { r#type: "password", autocomplete, required: true, autofocus: false, eager: false };
    view! {
        <TextField
            form
            name
            label
            value
            problems
            kind
            help
            check=check.unwrap_or(|_| None)
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
