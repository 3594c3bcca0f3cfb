//! Search and filters.

use leptos::prelude::*;
use shared::{
    Timestamp,
    audit::{AuditParams, Outcome, SEARCH_MAX},
    field, path,
};

use super::list_url::{self, Asked};
use crate::ui::{
    browser,
    field::SelectOption,
    filters::{FilterSelect, Search, SearchForm},
    icon::{Glyph, Icon},
};

/// What the names of actions start with, and what they are about.
const GROUPS: [(&str, &str); 12] = [
    ("key", "API keys"),
    ("role", "Roles"),
    ("permission", "Permissions"),
    ("member", "Members"),
    ("invitation", "Invitations"),
    ("ownership", "Ownership"),
    ("organization", "Organization"),
    ("whitelist", "Whitelist"),
    ("alert", "Alerts"),
    ("session", "Sign-ins"),
    ("account", "Passwords"),
    ("page", "Pages"),
];

const FROM: &str = "filter-from";
const TO: &str = "filter-to";

/// The form.
#[component]
pub(super) fn Filters(asked: Memo<Asked>) -> impl IntoView {
    let params = Memo::new(move |_| asked.read().0.clone());
    let search = Search::new("filter-search", Signal::derive(move || params.read().search.clone()));
    // The text being typed goes along with whatever else is changed; the list starts at the newest entry again.
    let ask = move |change: &dyn Fn(&mut AuditParams)| {
        let mut wanted = params.get_untracked();
        wanted.search = field::search(&search.take(), SEARCH_MAX);
        change(&mut wanted);
        if wanted != params.get_untracked() {
            search.go(list_url::href(&wanted));
        }
    };
    let groups = GROUPS.iter().map(|(word, label)| SelectOption::new(*word, *label));
    let groups: Vec<_> = std::iter::once(SelectOption::any()).chain(groups).collect();
    let outcomes = vec![
        SelectOption::any(),
        SelectOption::new(Outcome::Done.code(), "Done"),
        SelectOption::new(Outcome::Refused.code(), "Refused"),
    ];
    let group = move || {
        let action = params.read().action.clone().unwrap_or_default();
        action.split('.').next().unwrap_or_default().to_owned()
    };
    view! {
        <SearchForm
            search
            action=path::AUDIT
            label="Filter the audit trail"
            placeholder="Search people, keys, names and IDs"
            max=SEARCH_MAX
            on_ask=Callback::new(move |()| ask(&|_| ()))
            filtered=Signal::derive(move || params.read().is_filtered())
        >
            <FilterSelect
                id="filter-action"
                name="action"
                label="About"
                options=Signal::stored(groups)
                chosen=Signal::derive(group)
                on_choose=Callback::new(move |word: String| {
                    ask(&|params| params.action = Some(word.clone()).filter(|word| !word.is_empty()));
                })
            />
            <FilterSelect
                id="filter-outcome"
                name="outcome"
                label="Outcome"
                options=Signal::stored(outcomes)
                chosen=Signal::derive(move || params.read().outcome.map_or("", Outcome::code).to_owned())
                on_choose=Callback::new(move |word: String| ask(&|params| params.outcome = Outcome::from_code(&word)))
            />
            <Day
                id=FROM
                name="from"
                label="From"
                day=Signal::derive(move || params.read().from.map(Timestamp::day).unwrap_or_default())
                on_choose=Callback::new(move |day: String| {
                    ask(&|params| params.from = Timestamp::end_of_day(&day).map(|end| end.plus_days(-1)));
                })
            />
            <Day
                id=TO
                name="to"
                label="To"
                day=Signal::derive(move || params.read().to.map(Timestamp::last_day).unwrap_or_default())
                on_choose=Callback::new(move |day: String| ask(&|params| params.to = Timestamp::end_of_day(&day)))
            />
            <Kept params/>
        </SearchForm>
    }
}

/// A day to filter by. It follows the page's address, which the back button and links change too.
#[component]
fn Day(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    day: Signal<String>,
    on_choose: Callback<String>,
) -> impl IntoView {
    Effect::new(move |first: Option<()>| {
        let day = day.get();
        if first.is_some() {
            browser::set_field_value(id, &day);
        }
    });
    view! {
        <label class="filter filter-day">
            <span>{label}</span>
            <input
                type="date"
                id=id
                name=name
                value=day.get_untracked()
                on:change=move |event| {
                    // A day of which only half is typed is none yet.
                    if !browser::is_half_typed(id) {
                        on_choose.run(event_target_value(&event));
                    }
                }
            />
        </label>
    }
}

/// What only links filter by, each with a way to do without it. A form that is sent without scripts keeps them.
#[component]
fn Kept(params: Memo<AuditParams>) -> impl IntoView {
    move || {
        let params = params.get();
        let kept = [
            ("actor", "By", params.actor.clone(), AuditParams { actor: None, ..params.clone() }),
            ("target", "To", params.target.clone(), AuditParams { target: None, ..params.clone() }),
            ("request", "Request", params.request.clone(), AuditParams { request: None, ..params.clone() }),
        ];
        let kept = kept.into_iter().filter_map(|(name, label, value, without)| Some((name, label, value?, without)));
        kept.map(|(name, label, value, without)| view! {
            <span class="filter filter-kept">
                <span>{label}</span>
                <code>{value.clone()}</code>
                <input type="hidden" name=name value=value.clone()/>
                <a class="button-icon" href=list_url::href(&without) aria-label=format!("Without the filter {label} {value}")>
                    <Glyph icon=Icon::Close/>
                </a>
            </span>
        })
        .collect_view()
    }
}
