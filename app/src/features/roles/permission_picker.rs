//! The permissions of a role: as boxes to tick, or to read.

use leptos::{ev::KeyboardEvent, prelude::*};
use shared::{Grants, permission::ApplicationPermission};

use super::{
    catalogue::{self, Group, Line},
    draft::Draft,
    rights::Rights,
};
use crate::ui::{
    browser,
    field::described_by,
    icon::{Glyph, Icon},
};

/// The field's name in the form and in the server's answers.
const FIELD: &str = "permissions";

/// A permission to tick.
#[derive(Debug, Clone)]
struct Item {
    /// The box's id. A number, because the names have dots.
    id: String,
    line: Line,
    /// Whether the viewer lacks it and so cannot grant it.
    refused: bool,
}

impl Item {
    /// Whether the search lets it through.
    fn matches(&self, wanted: &str) -> bool {
        self.line.name.contains(wanted) || self.line.says.to_lowercase().contains(wanted)
    }
}

/// What a group's boxes add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    /// Ticked, of all.
    ticked: usize,
    /// Let through by the search.
    shown: usize,
    /// Of those, the ones that can be ticked.
    free: usize,
    /// Of those, the ones that are.
    free_ticked: usize,
}

impl Tally {
    const fn is_full(self) -> bool {
        self.free > 0 && self.free_ticked == self.free
    }

    const fn is_partial(self) -> bool {
        self.free_ticked > 0 && self.free_ticked < self.free
    }
}

