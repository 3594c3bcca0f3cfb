//! Which alerts are shown.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    alert::{AlertFilter, AlertKind, AlertListParams, KeyRef},
    path,
};

use super::{list_url, tab::Tab};
use crate::ui::{field::SelectOption, filters::FilterSelect};

/// What sends the form where nothing is asked for by itself. Written in place, it would be taken for an attribute.
const APPLY: &str = "<button type=\"submit\" class=\"button\">Apply</button>";

/// The form. It asks for another address of the page.
#[component]
pub(super) fn Filters(
    tab: Tab,
    /// The key that the list is narrowed to.
    key: Memo<Option<KeyRef>>,
) -> impl IntoView {
    let params = tab.params;
    let navigate = use_navigate();
    let go = Callback::new(move |wanted: AlertListParams| {
        let options = NavigateOptions { replace: true, scroll: false, resolve: false, ..Default::default() };
        navigate(&list_url::href(&wanted), options);
    });
    let states: Vec<_> = AlertFilter::ALL.iter().map(|one| SelectOption::new(one.code(), one.label())).collect();
    let kinds = AlertKind::ALL.iter().map(|one| SelectOption::new(one.code(), one.label()));
    let kinds: Vec<_> = std::iter::once(SelectOption::any()).chain(kinds).collect();
    view! {
        <form class="filters" method="get" action=path::ALERTS role="search" aria-label="Filter the alerts">
            <FilterSelect
                id="filter-state"
                name="state"
                label="Show"
                options=Signal::stored(states)
                chosen=Signal::derive(move || params.read().state.code().to_owned())
                on_choose=Callback::new(move |code: String| {
                    let state = AlertFilter::from_code(&code).unwrap_or(AlertFilter::Open);
                    go.run(AlertListParams { state, page: 1, ..params.get_untracked() });
                })
            />
            <FilterSelect
                id="filter-kind"
                name="kind"
                label="Kind"
                options=Signal::stored(kinds)
                chosen=Signal::derive(move || params.read().kind.map_or("", AlertKind::code).to_owned())
                on_choose=Callback::new(move |code: String| {
                    go.run(AlertListParams { kind: AlertKind::from_code(&code), page: 1, ..params.get_untracked() });
                })
            />
            {move || params.read().key.map(|key| view! { <input type="hidden" name="key" value=key.to_string()/> })}
            {move || key.get().map(|key| view! { <span class="tag">"Key: "{key.name}</span> })}
            // As text, because a browser with scripts does not parse it.
            <noscript inner_html=APPLY></noscript>
            <Show when=move || params.read().is_filtered()>
                <a class="button button-quiet" href=path::ALERTS>"Clear filters"</a>
            </Show>
        </form>
    }
}
