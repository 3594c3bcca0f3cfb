//! Text that is there to be copied.

use leptos::prelude::*;

use super::copy::CopyButton;

/// The text in a field that cannot be changed, and the button that copies it.
#[component]
pub fn CopyField(
    /// The field's id, unique on the page.
    id: &'static str,
    /// The label.
    label: &'static str,
    /// The text.
    #[prop(into)]
    text: String,
    /// What the button copies, for its label: "invitation link".
    what: &'static str,
    /// How many lines are shown of a text that is too long for one. It breaks anywhere.
    #[prop(optional)]
    rows: Option<u8>,
    /// What to know about it.
    #[prop(optional)]
    help: Option<&'static str>,
) -> impl IntoView {
    let field = match rows {
        None => {
            view! { <input id=id class="input mono" readonly value=text.clone() spellcheck="false" autocomplete="off"/> }
                .into_any()
        }
        Some(rows) => view! {
            <textarea id=id class="input mono-lines" readonly rows=rows.to_string() spellcheck="false" autocomplete="off">
                {text.clone()}
            </textarea>
        }
        .into_any(),
    };
    view! {
        <div class="field">
            <div class="field-label"><label for=id>{label}</label></div>
            <div class="input-row">
                {field}
                <CopyButton text what selects=id/>
            </div>
            {help.map(|help| view! { <p class="field-help">{help}</p> })}
        </div>
    }
}
