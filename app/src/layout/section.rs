//! A part of a page, in a box.

use leptos::prelude::*;

/// Heading, one sentence, and what is in it.
#[component]
pub fn Section(
    /// Unique on the page.
    id: &'static str,
    /// The heading.
    title: &'static str,
    /// What it is about, in a sentence.
    sentence: &'static str,
    /// What can be done with it, on the right.
    #[prop(default = None)]
    action: Option<AnyView>,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="section" aria-labelledby=id>
            <header>
                <div>
                    <h2 id=id>{title}</h2>
                    <p class="muted">{sentence}</p>
                </div>
                {action}
            </header>
            {children()}
        </section>
    }
}
