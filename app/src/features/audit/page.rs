//! `/audit`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{Permission, audit::AuditList, path};

use super::{
    api::audit_list,
    filters::Filters,
    list_url::{self, Asked},
    table::Trail,
};
use crate::{
    layout::{forbidden::Forbidden, loaded::Loaded, page_header::PageHeader},
    session::{Protected, Session},
    ui::{empty_state::EmptyState, icon::Icon},
};

const TITLE: &str = "Audit";

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn AuditPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let asked = Memo::new(move |_| list_url::read(&search.read()));
    let list = Resource::new(
        move || asked.get(),
        move |(params, cursor)| async move {
            session.allows(Permission::AuditView).await?;
            audit_list(params, cursor).await
        },
    );
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| match viewer.refusal(Permission::AuditView, "read the audit trail") {
            Some(refusal) => view! { <Forbidden page=TITLE title="You cannot read the audit trail" refusal/> }.into_any(),
            None => {
                let content = Callback::new(move |list| view! { <Content asked list/> }.into_any());
                view! { <Loaded resource=list content/> }.into_any()
            }
        }/>
    }
}

#[component]
fn Content(asked: Memo<Asked>, list: Memo<Option<AuditList>>) -> impl IntoView {
    let empty = Memo::new(move |_| list.read().as_ref().is_some_and(|list| list.entries.is_empty()));
    let download = move |path: &'static str, label: &'static str, says: &'static str| {
        let href = move || list_url::download(path, &asked.read().0);
        view! { <a class="button" rel="external" download href=href title=says>{label}</a> }
    };
    view! {
        <PageHeader
            title=TITLE
            sentence="Who did what, and who tried what they may not. Nobody can change it afterwards."
            action=move || view! {
                <div class="downloads">
                    {download(path::AUDIT_CSV, "Export CSV", "Export all that the filters let through as CSV")}
                    {download(path::AUDIT_JSONL, "Export JSON Lines", "Export all that the filters let through as JSON Lines")}
                </div>
            }
        />
        <Filters asked/>
        <Show when=move || !empty.get() fallback=|| view! { <NoMatch/> }>
            <Trail asked list/>
        </Show>
    }
}

/// There are entries, but none that the filters let through: signing in is one.
#[component]
fn NoMatch() -> impl IntoView {
    view! {
        <EmptyState icon=Icon::Search title="No entry matches">
            <p>"Nothing in the trail matches these filters."</p>
            <p><a class="button" href=path::AUDIT>"Clear filters"</a></p>
        </EmptyState>
    }
}
