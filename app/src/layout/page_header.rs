//! The top of a page.

use leptos::prelude::*;

/// Title, one sentence, and the page's main action on the right.
#[component]
pub fn PageHeader(
    /// The title.
    title: &'static str,
    /// What the page is for.
    #[prop(optional)]
    sentence: Option<&'static str>,
    /// The main action.
    #[prop(optional, into)]
    action: ViewFnOnce,
) -> impl IntoView {
    view! {
        <header class="page-header">
            <div>
                <h1>{title}</h1>
                {sentence.map(|sentence| view! { <p>{sentence}</p> })}
            </div>
            <div class="page-header-action">{action.run()}</div>
        </header>
    }
}