/// Every permission as a box, by group, with a search and a count above.
#[component]
pub(super) fn PermissionPicker(
    draft: Draft,
    own: Vec<ApplicationPermission>,
    rights: StoredValue<Rights>,
) -> impl IntoView {
    let Draft { form, chosen, problems, taken_over, .. } = draft;
    let typed = RwSignal::new(String::new());
    let wanted = Memo::new(move |_| typed.read().trim().to_lowercase());
    let mut number = 0_usize;
    let groups: Vec<(&'static str, StoredValue<Vec<Item>>)> = catalogue::groups(&own)
        .into_iter()
        .map(|Group { title, lines }| {
            let items = lines
                .into_iter()
                .map(|line| {
                    number += 1;
                    let refused = !rights.read_value().may_grant(&line.name);
                    Item { id: format!("{form}-permission-{number}"), line, refused }
                })
                .collect();
            (title, StoredValue::new(items))
        })
        .collect();
    let all = StoredValue::new(groups.iter().map(|(_, items)| *items).collect::<Vec<_>>());
    let each = move |act: &mut dyn FnMut(&Item)| {
        all.read_value().iter().for_each(|items| items.read_value().iter().for_each(&mut *act))
    };
    // The boxes keep their own state, like every field. The first time it is taken over, as somebody may have ticked
    // one before the page was interactive; from then on they follow what is chosen.
    Effect::new(move |_| {
        if !taken_over.get_value() {
            taken_over.set_value(true);
            let mut found = chosen.get_untracked();
            each(&mut |item| match browser::is_checked(&item.id) {
                Some(true) => found.insert(&item.line.name),
                Some(false) => found.remove(&item.line.name),
                None => {}
            });
            chosen.set(found);
        }
        let chosen = chosen.read();
        each(&mut |item| browser::set_checked(&item.id, chosen.holds_name(&item.line.name)));
    });
    let nothing = Memo::new(move |_| {
        let wanted = wanted.read();
        let mut shown = false;
        each(&mut |item| shown |= item.matches(&wanted));
        !shown
    });
    let error = Memo::new(move |_| problems.read().on(FIELD));
    let search = format!("{form}-permission-search");
    view! {
        <section
            class="permission-picker"
            id=format!("{form}-{FIELD}")
            tabindex="-1"
            aria-labelledby=format!("{form}-{FIELD}-title")
            aria-describedby=described_by(form, FIELD)
        >
            <h2 id=format!("{form}-{FIELD}-title")>"Permissions"</h2>
            <p class="field-help" id=format!("{form}-{FIELD}-help")>
                "What a key or a member with this role may do. You can grant what you hold yourself."
            </p>
            <p class="field-error" id=format!("{form}-{FIELD}-error")>{move || error.get()}</p>
            <div class="permission-tools">
                <div class="search-box needs-scripts">
                    <Glyph icon=Icon::Search/>
                    <label class="visually-hidden" for=search.clone()>"Search permissions"</label>
                    <input
                        class="input"
                        type="search"
                        id=search
                        placeholder="Search permissions"
                        autocomplete="off"
                        spellcheck="false"
                        on:input=move |event| typed.set(event_target_value(&event))
                        // It narrows what is shown; Enter must not send the form around it.
                        on:keydown=move |event: KeyboardEvent| {
                            if event.key() == "Enter" {
                                event.prevent_default();
                            }
                        }
                    />
                </div>
                <p class="permission-count" role="status">{move || format!("{} selected", chosen.read().len())}</p>
            </div>
            {groups
                .into_iter()
                .map(|(title, items)| view! { <PickerGroup title items draft wanted/> })
                .collect_view()}
            <Show when=move || nothing.get()>
                <p class="muted" role="status">{move || format!("No permission matches “{}”.", wanted.read())}</p>
            </Show>
        </section>
    }
}

/// The boxes under one heading, and one that ticks them all.
#[component]
fn PickerGroup(
    title: &'static str,
    items: StoredValue<Vec<Item>>,
    draft: Draft,
    wanted: Memo<String>,
) -> impl IntoView {
    let Draft { chosen, problems, .. } = draft;
    let tally = Memo::new(move |_| {
        let (chosen, wanted) = (chosen.read(), wanted.read());
        let mut tally = Tally::default();
        for item in &*items.read_value() {
            let ticked = usize::from(chosen.holds_name(&item.line.name));
            tally.ticked += ticked;
            if item.matches(&wanted) {
                tally.shown += 1;
                if !item.refused {
                    tally.free += 1;
                    tally.free_ticked += ticked;
                }
            }
        }
        tally
    });
    let tick = move |name: Option<&str>, ticked: bool| {
        let wanted = wanted.read_untracked();
        chosen.update(|chosen| {
            for item in &*items.read_value() {
                let meant = match name {
                    Some(name) => item.line.name == name,
                    // All: those that the person sees and may grant.
                    None => !item.refused && item.matches(&wanted),
                };
                if meant && ticked {
                    chosen.insert(&item.line.name);
                } else if meant {
                    chosen.remove(&item.line.name);
                }
            }
        });
        if !problems.read_untracked().is_empty() {
            problems.update(|problems| problems.forget(FIELD));
        }
    };
    let total = items.read_value().len();
    let first = tally.get_untracked();
    let rows = items
        .get_value()
        .into_iter()
        .map(|item| {
            let Item { id, line: Line { name, says }, refused } = item.clone();
            let why = refused.then(|| format!("You lack {name} yourself, so you cannot grant it."));
            let value = name.clone();
            view! {
                <div
                    class="permission"
                    class:is-refused=refused
                    hidden=move || !item.matches(&wanted.read())
                >
                    <input
                        type="checkbox"
                        id=id.clone()
                        value=name.clone()
                        checked=chosen.read_untracked().holds_name(&name)
                        disabled=refused
                        aria-describedby=format!("{id}-says")
                        on:change=move |event| tick(Some(&value), event_target_checked(&event))
                    />
                    <label for=id.clone()><code>{name}</code></label>
                    <p id=format!("{id}-says")>
                        {says}
                        {why.map(|why| view! { <span class="permission-why">" "{why}</span> })}
                    </p>
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset class="permission-group" hidden=move || tally.read().shown == 0>
            <legend>{title}</legend>
            <div class="permission-group-head">
                <label>
                    <input
                        type="checkbox"
                        checked=first.is_full()
                        prop:checked=move || tally.read().is_full()
                        prop:indeterminate=move || tally.read().is_partial()
                        disabled=move || tally.read().free == 0
                        on:change=move |event| tick(None, event_target_checked(&event))
                    />
                    "Select all"
                </label>
                <span class="muted">{move || format!("{} of {total}", tally.read().ticked)}</span>
            </div>
            {rows}
        </fieldset>
    }
}

/// Every permission to read, by group, and whether the role holds it.
#[component]
pub(super) fn PermissionSheet(held: Grants, own: Vec<ApplicationPermission>) -> impl IntoView {
    let group = |Group { title, lines }: Group| {
        let rows = lines
            .into_iter()
            .map(|Line { name, says }| {
                let holds = held.holds_name(&name);
                view! {
                    <li class="permission" class:is-held=holds>
                        {holds.then(|| view! { <Glyph icon=Icon::Check/> })}
                        <span>
                            <code>{name}</code>
                            <span class="visually-hidden">{if holds { " (held)" } else { " (not held)" }}</span>
                        </span>
                        <p>{says}</p>
                    </li>
                }
            })
            .collect_view();
        view! {
            <section class="permission-group">
                <h3>{title}</h3>
                <ul>{rows}</ul>
            </section>
        }
    };
    let count = match held.len() {
        1 => "1 permission".to_owned(),
        count => format!("{count} permissions"),
    };
    view! {
        <section class="permission-picker">
            <div class="permission-tools">
                <h2>"Permissions"</h2>
                <p class="permission-count">{count}</p>
            </div>
            {catalogue::groups(&own).into_iter().map(group).collect_view()}
        </section>
    }
}
