//! The table of alerts.

use leptos::prelude::*;
use shared::{
    AlertId, Timestamp,
    alert::{AlertList, AlertView, MUTE_DAYS},
    path,
};

use super::{
    list_url,
    tab::{Refusals, Tab},
};
use crate::ui::{
    badge::{Badge, Tag, Tone},
    button::GuardedButton,
    icon::{Glyph, Icon},
    menu::{Menu, MenuItem},
    pager::{Pager, Position},
    table::{Columns, DataTable},
    time::Time,
};

/// Table and pager.
#[component]
pub(super) fn AlertTable(tab: Tab, list: Memo<Option<AlertList>>, refusals: StoredValue<Refusals>) -> impl IntoView {
    let ids = move || {
        let list = list.read();
        list.as_ref().map(|list| list.page.rows.iter().map(|row| row.id).collect::<Vec<_>>()).unwrap_or_default()
    };
    let now = Memo::new(move |_| list.read().as_ref().map_or(Timestamp::from_micros(0), |list| list.now));
    let position = Memo::new(move |_| {
        let params = tab.params.read();
        let href = |number| list_url::page(&params, number);
        list.read().as_ref().map(|list| Position::of(&list.page, href)).unwrap_or_default()
    });
    view! {
        <DataTable
            label="Alerts"
            head=|| view! { <Columns labels=&["Alert", "Key", "Raised", "Status", "Actions"]/> }
        >
            <For each=ids key=|id| *id children=move |id| view! { <Row tab id list now refusals/> }/>
        </DataTable>
        <Pager position/>
    }
}

#[component]
fn Row(
    tab: Tab,
    id: AlertId,
    list: Memo<Option<AlertList>>,
    now: Memo<Timestamp>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let row = Memo::new(move |_| {
        list.read().as_ref().and_then(|list| list.page.rows.iter().find(|row| row.id == id).cloned())
    });
    view! {
        <tr role="row">
            {move || row.get().map(|alert| view! { <Cells tab alert now refusals/> })}
        </tr>
    }
}

/// `data-label` repeats the column's heading where a row is a card.
#[component]
fn Cells(tab: Tab, alert: AlertView, now: Memo<Timestamp>, refusals: StoredValue<Refusals>) -> impl IntoView {
    let AlertView { kind, message, key, opened_at, last_at, times, acknowledged, muted, .. } = alert.clone();
    let key = match key {
        Some(key) if refusals.read_value().sees_keys => view! { <a href=path::key(key.id)>{key.name}</a> }.into_any(),
        Some(key) => key.name.into_any(),
        None => view! { <span class="muted">"All"</span> }.into_any(),
    };
    let status = match acknowledged {
        None => view! { <Badge tone=Tone::Waiting word="Open"/> }.into_any(),
        Some(seen) => view! {
            <Badge tone=Tone::Over word="Acknowledged"/>
            <small><Time at=seen.at now/>" by "{seen.by}</small>
        }
        .into_any(),
    };
    view! {
        <td role="cell" class="cell-name" data-label="Alert">
            <span class="row-title">{kind.label()}</span>
            {muted.map(|_| view! { <Tag word="Muted"/> })}
            <small>{message}</small>
        </td>
        <td role="cell" data-label="Key">{key}</td>
        <td role="cell" data-label="Raised">
            <Time at=opened_at now/>
            {(times > 1).then(|| view! { <small>"last "<Time at=last_at now/></small> })}
        </td>
        <td role="cell" data-label="Status">{status}</td>
        <td role="cell" class="cell-actions" data-label="Actions"><Actions tab alert refusals/></td>
    }
}

#[component]
fn Actions(tab: Tab, alert: AlertView, refusals: StoredValue<Refusals>) -> impl IntoView {
    let AlertView { id, kind, key, acknowledged, muted, .. } = alert;
    let Refusals { acknowledge, mute, .. } = refusals.get_value();
    let menu = format!("menu-{id}");
    let key = key.filter(|_| kind.can_be_muted());
    view! {
        <div class="row-actions">
            {acknowledged
                .is_none()
                .then(|| view! {
                    <GuardedButton
                        label="Acknowledge"
                        class="button button-small"
                        refused=Signal::stored(acknowledge)
                        on_press=Callback::new(move |()| tab.acknowledge(vec![id]))
                    />
                })}
            {key.map(|key| {
                let (menu, key) = (menu.clone(), key.id);
                let refused = Signal::stored(mute);
                let item = {
                    let menu = menu.clone();
                    move |label: &'static str, on_choose: Callback<()>| {
                        view! { <MenuItem menu=menu.clone() label refused on_choose/> }
                    }
                };
                let items = if muted.is_some() {
                    item("Unmute", Callback::new(move |()| tab.unmute(key, kind))).into_any()
                } else {
                    let [day, week, month] = MUTE_DAYS;
                    [
                        ("Mute the key for a day", Some(day)),
                        ("Mute the key for 7 days", Some(week)),
                        ("Mute the key for 30 days", Some(month)),
                        ("Mute the key for good", None),
                    ]
                        .map(|(label, days)| item(label, Callback::new(move |()| tab.mute(key, kind, days))))
                        .collect_view()
                        .into_any()
                };
                view! {
                    <Menu id=menu label="More actions" face=|| view! { <Glyph icon=Icon::More/> }>{items}</Menu>
                }
            })}
        </div>
    }
}
