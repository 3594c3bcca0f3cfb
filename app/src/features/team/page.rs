//! `/team`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{Permission, path, team::Team};

use super::{
    api::team_list,
    dialogs::TeamDialog,
    filters::Filters,
    list_url,
    tab::{Refusals, Tab, Task},
    table::TeamTable,
};
use crate::{
    layout::{forbidden::Forbidden, loaded::Loaded, page_header::PageHeader},
    session::{Protected, Session},
    ui::{button::GuardedButton, empty_state::EmptyState, icon::Icon},
};

const TITLE: &str = "Team";

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn TeamPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let params = Memo::new(move |_| list_url::read(&search.read()));
    let list = Resource::new(
        move || params.get(),
        move |params| async move {
            session.allows(Permission::MemberView).await?;
            team_list(params).await
        },
    );
    let tab = Tab::new(params, list);
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| match viewer.refusal(Permission::MemberView, "see the team") {
            Some(refusal) => view! { <Forbidden page=TITLE title="You cannot see the team" refusal/> }.into_any(),
            None => {
                let refusals = StoredValue::new(Refusals::of(&viewer));
                let organization = StoredValue::new(viewer.organization_name);
                let content =
                    Callback::new(move |list| view! { <Content tab list refusals organization/> }.into_any());
                view! { <Loaded resource=tab.list content/> }.into_any()
            }
        }/>
    }
}

#[component]
fn Content(
    tab: Tab,
    list: Memo<Option<Team>>,
    refusals: StoredValue<Refusals>,
    organization: StoredValue<String>,
) -> impl IntoView {
    let roles = Memo::new(move |_| list.read().as_ref().map(|list| list.roles.clone()).unwrap_or_default());
    let empty = Memo::new(move |_| list.read().as_ref().is_some_and(|list| list.page.rows.is_empty()));
    let invite = Callback::new(move |()| tab.open(Task::Invite));
    view! {
        <PageHeader
            title=TITLE
            sentence="The people who manage the API keys, and what each of them may do."
            action=move || view! {
                <GuardedButton
                    label="+ Invite Member"
                    class="button button-primary"
                    refused=Signal::stored(refusals.read_value().invite.clone())
                    on_press=invite
                />
            }
        />
        // Text only: a browser with scripts does not parse what is in here.
        <noscript>"Inviting people and changing members needs JavaScript. Reading works without."</noscript>
        <Filters tab roles/>
        <Show when=move || !empty.get() fallback=|| view! { <NoMatch/> }>
            <TeamTable tab list refusals/>
        </Show>
        <TeamDialog tab roles organization/>
    }
}

/// There are members, but none that the filters let through.
#[component]
fn NoMatch() -> impl IntoView {
    view! {
        <EmptyState icon=Icon::Search title="Nobody matches">
            <p>"No member and no invitation matches the search and the role."</p>
            <p><a class="button" href=path::TEAM>"Clear filters"</a></p>
        </EmptyState>
    }
}
