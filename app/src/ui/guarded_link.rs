//! A link that looks like a button, and that some people may not follow: it is there for them too, and says why.

use leptos::prelude::*;

use super::button::GuardedButton;

/// The link, or a button that cannot be pressed.
#[component]
pub fn GuardedLink(
    /// What is on it.
    label: &'static str,
    /// Where it leads.
    href: String,
    /// Its looks.
    #[prop(default = "button")]
    class: &'static str,
    /// Why it cannot be followed; `None` when it can.
    refused: Option<String>,
) -> impl IntoView {
    match refused {
        None => view! { <a class=class href=href>{label}</a> }.into_any(),
        Some(why) => view! {
            <GuardedButton label class refused=Signal::stored(Some(why)) on_press=Callback::new(|()| ())/>
        }
        .into_any(),
    }
}
