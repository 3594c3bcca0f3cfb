//! `/roles`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{Permission, path, role::RoleList};

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
    layout::{forbidden::Forbidden, loaded::Loaded, page_header::PageHeader},
    session::{Protected, Session},
    ui::{empty_state::EmptyState, guarded_link::GuardedLink, icon::Icon},
};

/// Said where scripts are missing. Text only: a browser with scripts does not parse what is in there.
pub(super) const NEEDS_SCRIPTS: &str =
    "Creating, editing and deleting roles and permissions needs JavaScript. Reading works without.";

const TITLE: &str = "Roles";

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Desk {
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
        wanted: Memo::new(move |_| search::read(&search.read())),
        list,
        deletion: Deletion::new(Callback::new(move |()| list.refetch())),
        registry: Registry::new(list),
    };
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| match viewer.refusal(Permission::RoleView, "see the roles") {
            Some(refusal) => view! { <Forbidden page=TITLE title="You cannot see the roles" refusal/> }.into_any(),
            None => {
                let rights = Rights::of(&viewer);
                let create_refused = rights.create.clone();
                let rights = StoredValue::new(rights);
                let content = Callback::new(move |list| view! { <Content desk list rights/> }.into_any());
                view! {
                    <PageHeader
                        title=TITLE
                        sentence="Named sets of permissions. A key has exactly one, a member may have several."
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
                    <Loaded resource=desk.list content/>
                }
                .into_any()
            }
        }/>
    }
}

#[component]
fn Content(desk: Desk, list: Memo<Option<RoleList>>, rights: StoredValue<Rights>) -> impl IntoView {
    let Desk { wanted, deletion, registry, .. } = desk;
    let found = Memo::new(move |_| {
        let wanted = wanted.read().to_lowercase();
        let mut roles = list.read().as_ref().map(|list| list.roles.clone()).unwrap_or_default();
        roles.retain(|role| role.matches(&wanted));
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
