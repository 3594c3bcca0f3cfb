//! Search and filter: a plain form that asks for another address. With scripts, every change asks at once.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    field, path,
    role::RoleChoice,
    team::{SEARCH_MAX, TeamListParams},
};

use super::{list_url, tab::Tab};
use crate::ui::{
    browser,
    icon::{Glyph, Icon},
};

const SEARCH: &str = "filter-search";
const ROLE: &str = "filter-role";

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
    // The text being typed goes along with the role; the list starts at its first page again.
    let ask = move |change: &dyn Fn(&mut TeamListParams)| {
        stop();
        let mut wanted = params.get_untracked();
        wanted.search = field::search(&typed.read_untracked(), SEARCH_MAX);
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
    });
    let role_options = move || {
        roles
            .get()
            .into_iter()
            .map(|role| {
                let selected = now.role == Some(role.id);
                view! { <option value=role.id.to_string() selected=selected>{role.name}</option> }
            })
            .collect_view()
    };
    view! {
        <form
            class="filters"
            method="get"
            action=path::TEAM
            role="search"
            aria-label="Filter the team"
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
                    placeholder="Search email"
                    value=now.search
                    maxlength=SEARCH_MAX.to_string()
                    autocomplete="off"
                    spellcheck="false"
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        later();
                    }
                />
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
            <noscript inner_html=APPLY></noscript>
            <Show when=move || params.read().is_filtered()>
                <a class="button button-quiet" href=path::TEAM>"Clear filters"</a>
            </Show>
        </form>
    }
}
