//! The search over the roles. It is in the page's address, so that a view can be linked and the back button works, and
//! without scripts it is a plain form.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate, location::Url};
use shared::{field, path, role::RoleView};

use crate::{
    query,
    ui::{
        browser,
        icon::{Glyph, Icon},
    },
};

/// How long a search text may be; more is cut off.
const MAX: usize = 100;
/// The search field's id.
const SEARCH: &str = "role-search";
/// How long typing has to pause before the address changes.
const PAUSE: Duration = Duration::from_millis(250);
/// Without scripts nothing is asked for by itself. As text, because a browser with scripts does not parse it.
const APPLY: &str = "<button type=\"submit\" class=\"button\">Search</button>";

/// What the page's address searches for.
pub(super) fn read(search: &str) -> String {
    query::value(search, "q").map(|text| field::search(&text, MAX)).unwrap_or_default()
}

/// Whether the search lets a role through. `wanted` is in lower case.
pub(super) fn matches(role: &RoleView, wanted: &str) -> bool {
    role.name.to_lowercase().contains(wanted)
        || role.description.to_lowercase().contains(wanted)
        || role.permissions.names().any(|name| name.contains(wanted))
}

/// The form.
#[component]
pub(super) fn RoleSearch(
    /// What the address asks for.
    wanted: Memo<String>,
) -> impl IntoView {
    let now = wanted.get_untracked();
    let typed = RwSignal::new(now.clone());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    on_cleanup(stop);
    let navigate = StoredValue::new(use_navigate());
    let ask = move || {
        stop();
        let text = field::search(&typed.read_untracked(), MAX);
        if text != *wanted.read_untracked() {
            let options = NavigateOptions { replace: true, scroll: false, resolve: false, ..Default::default() };
            let to = if text.is_empty() {
                path::ROLES.to_owned()
            } else {
                format!("{}?q={}", path::ROLES, Url::escape(&text))
            };
            navigate.read_value()(&to, options);
        }
    };
    // The back button and links change the address too, and the field follows; except for what is being typed.
    Effect::new(move |first: Option<()>| {
        let wanted = wanted.get();
        if first.is_none() {
            // Typed before the page was interactive.
            if let Some(text) = browser::field_value(SEARCH) {
                typed.set(text);
            }
        } else if timer.with_value(Option::is_none) {
            browser::set_field_value(SEARCH, &wanted);
            typed.set(wanted);
        }
    });
    view! {
        <form
            class="filters role-search"
            method="get"
            action=path::ROLES
            role="search"
            aria-label="Search the roles"
            on:submit=move |event| {
                event.prevent_default();
                ask();
            }
        >
            <div class="search-box">
                <Glyph icon=Icon::Search/>
                <input
                    class="input"
                    type="search"
                    id=SEARCH
                    name="q"
                    aria-label="Search roles"
                    placeholder="Search name, description or permission"
                    value=now
                    maxlength=MAX.to_string()
                    autocomplete="off"
                    spellcheck="false"
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        stop();
                        timer.set_value(set_timeout_with_handle(ask, PAUSE).ok());
                    }
                />
            </div>
            <noscript inner_html=APPLY></noscript>
        </form>
    }
}
