//! Search.

use leptos::prelude::*;
use shared::{
    field, path,
    whitelist::{SEARCH_MAX, WhitelistListParams},
};

use super::{list_url, tab::Tab};
use crate::ui::filters::{Search, SearchForm};

/// The form.
#[component]
pub(super) fn Filters(tab: Tab) -> impl IntoView {
    let params = tab.params;
    let search = Search::new("filter-search", Signal::derive(move || params.read().search.clone()));
    // The list starts at its first page again.
    let ask = move |()| {
        let wanted = WhitelistListParams { search: field::search(&search.take(), SEARCH_MAX), page: 1 };
        if wanted != params.get_untracked() {
            search.go(list_url::href(&wanted));
        }
    };
    view! {
        <SearchForm
            search
            action=path::WHITELIST
            label="Filter the whitelist"
            placeholder="Search address or label"
            max=SEARCH_MAX
            on_ask=Callback::new(ask)
            filtered=Signal::derive(move || !params.read().search.is_empty())
        />
    }
}
