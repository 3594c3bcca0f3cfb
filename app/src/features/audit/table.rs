//! The list of entries, and how it goes on.

use leptos::prelude::*;
use shared::{
    Timestamp,
    audit::{AuditEntry, AuditList},
};

use super::{
    api::audit_list,
    entry::Entry,
    list_url::{self, Asked},
};
use crate::{
    session::Session,
    ui::{
        table::{Columns, DataTable},
        toast::Toasts,
    },
};

/// What was loaded behind the first part, while the page is open.
#[derive(Clone, Default)]
struct More {
    entries: Vec<AuditEntry>,
    /// Where it goes on; `None` while nothing was loaded.
    next: Option<Option<String>>,
}

/// The table, and the link to older entries: with scripts they are added below, without it leads to them.
#[component]
pub(super) fn Trail(asked: Memo<Asked>, list: Memo<Option<AuditList>>) -> impl IntoView {
    let more = RwSignal::new(More::default());
    let (session, toasts) = (Session::get(), Toasts::get());
    let pending = RwSignal::new(false);
    Effect::new(move |first: Option<()>| {
        list.track();
        if first.is_some() {
            more.set(More::default());
        }
    });
    let now = Memo::new(move |_| list.read().as_ref().map_or(Timestamp::from_micros(0), |list| list.now));
    let next = Memo::new(move |_| {
        let of_list = || list.read().as_ref().and_then(|list| list.next.clone());
        more.read().next.clone().unwrap_or_else(of_list)
    });
    let entries = move || {
        let mut entries = list.read().as_ref().map(|list| list.entries.clone()).unwrap_or_default();
        entries.extend(more.read().entries.iter().cloned());
        entries
    };
    let load = move |cursor: String| {
        session.call(pending, audit_list(asked.get_untracked().0, Some(cursor)), move |answer| match answer {
            Ok(AuditList { mut entries, next, .. }) => more.update(|more| {
                more.entries.append(&mut entries);
                more.next = Some(next);
            }),
            Err(error) => toasts.error(error.to_string()),
        });
    };
    view! {
        <DataTable label="Audit trail" head=|| view! { <Columns labels=&["What", "Who", "From", "When"]/> }>
            <For each=entries key=|entry| entry.seq children=move |entry| view! { <Entry entry now/> }/>
        </DataTable>
        <nav class="pager" aria-label="Older entries">
            <span class="pager-span" role="status">{move || count(entries().len(), next.read().is_some())}</span>
            {move || asked.read().1.is_some().then(|| {
                view! { <a class="button" href=list_url::href(&asked.read_untracked().0)>"Newest entries"</a> }
            })}
            {move || next.get().map(|cursor| {
                let href = list_url::href_from(&asked.read_untracked().0, cursor.clone());
                view! {
                    <a
                        class="button"
                        href=href
                        aria-disabled=move || pending.get().then_some("true")
                        on:click=move |event| {
                            event.prevent_default();
                            load(cursor.clone());
                        }
                    >
                        {move || if pending.get() { "Loading…" } else { "Load more" }}
                    </a>
                }
            })}
        </nav>
    }
}

fn count(entries: usize, more: bool) -> String {
    let plural = if entries == 1 { "entry" } else { "entries" };
    format!("{entries} {plural}{}", if more { ", and older ones" } else { "" })
}
