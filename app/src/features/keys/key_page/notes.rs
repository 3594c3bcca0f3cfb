//! What people have written down about the key, and where it is deployed.

use leptos::prelude::*;
use shared::key::KeyView;

use crate::layout::section::Section;

/// The section.
pub(super) fn section(key: &KeyView, edit: Option<AnyView>) -> AnyView {
    let written = written(key);
    view! {
        <Section
            id="notes"
            title="Notes"
            sentence="What to know about this key. No secret belongs here."
            action=edit
        >
            {written}
        </Section>
    }
    .into_any()
}

/// Both texts.
pub(super) fn written(key: &KeyView) -> AnyView {
    let or_none = |text: &str| if text.is_empty() { "Nothing yet".to_owned() } else { text.to_owned() };
    view! {
        <dl class="facts">
            <dt>"Where deployed"</dt>
            <dd class="written">{or_none(&key.deployed_to)}</dd>
            <dt>"Notes"</dt>
            <dd class="written">{or_none(&key.notes)}</dd>
        </dl>
    }
    .into_any()
}
