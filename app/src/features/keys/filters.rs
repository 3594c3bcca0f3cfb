//! Search, filters and sorting.

use leptos::prelude::*;
use shared::{
    key::{self, Attention, Environment, KeyListParams, KeySort, SEARCH_MAX, StatusFilter, UNUSED_DAYS},
    path,
    role::RoleChoice,
};

use super::list_url;
use crate::{
    features::roles::role_choice::RoleFilter,
    ui::{
        browser,
        field::SelectOption,
        filters::{FilterSelect, Search, SearchForm},
    },
};

/// The search field's id; the keyboard shortcut focuses it.
pub(super) const SEARCH: &str = "filter-search";
const UNUSED: &str = "filter-unused";

/// The form.
#[component]
pub(super) fn Filters(params: Memo<KeyListParams>, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let search = Search::new(SEARCH, Signal::derive(move || params.read().search.clone()));
    // The text being typed goes along with whatever else is changed; the list starts at its first page again.
    let ask = move |change: &dyn Fn(&mut KeyListParams)| {
        let mut wanted = params.get_untracked();
        wanted.search = key::search(&search.take());
        wanted.page = 1;
        change(&mut wanted);
        if wanted != params.get_untracked() {
            search.go(list_url::href(&wanted));
        }
    };
    Effect::new(move |first: Option<()>| {
        let unused = params.read().unused;
        if first.is_some() {
            browser::set_checked(UNUSED, unused);
        }
    });
    let environments = Environment::ALL.iter().map(|one| SelectOption::new(one.code(), one.label()));
    let environments: Vec<_> = std::iter::once(SelectOption::any()).chain(environments).collect();
    let statuses: Vec<_> = StatusFilter::ALL.iter().map(|one| SelectOption::new(one.code(), one.label())).collect();
    let attentions = Attention::ALL.iter().map(|one| SelectOption::new(one.code(), one.label()));
    let attentions: Vec<_> = std::iter::once(SelectOption::any()).chain(attentions).collect();
    let sorts: Vec<_> = KeySort::ALL.iter().map(|one| SelectOption::new(one.code(), one.label())).collect();
    view! {
        <SearchForm
            search
            action=path::KEYS
            label="Filter the keys"
            placeholder="Search name, Key ID or last 4 characters"
            max=SEARCH_MAX
            shortcut="/"
            on_ask=Callback::new(move |()| ask(&|_| ()))
            filtered=Signal::derive(move || params.read().is_filtered())
        >
            <RoleFilter
                roles
                chosen=Signal::derive(move || params.read().role)
                on_choose=Callback::new(move |role| ask(&|params| params.role = role))
            />
            <FilterSelect
                id="filter-environment"
                name="environment"
                label="Environment"
                options=Signal::stored(environments)
                chosen=Signal::derive(move || params.read().environment.map_or("", Environment::code).to_owned())
                on_choose=Callback::new(move |code: String| {
                    ask(&|params| params.environment = Environment::from_code(&code));
                })
            />
            <FilterSelect
                id="filter-status"
                name="status"
                label="Status"
                options=Signal::stored(statuses)
                chosen=Signal::derive(move || params.read().status.code().to_owned())
                on_choose=Callback::new(move |code: String| {
                    ask(&|params| params.status = StatusFilter::from_code(&code).unwrap_or(StatusFilter::Current));
                })
            />
            <FilterSelect
                id="filter-attention"
                name="attention"
                label="Attention"
                options=Signal::stored(attentions)
                chosen=Signal::derive(move || params.read().attention.map_or("", Attention::code).to_owned())
                on_choose=Callback::new(move |code: String| {
                    ask(&|params| params.attention = Attention::from_code(&code));
                })
            />
            <FilterSelect
                id="filter-sort"
                name="sort"
                label="Sort"
                options=Signal::stored(sorts)
                chosen=Signal::derive(move || params.read().sort.code().to_owned())
                on_choose=Callback::new(move |code: String| {
                    let sort = KeySort::from_code(&code).unwrap_or(KeySort::Created);
                    ask(&|params| {
                        params.sort = sort;
                        params.ascending = list_url::starts_ascending(sort);
                    });
                })
            />
            <label class="filter filter-check" title=format!("No request for {UNUSED_DAYS} days")>
                <input
                    type="checkbox"
                    id=UNUSED
                    name="unused"
                    value="true"
                    checked=params.read_untracked().unused
                    on:change=move |event| ask(&|params| params.unused = event_target_checked(&event))
                />
                <span>"Unused"</span>
            </label>
        </SearchForm>
    }
}
