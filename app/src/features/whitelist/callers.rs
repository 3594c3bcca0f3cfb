//! Keys in use from addresses that are not on the whitelist.

use leptos::prelude::*;
use leptos_router::location::Url;
use shared::{
    KeyId, path,
    role::KeyHolder,
    whitelist::{PREVIEW_DAYS, REPORT_DAYS, WhitelistCaller, WhitelistCallers},
};

use super::tab::{Tab, Task};
use crate::ui::{
    banner::{Banner, Severity},
    button::GuardedButton,
    table::{Columns, DataTable},
    time::Time,
};

/// The page of the keys, with this one alone.
fn key_link(id: KeyId) -> String {
    format!("{}?q={}", path::KEYS, Url::escape(&id.to_string()))
}

fn address(caller: &WhitelistCaller) -> String {
    caller.address.map_or_else(|| "an unknown address".to_owned(), |address| address.to_string())
}

/// `1 caller`, `3 callers`
fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// `and 7 more`
fn rest(callers: &WhitelistCallers) -> Option<String> {
    let shown = callers.callers.len() as u64;
    (callers.total > shown).then(|| format!("and {} more", callers.total.saturating_sub(shown)))
}

/// What nobody can look up any more.
fn scattered_sentence(requests: u64) -> Option<String> {
    (requests > 0).then(|| {
        format!(
            "{} came from so many addresses that these were not kept one by one: they may be on the whitelist or not.",
            counted(requests, "more request")
        )
    })
}

/// Who would have been refused while the whitelist only reports.
#[component]
pub(super) fn Reported(tab: Tab, callers: WhitelistCallers, refused: Signal<Option<String>>) -> impl IntoView {
    let rest = rest(&callers);
    let WhitelistCallers { callers, total, requests, scattered, now } = callers;
    let said = match total {
        0 => format!("Would have refused nobody in the last {REPORT_DAYS} days."),
        _ => format!(
            "Would have refused {} in the last {REPORT_DAYS} days, with {}.",
            counted(total, "caller"),
            counted(requests, "request")
        ),
    };
    let scattered = scattered_sentence(scattered);
    let row = move |caller: WhitelistCaller| {
        let known = caller.address;
        let add = Callback::new(move |()| {
            if let Some(address) = known {
                tab.address.set(address.to_string());
                tab.open(Task::Add);
            }
        });
        let address = address(&caller);
        let says = format!("Add {address}");
        let button = known.map(|_| {
            view! { <GuardedButton label="Add" says class="button button-small" refused on_press=add/> }
        });
        view! {
            <tr role="row">
                <td role="cell" class="cell-name" data-label="API Key">
                    {match caller.key {
                        Some(KeyHolder { id, name }) => {
                            view! { <a class="row-title" href=key_link(id)>{name}</a> }.into_any()
                        }
                        None => view! { <span class="muted">"An API key"</span> }.into_any(),
                    }}
                </td>
                <td role="cell" class="cell-text" data-label="IP Address"><span class="address">{address}</span></td>
                <td role="cell" class="cell-number" data-label="Requests">{caller.requests}</td>
                <td role="cell" data-label="Last"><Time at=caller.last_at now=Signal::stored(now)/></td>
                <td role="cell" class="cell-actions" data-label="Actions"><div class="row-actions">{button}</div></td>
            </tr>
        }
    };
    let table = (!callers.is_empty()).then(|| {
        let head = || {
            view! {
                <Columns labels=&["API Key", "IP Address"]/>
                <Columns labels=&["Requests"] class="cell-number"/>
                <Columns labels=&["Last", "Actions"]/>
            }
        };
        view! {
            <DataTable labelled_by="reported" head>{callers.into_iter().map(row).collect_view()}</DataTable>
            {rest.map(|rest| view! { <p class="muted">{rest}</p> })}
        }
    });
    view! {
        <section class="whitelist-report" aria-labelledby="reported">
            <h2 id="reported">"Report"</h2>
            <p>{said}</p>
            {scattered.map(|said| view! { <p>{said}</p> })}
            {table}
        </section>
    }
}

/// Whom switching the whitelist on would shut out.
#[component]
pub(super) fn ShutOut(callers: WhitelistCallers) -> impl IntoView {
    let rest = rest(&callers);
    let WhitelistCallers { callers, total, scattered, now, .. } = callers;
    let scattered = scattered_sentence(scattered);
    if total == 0
        && let Some(said) = scattered
    {
        return view! {
            <Banner severity=Severity::Error>
                <p>{format!("Nobody else would have been shut out in the last {PREVIEW_DAYS} days.")}</p>
                <p>{said}</p>
            </Banner>
        }
        .into_any();
    }
    if total == 0 {
        return view! {
            <p>{format!("Every request that was allowed in the last {PREVIEW_DAYS} days came from an address on the whitelist.")}</p>
        }
        .into_any();
    }
    let row = move |caller: WhitelistCaller| {
        let address = address(&caller);
        let key = caller.key.map_or_else(|| "An API key".to_owned(), |key| key.name);
        view! {
            <li>
                <strong>{key}</strong>" from "<span class="address">{address}</span>", last "
                <Time at=caller.last_at now=Signal::stored(now)/>
            </li>
        }
    };
    view! {
        <Banner severity=Severity::Error>
            <p>
                {format!("Shuts out {} of the last {PREVIEW_DAYS} days:", counted(total, "caller"))}
            </p>
            <ul class="consequences">
                {callers.into_iter().map(row).collect_view()} {rest.map(|rest| view! { <li>{rest}</li> })}
            </ul>
            {scattered.map(|said| view! { <p>{said}</p> })}
        </Banner>
    }
    .into_any()
}
