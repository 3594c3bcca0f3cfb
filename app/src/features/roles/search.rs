//! The search over the roles.

use leptos::prelude::*;
use shared::{field, path, role::SEARCH_MAX as MAX};

use crate::{
    query,
    ui::filters::{Search, SearchForm},
};

/// What the page's address searches for.
pub(super) fn read(search: &str) -> String {
    query::value(search, "q").map(|text| field::search(&text, MAX)).unwrap_or_default()
}

/// The form.
#[component]
pub(super) fn RoleSearch(
    /// What the address asks for.
    wanted: Memo<String>,
) -> impl IntoView {
    let search = Search::new("role-search", wanted.into());
    let ask = move |()| {
        let text = field::search(&search.take(), MAX);
        if text != *wanted.read_untracked() {
            let asked = (!text.is_empty()).then_some(("q", text));
            search.go(query::href(path::ROLES, asked));
        }
    };
    view! {
        <SearchForm
            search
            action=path::ROLES
            label="Search the roles"
            field="Search roles"
            placeholder="Search name, description or permission"
            max=MAX
            apply="Search"
            on_ask=Callback::new(ask)
        />
    }
}
