//! `/roles/new`: making a role, from nothing or from another one.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use shared::{
    Grants, Permission, RoleId,
    account::Viewer,
    path,
    role::{NAME_MAX, RoleCreateParams, RoleList, RoleView},
};

use super::{api::role_create, draft::Draft, page::NEEDS_SCRIPTS, reading, rights::Rights, role_form::RoleForm};
use crate::{
    error::ApiResult,
    layout::{forbidden::Forbidden, loaded::latest, page_header::PageHeader, skeleton::Skeleton},
    query,
    session::{Protected, Session},
    ui::{
        banner::{Banner, Severity},
        form::Problems,
        toast::Toasts,
        unavailable::Unavailable,
    },
};

/// The making of one role.
#[derive(Clone, Copy)]
struct Creation {
    session: Session,
    toasts: Toasts,
    /// The role to start from.
    from: Memo<Option<RoleId>>,
    list: Resource<ApiResult<RoleList>>,
    draft: Draft,
    /// What the draft was started from.
    started: StoredValue<Option<Option<RoleId>>>,
    /// Goes to another page.
    go: Callback<String>,
}

impl Creation {
    /// Starts the draft, unless it is started. Gives the names that were left out because the viewer cannot grant them.
    fn start(self, source: Option<&RoleView>, rights: &Rights) -> Vec<String> {
        let all: Vec<String> = source.map(|role| role.permissions.clone().into()).unwrap_or_default();
        let (granted, left_out): (Vec<_>, Vec<_>) = all.into_iter().partition(|name| rights.may_grant(name));
        let from = self.from.get_untracked();
        if self.started.get_value() != Some(from) {
            self.started.set_value(Some(from));
            let (name, description) =
                source.map_or_else(Default::default, |role| (copied_name(&role.name), role.description.clone()));
            self.draft.fill(name, description, granted.iter().collect::<Grants>());
        }
        left_out
    }

    fn send(self) {
        let Some(permissions) = self.draft.checked() else { return };
        let params = RoleCreateParams {
            name: self.draft.name.get_untracked(),
            description: self.draft.description.get_untracked(),
            permissions,
        };
        self.session.call(self.draft.pending, role_create(params), move |answer| match answer {
            Ok(role) => {
                self.toasts.success(format!("Created {}.", role.name));
                self.go.run(path::role(role.id));
            }
            Err(error) => self.draft.problems.set(Problems::from_error(&error)),
        });
    }
}

/// `Copy of API Client`, cut to what a name may have.
fn copied_name(name: &str) -> String {
    format!("Copy of {name}").chars().take(NAME_MAX).collect()
}

/// The page.
#[component]
pub fn RoleNewPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let navigate = use_navigate();
    let creation = Creation {
        session,
        toasts: Toasts::get(),
        from: Memo::new(move |_| query::value(&search.read(), "from").and_then(|id| id.parse().ok())),
        list: reading::list(session),
        draft: Draft::new("new-role"),
        started: StoredValue::new(None),
        go: Callback::new(move |to: String| navigate(&to, NavigateOptions::default())),
    };
    view! {
        <Title text="Create role"/>
        <Protected content=move |viewer| view! { <NewRole creation viewer/> }.into_any()/>
    }
}

#[component]
fn NewRole(creation: Creation, viewer: Viewer) -> impl IntoView {
    let refusal = viewer
        .refusal(Permission::RoleView, "see the roles")
        .or_else(|| viewer.refusal(Permission::RoleCreate, "create roles"));
    match refusal {
        Some(refusal) => view! { <Forbidden page="Create role" title="You cannot create roles" refusal/> }.into_any(),
        None => {
            let rights = StoredValue::new(Rights::of(&viewer));
            view! {
                <Transition fallback=|| view! { <Skeleton/> }>
                    {move || view! { <Loaded creation rights/> }}
                </Transition>
            }
            .into_any()
        }
    }
}

#[component]
fn Loaded(creation: Creation, rights: StoredValue<Rights>) -> impl IntoView {
    let (good, error) = latest(creation.list);
    let retry = Callback::new(move |()| creation.list.refetch());
    // Keyed, so that another role to start from gets fields of its own.
    let forms = move || good.get().map(|list| (creation.from.get(), list));
    view! {
        {move || error.get().map(|error| view! { <Unavailable why=error.to_string() on_retry=retry/> })}
        <For
            each=forms
            key=|(from, _)| *from
            children=move |(from, list)| view! { <NewForm creation from list rights/> }
        />
    }
}

#[component]
fn NewForm(creation: Creation, from: Option<RoleId>, list: RoleList, rights: StoredValue<Rights>) -> impl IntoView {
    let source = list.roles.iter().find(|role| Some(role.id) == from);
    let left_out = creation.start(source, &rights.read_value());
    let lost = from.is_some() && source.is_none();
    let (title, sentence) = match source {
        Some(_) => {
            ("Duplicate role", "The copy starts with what the other role may do. The other role stays as it is.")
        }
        None => ("Create role", "A named set of permissions, to give to keys and members."),
    };
    view! {
        <Title text=title/>
        <PageHeader title sentence/>
        <noscript>{NEEDS_SCRIPTS}</noscript>
        {lost
            .then(|| view! {
                <Banner severity=Severity::Warning>
                    <p>"The role to duplicate does not exist any more. This form starts empty."</p>
                </Banner>
            })}
        {(!left_out.is_empty())
            .then(|| view! {
                <Banner severity=Severity::Note>
                    <p>
                        "Left out, because you lack them yourself and so cannot grant them: "
                        <strong>{left_out.join(", ")}</strong>
                    </p>
                </Banner>
            })}
        <RoleForm
            draft=creation.draft
            own=list.application_permissions
            rights
            label="Create Role"
            working="Creating…"
            on_submit=Callback::new(move |()| creation.send())
            cancel=path::ROLES.to_owned()
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_a_name_that_is_not_too_long() {
        assert_eq!(copied_name("API Client"), "Copy of API Client");
        assert!(shared::role::name(&copied_name(&"ü".repeat(NAME_MAX))).is_ok());
    }
}
