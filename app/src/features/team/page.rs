//! `/team`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{AppError, Permission, account::Viewer, path, team::Team};

use super::{
    api::team_list,
    dialogs::TeamDialog,
    filters::Filters,
    list_url,
    tab::{Refusals, Tab, Task},
    table::TeamTable,
};
use crate::{
    error::ApiError,
    layout::{forbidden::Forbidden, frame::Frame, page_header::PageHeader, skeleton::Skeleton},
    session::{Protected, Session},
    ui::{button::GuardedButton, empty_state::EmptyState, icon::Icon, unavailable::Unavailable},
};

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn TeamPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let params = Memo::new(move |_| list_url::read(&search.read()));
    let list = Resource::new(
        move || params.get(),
        move |params| async move {
            match session.viewer().await {
                Ok(Some(viewer)) if viewer.may(Permission::MemberView) => team_list(params).await,
                Ok(Some(_)) => Err(AppError::Forbidden { permission: Permission::MemberView }.into()),
                Ok(None) => Err(AppError::SignedOut.into()),
                Err(error) => Err(error),
            }
        },
    );
    let tab = Tab::new(params, list);
    // The server says so when it answers the list; somebody else may have ended the session or changed a role since.
    Effect::new(move |_| {
        if let Some(Err(error)) = list.get() {
            tab.notice(&error.0);
        }
    });
    view! {
        <Title text="Team"/>
        <Protected
            fallback=|| view! { <Skeleton/> }
            content=move |viewer| view! {
                <Frame viewer=viewer.clone()>
                    <TeamTab tab viewer/>
                </Frame>
            }
            .into_any()
        />
    }
}

#[component]
fn TeamTab(tab: Tab, viewer: Viewer) -> impl IntoView {
    match viewer.refusal(Permission::MemberView, "see the team") {
        Some(refusal) => view! { <Forbidden title="You cannot see the team" refusal/> }.into_any(),
        None => {
            // Allowed only now: what was asked for before was refused.
            Effect::new(move |_| {
                if matches!(tab.list.get_untracked(), Some(Err(ApiError(AppError::Forbidden { .. })))) {
                    tab.list.refetch();
                }
            });
            let refusals = StoredValue::new(Refusals::of(&viewer));
            let organization = StoredValue::new(viewer.organization_name);
            view! {
                <Transition fallback=|| view! { <Skeleton/> }>
                    <Loaded tab refusals organization/>
                </Transition>
            }
            .into_any()
        }
    }
}

/// The page once the first list is there. A later failure leaves the rows where they are and says so above them.
#[component]
fn Loaded(tab: Tab, refusals: StoredValue<Refusals>, organization: StoredValue<String>) -> impl IntoView {
    let list = Memo::new(move |before: Option<&Option<Team>>| match tab.list.get() {
        Some(Ok(list)) => Some(list),
        _ => before.cloned().flatten(),
    });
    let error = Memo::new(move |_| tab.list.get().and_then(Result::err).map(|error| error.0.to_string()));
    // A memo: only the first list builds the page; its parts follow the later ones by themselves.
    let loaded = Memo::new(move |_| list.read().is_some());
    let retry = Callback::new(move |()| tab.list.refetch());
    view! {
        {move || error.get().map(|why| view! { <Unavailable why on_retry=retry/> })}
        {move || loaded.get().then(|| view! { <Content tab list refusals organization/> })}
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
        <div class="team">
            <PageHeader
                title="Team"
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
        </div>
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
