//! The table of entries.

use leptos::prelude::*;
use shared::{
    NetworkId, Timestamp,
    whitelist::{WhitelistEntry, WhitelistList},
};

use super::{
    list_url,
    tab::{Refusals, Tab, Task},
};
use crate::ui::{
    button::GuardedButton,
    pager::{Pager, Position},
    table::{Columns, DataTable},
    time::Time,
};

/// The table with its pager.
#[component]
pub(super) fn EntryTable(
    tab: Tab,
    list: Memo<Option<WhitelistList>>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let ids = Memo::new(move |_| {
        let list = list.read();
        list.as_ref().map(|list| list.page.rows.iter().map(|entry| entry.id).collect::<Vec<_>>()).unwrap_or_default()
    });
    let now = Memo::new(move |_| list.read().as_ref().map_or(Timestamp::from_micros(0), |list| list.now));
    let position = Memo::new(move |_| {
        let params = tab.params.read();
        let list = list.read();
        list.as_ref().map(|list| Position::of(&list.page, |page| list_url::page(&params, page))).unwrap_or_default()
    });
    view! {
        <DataTable
            label="Whitelist"
            head=|| view! { <Columns labels=&["IP Address", "Label", "Created", "Actions"]/> }
        >
            <For
                each=move || ids.get()
                key=|id| *id
                children=move |id| view! { <Row tab id list now refusals/> }
            />
        </DataTable>
        <Pager position/>
    }
}

/// A row follows its entry through changes, and stays the same element.
#[component]
fn Row(
    tab: Tab,
    id: NetworkId,
    list: Memo<Option<WhitelistList>>,
    now: Memo<Timestamp>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let entry = Memo::new(move |_| {
        list.read().as_ref().and_then(|list| list.page.rows.iter().find(|entry| entry.id == id).cloned())
    });
    view! { <tr role="row">{move || entry.get().map(|entry| view! { <Cells tab entry now refusals/> })}</tr> }
}

/// The row's cells. `data-label` repeats the column's heading where a row is a card.
#[component]
fn Cells(tab: Tab, entry: WhitelistEntry, now: Memo<Timestamp>, refusals: StoredValue<Refusals>) -> impl IntoView {
    let Refusals { update, delete, .. } = refusals.get_value();
    let network = entry.network.to_string();
    let [edit_says, remove_says] = ["Edit", "Remove"].map(|verb| format!("{verb} {network}"));
    let label = match entry.label.as_str() {
        "" => view! { <span class="muted">"No Label"</span> }.into_any(),
        label => label.to_owned().into_any(),
    };
    let by = format!("by {}", entry.created_by);
    let created_at = entry.created_at;
    let entry = StoredValue::new(entry);
    let edit = Callback::new(move |()| tab.open(Task::Edit(entry.get_value())));
    let remove = Callback::new(move |()| tab.open(Task::Remove(entry.get_value())));
    view! {
        <td role="cell" class="cell-name" data-label="IP Address"><span class="row-title address">{network}</span></td>
        <td role="cell" class="cell-text" data-label="Label">{label}</td>
        <td role="cell" class="cell-text" data-label="Created">
            <Time at=created_at now/>
            <small>{by}</small>
        </td>
        <td role="cell" class="cell-actions" data-label="Actions">
            <div class="row-actions">
                <GuardedButton
                    label="Edit"
                    says=edit_says
                    class="button button-small"
                    refused=Signal::stored(update)
                    on_press=edit
                />
                <GuardedButton
                    label="Remove"
                    says=remove_says
                    class="button button-small button-quiet-danger"
                    refused=Signal::stored(delete)
                    on_press=remove
                />
            </div>
        </td>
    }
}
