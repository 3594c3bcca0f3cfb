//! A moment, said as a person would, with the exact one on hover.

use leptos::prelude::*;
use shared::Timestamp;

/// `5 minutes ago`. Both moments come from the server, so that the text is the same before and after hydration.
#[component]
pub fn Time(
    /// The moment.
    at: Timestamp,
    /// From where it is seen.
    #[prop(into)]
    now: Signal<Timestamp>,
) -> impl IntoView {
    view! {
        <time datetime=at.rfc3339() title=at.exact()>
            {move || at.relative_to(now.get())}
        </time>
    }
}
