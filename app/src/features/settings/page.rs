//! `/settings`

use leptos::prelude::*;
use leptos_meta::Title;
use shared::{
    AppError, Permission,
    account::{SessionList, Viewer},
    organization::OrganizationView,
};

use super::{
    api::{organization_get, session_list},
    organization_section::OrganizationSection,
    password_section::PasswordSection,
    sessions_section::SessionsSection,
};
use crate::{
    error::ApiResult,
    layout::{page_header::PageHeader, section::Section},
    session::{Protected, Session},
    ui::toast::Toasts,
};

/// What the parts of the page share. What is typed is kept here, as the page is drawn anew when the viewer changes: a
/// new name of the organization is one such change.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// The organization; refused to those who may not see it.
    pub(super) organization: Resource<ApiResult<OrganizationView>>,
    /// Where the person is signed in.
    pub(super) sessions: Resource<ApiResult<SessionList>>,
    /// The organization's name, as typed.
    pub(super) name: RwSignal<String>,
    /// After how many days keys in production are due for rotation, as typed.
    pub(super) production_days: RwSignal<String>,
    /// After how many days all others are.
    pub(super) other_days: RwSignal<String>,
    /// The password that is to be changed.
    pub(super) current: RwSignal<String>,
    /// What it is to be.
    pub(super) new: RwSignal<String>,
    /// Who is looking.
    pub(super) session: Session,
    /// Where results are told.
    pub(super) toasts: Toasts,
}

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let session = Session::get();
    let organization = Resource::new(
        || (),
        move |()| async move {
            session.allows_part(Permission::OrganizationView).await?;
            organization_get().await
        },
    );
    let sessions = Resource::new(
        || (),
        move |()| async move {
            match session.viewer().await? {
                Some(_) => session_list().await,
                None => Err(AppError::SignedOut.into()),
            }
        },
    );
    let [name, production_days, other_days, current, new] = [(); 5].map(|()| RwSignal::new(String::new()));
    let toasts = Toasts::get();
    let settings =
        Settings { organization, sessions, name, production_days, other_days, current, new, session, toasts };
    view! {
        <Title text="Settings"/>
        <Protected content=move |viewer| view! { <Sections settings viewer/> }.into_any()/>
    }
}

#[component]
fn Sections(settings: Settings, viewer: Viewer) -> impl IntoView {
    let email = viewer.email.clone();
    view! {
        <div class="sections settings">
            <PageHeader title="Settings" sentence="The organization, and your own account."/>
            // Text only: a browser with scripts does not parse what is in here.
            <noscript>"Changing something needs JavaScript. Reading, and signing out here, works without."</noscript>
            <OrganizationSection settings viewer=viewer.clone()/>
            <ProfileSection viewer/>
            <PasswordSection settings email/>
            <SessionsSection settings/>
        </div>
    }
}

/// Who somebody is here.
#[component]
fn ProfileSection(viewer: Viewer) -> impl IntoView {
    let Viewer { email, organization_name, roles, .. } = viewer;
    view! {
        <Section id="profile" title="Profile" sentence="Who you are here.">
            <dl class="facts">
                <dt>"Email"</dt>
                <dd>{email}</dd>
                <dt>"Organization"</dt>
                <dd>{organization_name}</dd>
                <dt>"Roles"</dt>
                <dd>{roles.join(", ")}</dd>
            </dl>
        </Section>
    }
}
