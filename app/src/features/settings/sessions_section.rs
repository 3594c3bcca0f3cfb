//! Where somebody is signed in.

use leptos::prelude::*;
use shared::{
    AppError, Timestamp,
    account::{SessionList, SessionView},
};

use super::{api::session_delete, page::Settings, user_agent};
use crate::{
    layout::{account_menu::SignOutForm, loaded::Loaded, section::Section},
    ui::{
        badge::Tag,
        table::{Columns, DataTable},
        time::Time,
    },
};

/// The sessions.
#[component]
pub(super) fn SessionsSection(settings: Settings) -> impl IntoView {
    let content = Callback::new(move |list| view! { <SessionTable settings list/> }.into_any());
    view! {
        <Section id="sessions" title="Sessions" sentence="The browsers in which you are signed in.">
            <Loaded resource=settings.sessions content/>
        </Section>
    }
}

#[component]
fn SessionTable(settings: Settings, list: Memo<Option<SessionList>>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let rows = move || {
        list.get().map(|SessionList { sessions, now }| {
            sessions.into_iter().map(|each| view! { <Row settings each now busy/> }).collect_view()
        })
    };
    view! {
        <DataTable
            labelled_by="sessions"
            head=|| view! {
                <Columns labels=&["Browser", "Address", "Signed in", "Last seen", "Organization", "Actions"]/>
            }
        >
            {rows}
        </DataTable>
    }
}

/// One browser. `data-label` repeats the column's heading where a row is a card.
#[component]
fn Row(settings: Settings, each: SessionView, now: Timestamp, busy: RwSignal<bool>) -> impl IntoView {
    let SessionView { id, organization_name, created_at, last_seen_at, address, user_agent, current } = each;
    let browser = user_agent
        .as_deref()
        .map(user_agent::said)
        .filter(|said| !said.is_empty())
        .unwrap_or_else(|| "Unknown browser".to_owned());
    let label = format!("Sign out {browser}");
    let done = format!("Signed out: {browser}.");
    let sign_out = move |_| {
        let done = done.clone();
        settings.session.call(busy, session_delete(id), move |answer| match answer {
            Ok(()) => {
                settings.toasts.success(done);
                settings.sessions.refetch();
            }
            Err(error) => {
                if matches!(error, AppError::NotFound { .. }) {
                    settings.sessions.refetch();
                }
                settings.toasts.error(error.to_string());
            }
        });
    };
    view! {
        <tr role="row">
            <td role="cell" class="cell-name" data-label="Browser">
                <span title=user_agent>{browser}</span>" "
                {current.then(|| view! { <Tag word="This browser"/> })}
            </td>
            <td role="cell" data-label="Address">
                {match address {
                    Some(address) => view! { <span class="address">{address}</span> }.into_any(),
                    None => view! { <span class="muted">"Unknown"</span> }.into_any(),
                }}
            </td>
            <td role="cell" data-label="Signed in"><Time at=created_at now=Signal::stored(now)/></td>
            <td role="cell" data-label="Last seen"><Time at=last_seen_at now=Signal::stored(now)/></td>
            <td role="cell" data-label="Organization">{organization_name}</td>
            <td role="cell" class="cell-actions" data-label="Actions">
                <div class="row-actions">
                    {if current {
                        view! { <SignOutForm class="button button-small"/> }.into_any()
                    } else {
                        view! {
                            <button
                                type="button"
                                class="button button-small needs-scripts"
                                aria-label=label
                                on:click=sign_out
                            >
                                "Sign out"
                            </button>
                        }
                        .into_any()
                    }}
                </div>
            </td>
        </tr>
    }
}
