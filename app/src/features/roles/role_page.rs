//! `/roles/role_…`: what a role may do, who holds it, and changing it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map},
};
use shared::{
    AppError, Grants, Permission, RoleId,
    account::Viewer,
    path,
    role::{RoleDetail, RoleUpdateParams, RoleView},
};

use super::{
    api::{role_get, role_update},
    delete_dialog::{DeleteDialog, Deletion},
    draft::Draft,
    held_by::HeldBy,
    page::NEEDS_SCRIPTS,
    permission_picker::PermissionSheet,
    reading,
    rights::Rights,
    role_form::RoleForm,
    role_header::RoleHeader,
};
use crate::{
    error::ApiResult,
    layout::{forbidden::Forbidden, loaded::latest, page_header::PageHeader, skeleton::Skeleton},
    page_answer::set_status,
    session::{Protected, Session},
    ui::{
        banner::{Banner, Severity},
        form::Problems,
        toast::Toasts,
        unavailable::Unavailable,
    },
};

/// One role and the editing of it.
#[derive(Clone, Copy)]
struct Desk {
    session: Session,
    toasts: Toasts,
    /// Which role the address names.
    id: Memo<Option<RoleId>>,
    detail: Resource<ApiResult<RoleDetail>>,
    draft: Draft,
    /// What the edit was made from.
    base: RwSignal<Option<RoleView>>,
    /// Whether somebody else has saved something in the meantime.
    stale: RwSignal<bool>,
    deletion: Deletion,
}

impl Desk {
    /// Starts the edit from what the role is now.
    fn load(self, role: RoleView) {
        self.draft.fill(role.name.clone(), role.description.clone(), role.permissions.clone());
        self.stale.set(false);
        self.base.set(Some(role));
    }

    fn save(self) {
        let (Some(base), Some(permissions)) = (self.base.get_untracked(), self.draft.checked()) else { return };
        let params = RoleUpdateParams {
            id: base.id,
            version: base.version,
            name: self.draft.name.get_untracked(),
            description: self.draft.description.get_untracked(),
            permissions,
        };
        self.session.call(self.draft.pending, role_update(params), move |answer| match answer {
            Ok(role) => {
                self.toasts.success(match role.holders.is_empty() {
                    true => format!("Saved. The changes to {} are in force.", role.name),
                    false => format!("Saved. The changes to {} are in force for {}.", role.name, role.holders.said()),
                });
                self.stale.set(false);
                self.base.set(Some(role));
                self.detail.refetch();
                reading::changed(self.session, &base.name);
            }
            Err(error) => {
                self.stale.set(matches!(error, AppError::Stale { .. }));
                self.draft.problems.set(Problems::from_error(&error));
            }
        });
    }

    /// Gives up what was typed for what somebody else has saved.
    fn load_saved(self) {
        let Some(id) = self.base.read_untracked().as_ref().map(|base| base.id) else { return };
        self.session.call(self.draft.pending, role_get(id), move |answer| match answer {
            Ok(RoleDetail { role, .. }) => {
                self.load(role);
                self.draft.show();
                self.detail.refetch();
            }
            Err(error) => self.draft.problems.set(Problems::from_error(&error)),
        });
    }
}

/// The page.
#[component]
pub fn RolePage() -> impl IntoView {
    let session = Session::get();
    let params = use_params_map();
    let navigate = use_navigate();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<RoleId>().ok()));
    let detail = Resource::new(
        move || id.get(),
        move |id| async move {
            session.allows(Permission::RoleView).await?;
            match id {
                Some(id) => role_get(id).await,
                None => Err(AppError::not_found("role").into()),
            }
        },
    );
    let desk = Desk {
        session,
        toasts: Toasts::get(),
        id,
        detail,
        draft: Draft::new("role"),
        base: RwSignal::new(None),
        stale: RwSignal::new(false),
        deletion: Deletion::new(Callback::new(move |()| navigate(path::ROLES, NavigateOptions::default()))),
    };
    view! {
        <Title text="Role"/>
        <Protected content=move |viewer| view! { <Guarded desk viewer/> }.into_any()/>
    }
}

#[component]
fn Guarded(desk: Desk, viewer: Viewer) -> impl IntoView {
    match viewer.refusal(Permission::RoleView, "see the roles") {
        Some(refusal) => view! { <Forbidden page="Role" title="You cannot see the roles" refusal/> }.into_any(),
        None => {
            let rights = StoredValue::new(Rights::of(&viewer));
            view! {
                <Transition fallback=|| view! { <Skeleton/> }>
                    {move || view! { <Loaded desk rights/> }}
                </Transition>
            }
            .into_any()
        }
    }
}

#[component]
fn Loaded(desk: Desk, rights: StoredValue<Rights>) -> impl IntoView {
    let (good, error) = latest(desk.detail);
    let gone = Memo::new(move |_| matches!(*error.read(), Some(AppError::NotFound { .. })));
    let why = move || error.get().filter(|_| !gone.get());
    // What was read before stays while there is trouble, but never under another role's address.
    let shown = move || {
        good.get().filter(|detail| error.read().is_none() || (!gone.get() && Some(detail.role.id) == desk.id.get()))
    };
    let retry = Callback::new(move |()| desk.detail.refetch());
    view! {
        {move || why().map(|error| view! { <Unavailable why=error.to_string() on_retry=retry/> })}
        {move || gone.get().then(|| view! { <NoSuchRole/> })}
        // Keyed, so that another role gets fields of its own.
        <For
            each=shown
            key=|detail| detail.role.id
            children=move |first| view! { <Content desk first good rights/> }
        />
    }
}

