//! What needs attention: each kind of key leads to the list of them.

use leptos::prelude::*;
use shared::{
    key::{Attention, EXPIRING_DAYS, UNUSED_DAYS},
    path,
    usage::AttentionItem,
};

use crate::{
    query,
    ui::{
        icon::{Glyph, Icon},
        number::counted,
    },
};

/// `3 keys are due for rotation`
fn said(attention: Attention, keys: u64) -> String {
    let (is, was, has) = if keys == 1 { ("is", "was", "has") } else { ("are", "were", "have") };
    let keys = counted(keys, "key", "keys");
    match attention {
        Attention::Unused => format!("{keys} {has} not been used for {UNUSED_DAYS} days"),
        Attention::Due => format!("{keys} {is} due for rotation"),
        Attention::Expiring => format!("{keys} will expire within {EXPIRING_DAYS} days"),
        Attention::Rising => format!("{keys} {was} refused unusually often in the last 24 hours"),
    }
}

/// The list, or that there is nothing.
#[component]
pub(super) fn AttentionList(items: Vec<AttentionItem>) -> impl IntoView {
    if items.is_empty() {
        return view! { <p class="attention-none"><Glyph icon=Icon::Check/>"Nothing needs your attention."</p> }
            .into_any();
    }
    view! {
        <ul class="attention">
            {items
                .into_iter()
                .map(|AttentionItem { attention, keys, some }| {
                    let more = keys.saturating_sub(some.len() as u64);
                    let mut names = some.join(", ");
                    if more > 0 {
                        names.push_str(&format!(" and {more} more"));
                    }
                    let href = query::href(path::KEYS, [("attention", attention.code().to_owned())]);
                    view! {
                        <li>
                            <a href=href>
                                <Glyph icon=Icon::Warning/>
                                <span>
                                    <strong>{said(attention, keys)}</strong>
                                    <small>{names}</small>
                                </span>
                                <Glyph icon=Icon::Next/>
                            </a>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_is_no_plural() {
        assert_eq!(said(Attention::Due, 1), "1 key is due for rotation");
        assert_eq!(said(Attention::Rising, 2), "2 keys were refused unusually often in the last 24 hours");
    }
}
