//! The table of keys. On narrow screens the style makes a card of every row; the explicit roles keep it a table for
//! screen readers then.

use leptos::prelude::*;
use shared::{
    Timestamp,
    key::{KeyList, KeySort, KeyView},
};

use super::{
    list_url,
    row::KeyRow,
    tab::{Refusals, Tab},
};
use crate::ui::{
    icon::{Glyph, Icon},
    pager::{Pager, Position},
};

/// Everything of a row that can change while its key stays the same.
fn row_key(key: &KeyView) -> impl Eq + std::hash::Hash + Send + Sync + use<> {
    let used = key.last_used.as_ref().map(|used| (used.at, used.address.clone()));
    (key.id, key.version, key.status, key.name.clone(), used, key.secret_last4.clone())
}

/// Table and pager.
#[component]
pub(super) fn KeyTable(tab: Tab, list: Memo<Option<KeyList>>, refusals: Refusals) -> impl IntoView {
    let rows = move || list.read().as_ref().map(|list| list.page.rows.clone()).unwrap_or_default();
    let now = Memo::new(move |_| list.read().as_ref().map_or(Timestamp::from_micros(0), |list| list.now));
    let position = Memo::new(move |_| {
        let params = tab.params.read();
        list.read().as_ref().map_or_else(
            || Position { span: String::new(), previous: None, next: None },
            |list| {
                let number = list.page.number;
                Position {
                    span: list.page.span(),
                    previous: (number > 1).then(|| list_url::page(&params, number.saturating_sub(1))),
                    next: (number < list.page.pages()).then(|| list_url::page(&params, number.saturating_add(1))),
                }
            },
        )
    });
    let refusals = StoredValue::new(refusals);
    view! {
        <table class="keys" role="table" aria-label="API keys">
            <thead role="rowgroup">
                <tr role="row">
                    <SortableHeader tab sort=KeySort::Name label="Name"/>
                    <th role="columnheader" scope="col">"Key ID"</th>
                    <th role="columnheader" scope="col">"Role"</th>
                    <SortableHeader tab sort=KeySort::Created label="Created"/>
                    <SortableHeader tab sort=KeySort::LastUsed label="Last used"/>
                    <th role="columnheader" scope="col">"Status"</th>
                    <th role="columnheader" scope="col">"Actions"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                <For
                    each=rows
                    key=row_key
                    children=move |key| view! { <KeyRow tab key now refusals=refusals.get_value()/> }
                />
            </tbody>
        </table>
        <Pager position/>
    }
}

/// A column's heading that sorts by it; a link, as every view has its own address.
#[component]
fn SortableHeader(tab: Tab, sort: KeySort, label: &'static str) -> impl IntoView {
    let direction = move || {
        let params = tab.params.read();
        (params.sort == sort).then_some(if params.ascending { "ascending" } else { "descending" })
    };
    view! {
        <th role="columnheader" scope="col" aria-sort=direction>
            <a href=move || list_url::sorted(&tab.params.read(), sort) data-noscroll="">
                {label}
                {move || direction().map(|direction| {
                    view! { <Glyph icon=if direction == "ascending" { Icon::Up } else { Icon::Down }/> }
                })}
            </a>
        </th>
    }
}