#[component]
fn NoSuchRole() -> impl IntoView {
    set_status(404);
    view! {
        <Title text="Role not found"/>
        <PageHeader title="There is no such role" sentence="It may have been deleted, or the link is mistyped."/>
        <p><a class="button" href=path::ROLES>"Show all roles"</a></p>
    }
}

#[component]
fn Content(
    desk: Desk,
    /// The role when it was first shown.
    first: RoleDetail,
    good: Memo<Option<RoleDetail>>,
    rights: StoredValue<Rights>,
) -> impl IntoView {
    let id = first.role.id;
    // Drawn anew for another reason, the page keeps what was typed.
    if desk.base.read_untracked().as_ref().is_none_or(|base| base.id != id) {
        desk.load(first.role.clone());
    }
    let detail = Memo::new(move |before: Option<&RoleDetail>| {
        let newer = good.get().filter(|detail| detail.role.id == id);
        newer.unwrap_or_else(|| before.unwrap_or(&first).clone())
    });
    let role = Memo::new(move |_| detail.read().role.clone());
    let refused = Memo::new(move |_| rights.read_value().edit(&role.read()));
    let editable = Memo::new(move |_| refused.read().is_none());
    let delete = Callback::new(move |()| desk.deletion.ask(id));
    let sheet = move || {
        let RoleDetail { role, application_permissions, .. } = detail.get();
        view! { <PermissionSheet held=role.permissions own=application_permissions/> }
    };
    view! {
        <Title text=move || role.read().name.clone()/>
        {move || view! { <RoleHeader role=role.get() rights delete/> }}
        {move || refused.get().map(|why| view! { <Banner severity=Severity::Note><p>{why}</p></Banner> })}
        {move || editable.get().then(|| view! { <noscript>{NEEDS_SCRIPTS}</noscript> })}
        <div class="role-columns">
            {move || {
                if editable.get() {
                    view! { <EditForm desk detail rights/> }.into_any()
                } else {
                    view! { <div>{sheet}</div> }.into_any()
                }
            }}
            {move || view! { <HeldBy detail=detail.get() rights/> }}
        </div>
        <DeleteDialog deletion=desk.deletion/>
    }
}

#[component]
fn EditForm(desk: Desk, detail: Memo<RoleDetail>, rights: StoredValue<Rights>) -> impl IntoView {
    let own = detail.read_untracked().application_permissions.clone();
    let changes = move || {
        let base = desk.base.read();
        base.as_ref().map(|base| changes(&base.permissions, &desk.draft.chosen.read()))
    };
    let affects = move || {
        let holders = detail.read().role.holders;
        match holders.is_empty() {
            true => "Affects nobody yet.".to_owned(),
            false => format!("Affects {}. What you save is in force for their very next request.", holders.said()),
        }
    };
    view! {
        <RoleForm
            draft=desk.draft
            own
            rights
            label="Save Changes"
            working="Saving…"
            on_submit=Callback::new(move |()| desk.save())
            cancel=path::ROLES.to_owned()
            notice=move || view! {
                <Show when=move || desk.stale.get()>
                    <div>
                        <button type="button" class="button" on:click=move |_| desk.load_saved()>
                            "Load what is saved now"
                        </button>
                    </div>
                </Show>
            }
            before_submit=move || view! {
                <p class="role-changes">{changes}</p>
                <p class="role-affects">{affects}</p>
            }
        />
    }
}

/// `Adds api.key.create; removes ip.lookup.`
fn changes(before: &Grants, after: &Grants) -> String {
    let beyond = |all: &Grants, known: &Grants| {
        all.names().filter(|name| !known.holds_name(name)).collect::<Vec<_>>().join(", ")
    };
    match (beyond(after, before), beyond(before, after)) {
        (added, removed) if added.is_empty() && removed.is_empty() => "The permissions stay as they are.".to_owned(),
        (added, removed) if removed.is_empty() => format!("Adds {added}."),
        (added, removed) if added.is_empty() => format!("Removes {removed}."),
        (added, removed) => format!("Adds {added}; removes {removed}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_edit_adds_and_removes_is_said() {
        let grants = |names: &[&str]| names.iter().collect::<Grants>();
        let said = |before: &[&str], after: &[&str]| changes(&grants(before), &grants(after));
        assert_eq!(said(&["ip.lookup"], &["ip.lookup"]), "The permissions stay as they are.");
        assert_eq!(said(&[], &["usage.view", "orders.read"]), "Adds usage.view, orders.read.");
        assert_eq!(said(&["ip.lookup"], &[]), "Removes ip.lookup.");
        assert_eq!(said(&["ip.lookup"], &["api.key.create"]), "Adds api.key.create; removes ip.lookup.");
    }
}
