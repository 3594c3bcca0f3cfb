//! The form above a list: a search, and perhaps filters. It asks for another address of the page, so that every view
//! can be linked, the back button works, and a browser without scripts can send it. With scripts, every change asks at
//! once.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    browser,
    field::SelectOption,
    icon::{Glyph, Icon},
};

/// How long typing has to pause before the search is asked for.
const PAUSE: Duration = Duration::from_millis(250);

/// What is being typed into the search.
#[derive(Clone, Copy)]
pub struct Search {
    id: &'static str,
    typed: RwSignal<String>,
    timer: StoredValue<Option<TimeoutHandle>>,
    go: Callback<String>,
}

impl Search {
    /// Makes it. `id` is the field's, unique on the page. `searched` is what the page's address searches for: the back
    /// button and links change it, and the field follows; except for what is being typed.
    #[must_use]
    pub fn new(id: &'static str, searched: Signal<String>) -> Self {
        let navigate = use_navigate();
        let go = Callback::new(move |to: String| {
            let options = NavigateOptions { replace: true, scroll: false, resolve: false, ..Default::default() };
            navigate(&to, options);
        });
        let search = Self { id, typed: RwSignal::new(searched.get_untracked()), timer: StoredValue::new(None), go };
        on_cleanup(move || search.stop());
        Effect::new(move |first: Option<()>| {
            let searched = searched.get();
            if first.is_none() {
                // Typed before the page was interactive.
                if let Some(text) = browser::field_value(id) {
                    search.typed.set(text);
                }
            } else if search.timer.with_value(Option::is_none) {
                browser::set_field_value(id, &searched);
                search.typed.set(searched);
            }
        });
        search
    }

    /// What is typed, to be asked for now.
    #[must_use]
    pub fn take(self) -> String {
        self.stop();
        self.typed.get_untracked()
    }

    /// Goes to the address that shows what is asked for.
    pub fn go(self, to: String) {
        self.go.run(to);
    }

    fn stop(self) {
        if let Some(handle) = self.timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    }
}

/// The form.
#[component]
pub fn SearchForm(
    /// What is being typed.
    search: Search,
    /// The page's path, which without any filter shows everything.
    action: &'static str,
    /// What the form is for: "Filter the keys".
    label: &'static str,
    /// What the search field is called.
    #[prop(default = "Search")]
    field: &'static str,
    /// What the search looks at.
    placeholder: &'static str,
    /// How long a search text may be.
    max: usize,
    /// The key of the keyboard that leads into the field.
    #[prop(optional)]
    shortcut: Option<&'static str>,
    /// What sends the form where nothing is asked for by itself.
    #[prop(default = "Apply")]
    apply: &'static str,
    /// Asks for what is typed.
    on_ask: Callback<()>,
    /// Whether anything is filtered, and so can be cleared.
    #[prop(optional, into)]
    filtered: Signal<bool>,
    /// The filters.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let Search { id, typed, timer, .. } = search;
    view! {
        <form
            class="filters"
            method="get"
            action=action
            role="search"
            aria-label=label
            on:submit=move |event| {
                event.prevent_default();
                on_ask.run(());
            }
        >
            <div class="search-box">
                <Glyph icon=Icon::Search/>
                <input
                    class="input"
                    type="search"
                    id=id
                    name="q"
                    aria-label=field
                    placeholder=placeholder
                    value=typed.get_untracked()
                    maxlength=max.to_string()
                    autocomplete="off"
                    spellcheck="false"
                    aria-keyshortcuts=shortcut
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        search.stop();
                        timer.set_value(set_timeout_with_handle(move || on_ask.run(()), PAUSE).ok());
                    }
                />
                {shortcut.map(|key| view! { <kbd aria-hidden="true" class="needs-scripts">{key}</kbd> })}
            </div>
            {children.map(|children| children())}
            // As text, because a browser with scripts does not parse it.
            <noscript inner_html=format!("<button type=\"submit\" class=\"button\">{apply}</button>")></noscript>
            <Show when=move || filtered.get()>
                <a class="button button-quiet" href=action>"Clear filters"</a>
            </Show>
        </form>
    }
}

/// One of a few, to filter by. It follows the page's address, which the back button and links change too.
#[component]
pub fn FilterSelect(
    /// Unique on the page.
    id: &'static str,
    /// Its name in the address.
    name: &'static str,
    /// The label.
    label: &'static str,
    /// What there is to choose from.
    #[prop(into)]
    options: Signal<Vec<SelectOption>>,
    /// The value that the address asks for.
    #[prop(into)]
    chosen: Signal<String>,
    /// Asks for another one.
    on_choose: Callback<String>,
) -> impl IntoView {
    Effect::new(move |first: Option<()>| {
        let chosen = chosen.get();
        if first.is_some() {
            browser::set_select_value(id, &chosen);
        }
    });
    let options = move || {
        let chosen = chosen.read_untracked();
        let option = |SelectOption { value, label, .. }| {
            let selected = value == *chosen;
            view! { <option value=value selected=selected>{label}</option> }
        };
        options.get().into_iter().map(option).collect_view()
    };
    view! {
        <label class="filter">
            <span>{label}</span>
            <select id=id name=name on:change=move |event| on_choose.run(event_target_value(&event))>
                {options}
            </select>
        </label>
    }
}
