//! Search, filters and sorting: a plain form that asks for another address. With scripts, every change asks at once.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    key::{self, Environment, KeyListParams, KeySort, SEARCH_MAX, StatusFilter, UNUSED_DAYS},
    path,
    role::RoleChoice,
};

use super::{list_url, tab::Tab};
use crate::ui::{
    browser,
    icon::{Glyph, Icon},
};

/// The search field's id; the keyboard shortcut focuses it.
pub(super) const SEARCH: &str = "filter-search";
const ROLE: &str = "filter-role";
const ENVIRONMENT: &str = "filter-environment";
const STATUS: &str = "filter-status";
const UNUSED: &str = "filter-unused";
const SORT: &str = "filter-sort";

/// Without scripts nothing is asked for by itself. As text, because a browser with scripts does not parse it.
const APPLY: &str = "<button type=\"submit\" class=\"button\">Apply</button>";

/// How long typing has to pause before the search is asked for.
const PAUSE: Duration = Duration::from_millis(250);

/// The form.
#[component]
pub(super) fn Filters(tab: Tab, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let params = tab.params;
    let now = params.get_untracked();
    let typed = RwSignal::new(now.search.clone());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    on_cleanup(stop);
    let navigate = StoredValue::new(use_navigate());
    // The text being typed goes along with whatever else is changed; the list starts at its first page again.
    let ask = move |change: &dyn Fn(&mut KeyListParams)| {
        stop();
        let mut wanted = params.get_untracked();
        wanted.search = key::search(&typed.read_untracked());
        wanted.page = 1;
        change(&mut wanted);
        if wanted != params.get_untracked() {
            let options = NavigateOptions { replace: true, scroll: false, resolve: false, ..Default::default() };
            navigate.read_value()(&list_url::href(&wanted), options);
        }
    };
    let later = move || {
        stop();
        timer.set_value(set_timeout_with_handle(move || ask(&|_| ()), PAUSE).ok());
    };
    // The back button and links change the address too, and the form follows; except for what is being typed.
    Effect::new(move |first: Option<()>| {
        let params = params.get();
        if first.is_none() {
            // Typed before the page was interactive.
            if let Some(text) = browser::field_value(SEARCH) {
                typed.set(text);
            }
            return;
        }
        if timer.with_value(Option::is_none) {
            browser::set_field_value(SEARCH, &params.search);
            typed.set(params.search);
        }
        browser::set_select_value(ROLE, &params.role.map(|role| role.to_string()).unwrap_or_default());
        browser::set_select_value(ENVIRONMENT, params.environment.map_or("", Environment::code));
        browser::set_select_value(STATUS, params.status.code());
        browser::set_select_value(SORT, params.sort.code());
        browser::set_checked(UNUSED, params.unused);
    });
    let chosen_role = now.role;
    let role_options = move || {
        roles
            .get()
            .into_iter()
            .map(|role| {
                let selected = chosen_role == Some(role.id);
                view! { <option value=role.id.to_string() selected=selected>{role.name}</option> }
            })
            .collect_view()
    };
    view! {
        <form
            class="filters"
            method="get"
            action=path::KEYS
            role="search"
            aria-label="Filter the keys"
            on:submit=move |event| {
                event.prevent_default();
                ask(&|_| ());
            }
        >
            <div class="search-box">
                <Glyph icon=Icon::Search/>
                <input
                    class="input"
                    type="search"
                    id=SEARCH
                    name="q"
                    aria-label="Search"
                    placeholder="Search name, Key ID or last 4 characters"
                    value=now.search
                    maxlength=SEARCH_MAX.to_string()
                    autocomplete="off"
                    spellcheck="false"
                    aria-keyshortcuts="/"
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        later();
                    }
                />
                <kbd aria-hidden="true" class="needs-scripts">"/"</kbd>
            </div>
            <label class="filter">
                <span>"Role"</span>
                <select
                    id=ROLE
                    name="role"
                    on:change=move |event| ask(&|params| params.role = event_target_value(&event).parse().ok())
                >
                    <option value="" selected=now.role.is_none()>"Any"</option>
                    {role_options}
                </select>
            </label>
            <label class="filter">
                <span>"Environment"</span>
                <select
                    id=ENVIRONMENT
                    name="environment"
                    on:change=move |event| {
                        ask(&|params| params.environment = Environment::from_code(&event_target_value(&event)));
                    }
                >
                    <option value="" selected=now.environment.is_none()>"Any"</option>
                    {Environment::ALL
                        .iter()
                        .map(|environment| view! {
                            <option value=environment.code() selected=now.environment == Some(*environment)>
                                {environment.label()}
                            </option>
                        })
                        .collect_view()}
                </select>
            </label>
            <label class="filter">
                <span>"Status"</span>
                <select
                    id=STATUS
                    name="status"
                    on:change=move |event| {
                        let status = StatusFilter::from_code(&event_target_value(&event)).unwrap_or(StatusFilter::Current);
                        ask(&|params| params.status = status);
                    }
                >
                    {StatusFilter::ALL
                        .iter()
                        .map(|status| view! {
                            <option value=status.code() selected=now.status == *status>{status.label()}</option>
                        })
                        .collect_view()}
                </select>
            </label>
            <label class="filter">
                <span>"Sort"</span>
                <select
                    id=SORT
                    name="sort"
                    on:change=move |event| {
                        let sort = KeySort::from_code(&event_target_value(&event)).unwrap_or(KeySort::Created);
                        ask(&|params| {
                            params.sort = sort;
                            params.ascending = list_url::starts_ascending(sort);
                        });
                    }
                >
                    {KeySort::ALL
                        .iter()
                        .map(|sort| view! {
                            <option value=sort.code() selected=now.sort == *sort>{sort.label()}</option>
                        })
                        .collect_view()}
                </select>
            </label>
            <label class="filter filter-check" title=format!("No request for {UNUSED_DAYS} days")>
                <input
                    type="checkbox"
                    id=UNUSED
                    name="unused"
                    value="true"
                    checked=now.unused
                    on:change=move |event| ask(&|params| params.unused = event_target_checked(&event))
                />
                <span>"Unused"</span>
            </label>
            <noscript inner_html=APPLY></noscript>
            <Show when=move || params.read().is_filtered()>
                <a class="button button-quiet" href=path::KEYS>"Clear filters"</a>
            </Show>
        </form>
    }
}
