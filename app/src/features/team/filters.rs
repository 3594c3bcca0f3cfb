//! Search and filter.

use leptos::prelude::*;
use shared::{
    field, path,
    role::RoleChoice,
    team::{SEARCH_MAX, TeamListParams},
};

use super::{list_url, tab::Tab};
use crate::{
    features::roles::role_choice::RoleFilter,
    ui::filters::{Search, SearchForm},
};

/// The form.
#[component]
pub(super) fn Filters(tab: Tab, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let params = tab.params;
    let search = Search::new("filter-search", Signal::derive(move || params.read().search.clone()));
    // The text being typed goes along with the role; the list starts at its first page again.
    let ask = move |change: &dyn Fn(&mut TeamListParams)| {
        let mut wanted = params.get_untracked();
        wanted.search = field::search(&search.take(), SEARCH_MAX);
        wanted.page = 1;
        change(&mut wanted);
        if wanted != params.get_untracked() {
            search.go(list_url::href(&wanted));
        }
    };
    view! {
        <SearchForm
            search
            action=path::TEAM
            label="Filter the team"
            placeholder="Search email"
            max=SEARCH_MAX
            on_ask=Callback::new(move |()| ask(&|_| ()))
            filtered=Signal::derive(move || params.read().is_filtered())
        >
            <RoleFilter
                roles
                chosen=Signal::derive(move || params.read().role)
                on_choose=Callback::new(move |role| ask(&|params| params.role = role))
            />
        </SearchForm>
    }
}
