//! The table of keys.

use leptos::prelude::*;
use shared::{
    Timestamp,
    key::{KeyList, KeyListParams, KeySort, KeyView},
};

use super::{
    list_url,
    row::KeyRow,
    tab::{Refusals, Tab},
};
use crate::ui::{
    icon::{Glyph, Icon},
    pager::{Pager, Position},
    table::{Columns, DataTable},
};

/// Everything of a row that can change while its key stays the same.
fn row_key(key: &KeyView) -> impl Eq + std::hash::Hash + Send + Sync + use<> {
    let used = key.last_used.as_ref().map(|used| (used.at, used.address.clone()));
    (key.id, key.version, key.status, key.name.clone(), used, key.secret_last4.clone())
}

/// Table and pager.
#[component]
pub(super) fn KeyTable(
    tab: Tab,
    params: Memo<KeyListParams>,
    list: Memo<Option<KeyList>>,
    now: Memo<Timestamp>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let rows = move || list.read().as_ref().map(|list| list.page.rows.clone()).unwrap_or_default();
    let position = Memo::new(move |_| {
        let params = params.read();
        let href = |number| list_url::page(&params, number);
        list.read().as_ref().map(|list| Position::of(&list.page, href)).unwrap_or_default()
    });
    view! {
        <DataTable
            label="API keys"
            head=move || view! {
                <SortableHeader params sort=KeySort::Name label="Name"/>
                <Columns labels=&["Key ID", "Role"]/>
                <SortableHeader params sort=KeySort::Created label="Created"/>
                <SortableHeader params sort=KeySort::LastUsed label="Last used"/>
                <Columns labels=&["Status", "Actions"]/>
            }
        >
            <For
                each=rows
                key=row_key
                children=move |key| view! { <KeyRow tab key now refusals=refusals.get_value()/> }
            />
        </DataTable>
        <Pager position/>
    }
}

/// A column's heading that sorts by it; a link, as every view has its own address.
#[component]
fn SortableHeader(params: Memo<KeyListParams>, sort: KeySort, label: &'static str) -> impl IntoView {
    let direction = move || {
        let params = params.read();
        (params.sort == sort).then_some(if params.ascending { "ascending" } else { "descending" })
    };
    view! {
        <th role="columnheader" scope="col" aria-sort=direction>
            <a href=move || list_url::sorted(&params.read(), sort) data-noscroll="">
                {label}
                {move || direction().map(|direction| {
                    view! { <Glyph icon=if direction == "ascending" { Icon::Up } else { Icon::Down }/> }
                })}
            </a>
        </th>
    }
}
