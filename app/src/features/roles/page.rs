//! `/roles`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{Permission, account::Viewer, path, role::RoleList};

use super::{
    application_permissions::ApplicationPermissions,
    delete_dialog::{DeleteDialog, Deletion},
    permission_dialog::Registry,
    reading,
    rights::Rights,
    search::{self, RoleSearch},
    table::RoleTable,
};
use crate::{
    error::ApiResult,
    layout::{forbidden::Forbidden, frame::Frame, page_header::PageHeader, skeleton::Skeleton},
    session::{Protected, Session},
    ui::{empty_state::EmptyState, guarded_link::GuardedLink, icon::Icon, unavailable::Unavailable},
};

/// Said where scripts are missing. Text only: a browser with scripts does not parse what is in there.
pub(super) const NEEDS_SCRIPTS: &str =
    "Creating, editing and deleting roles and permissions needs JavaScript. Reading works without.";

const TITLE: &str = "Roles";
const SENTENCE: &str = "Named sets of permissions. A key has exactly one, a member may have several.";

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Desk {
    session: Session,
    /// What the address searches for.
    wanted: Memo<String>,
    list: Resource<ApiResult<RoleList>>,
    deletion: Deletion,
    registry: Registry,
}

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn RolesPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let list = reading::list(session);
    let desk = Desk {
        session,
        wanted: Memo::new(move |_| search::read(&search.read())),
        list,
        deletion: Deletion::new(Callback::new(move |()| list.refetch())),
        registry: Registry::new(list),
    };
    view! {
        <Title text=TITLE/>
        <Protected
            fallback=|| view! { <Skeleton/> }
            content=move |viewer| view! {
                <Frame viewer=viewer.clone()>
                    <Guarded desk viewer/>
                </Frame>
            }
            .into_any()
        />
    }
}

#[component]
fn Guarded(desk: Desk, viewer: Viewer) -> impl IntoView {
    match viewer.refusal(Permission::RoleView, "see the roles") {
        Some(refusal) => view! {
            <PageHeader title=TITLE sentence=SENTENCE/>
            <Forbidden title="You cannot see the roles" refusal/>
        }
        .into_any(),
        None => {
            let rights = Rights::of(&viewer);
            let create_refused = rights.create.clone();
            let rights = StoredValue::new(rights);
            view! {
                <PageHeader
                    title=TITLE
                    sentence=SENTENCE
                    action=move || view! {
                        <GuardedLink
                            label="+ Create Role"
                            class="button button-primary"
                            href=path::ROLE_NEW.to_owned()
                            refused=create_refused
                        />
                    }
                />
                <noscript>{NEEDS_SCRIPTS}</noscript>
                <Transition fallback=|| view! { <Skeleton/> }>
                    <Loaded desk rights/>
                </Transition>
            }
            .into_any()
        }
    }
}

/// The page once the first list is there. A later failure leaves the rows where they are and says so above them.
#[component]
fn Loaded(desk: Desk, rights: StoredValue<Rights>) -> impl IntoView {
    let (list, error) = reading::answers(desk.session, desk.list);
    // A memo: only the first list builds the page; its parts follow the later ones by themselves.
    let loaded = Memo::new(move |_| list.read().is_some());
    let retry = Callback::new(move |()| desk.list.refetch());
    view! {
        {move || error.get().map(|error| view! { <Unavailable why=error.to_string() on_retry=retry/> })}
        {move || loaded.get().then(|| view! { <Content desk list rights/> })}
    }
}

#[component]
fn Content(desk: Desk, list: Memo<Option<RoleList>>, rights: StoredValue<Rights>) -> impl IntoView {
    let Desk { wanted, deletion, registry, .. } = desk;
    let found = Memo::new(move |_| {
        let wanted = wanted.read().to_lowercase();
        let mut roles = list.read().as_ref().map(|list| list.roles.clone()).unwrap_or_default();
        roles.retain(|role| search::matches(role, &wanted));
        roles
    });
    let none = Memo::new(move |_| found.read().is_empty());
    view! {
        <RoleSearch wanted/>
        <Show when=move || !none.get() fallback=move || view! { <NoMatch wanted/> }>
            <RoleTable roles=found rights deletion/>
        </Show>
        <ApplicationPermissions registry list rights/>
        <DeleteDialog deletion/>
    }
}

/// There are roles, but none that the search lets through.
#[component]
fn NoMatch(wanted: Memo<String>) -> impl IntoView {
    view! {
        <EmptyState icon=Icon::Search title="No role matches">
            <p>{move || format!("No role matches “{}”. Search finds names, descriptions and permissions.", wanted.get())}</p>
            <p><a class="button" href=path::ROLES>"Clear search"</a></p>
        </EmptyState>
    }
}
