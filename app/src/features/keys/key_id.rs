//! A Key ID, short on the screen and whole in the page.

use leptos::prelude::*;
use shared::KeyId;

/// How many characters at the end always stay visible: ids made in the same minute begin alike.
const TAIL: usize = 6;

/// The ID, cut in the middle by the style where there is no room. The text itself is whole: it can be searched for,
/// selected and read aloud.
#[component]
pub(super) fn ShortKeyId(id: KeyId) -> impl IntoView {
    let text = id.to_string();
    let (head, tail) = text.split_at_checked(text.len().saturating_sub(TAIL)).unwrap_or((&text, ""));
    view! {
        <code class="key-id" title=text.clone()>
            <span class="key-id-head">{head.to_owned()}</span>
            <span class="key-id-tail">{tail.to_owned()}</span>
        </code>
    }
}
