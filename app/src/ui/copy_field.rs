//! A line of text that is there to be copied.

use leptos::prelude::*;

use super::copy::CopyButton;

/// The line in a field that cannot be changed, and the button that copies it.
#[component]
pub fn CopyField(
    /// The field's id, unique on the page.
    id: &'static str,
    /// The label.
    label: &'static str,
    /// The line.
    #[prop(into)]
    text: String,
    /// What the button copies, for its label: "invitation link".
    what: &'static str,
    /// What to know about it.
    #[prop(optional)]
    help: Option<&'static str>,
) -> impl IntoView {
    view! {
        <div class="field">
            <div class="field-label"><label for=id>{label}</label></div>
            <div class="input-row">
                <input id=id class="input mono" readonly value=text.clone() spellcheck="false" autocomplete="off"/>
                <CopyButton text what selects=id/>
            </div>
            {help.map(|help| view! { <p class="field-help">{help}</p> })}
        </div>
    }
}
