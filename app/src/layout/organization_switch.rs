//! The organization that the page is about, and the way to the person's other ones.

use leptos::{prelude::*, server_fn::ServerFn};
use shared::{OrganizationId, account::Viewer, organization::OrganizationRef};

use crate::{
    features::settings::api::OrganizationSwitch,
    ui::{
        banner::{Banner, Severity},
        icon::{Glyph, Icon},
        menu::Menu,
    },
};

/// The name; a menu where there is more than one to choose from.
#[component]
pub(super) fn OrganizationName(viewer: Viewer) -> impl IntoView {
    let Viewer { organization, organization_name: name, organizations, .. } = viewer;
    if organizations.len() < 2 {
        return view! { <span class="organization" title=name.clone()>{name.clone()}</span> }.into_any();
    }
    // Never dispatched; it only finds in the page's address that a form was refused. Why is not repeated: anybody can
    // write an address.
    let refused =
        ServerAction::<OrganizationSwitch>::new().value().get_untracked().is_some_and(|answer| answer.is_err());
    let face = move || {
        view! {
            <span class="organization"><span class="visually-hidden">"Organization: "</span>{name.clone()}</span>
            <Glyph icon=Icon::Down/>
        }
    };
    view! {
        <Menu id="organization-menu" class="organization-button" menu_class="menu menu-below" face>
            <ul class="menu-list" aria-label="Your organizations">
                {organizations
                    .into_iter()
                    .map(|other| view! { <li><Choice other organization/></li> })
                    .collect_view()}
            </ul>
        </Menu>
        {refused
            .then(|| view! {
                <Banner severity=Severity::Error>
                    <p>"You were not taken to the other organization. Load the page again to see where you belong."</p>
                </Banner>
            })}
    }
    .into_any()
}

/// One of them: a plain form, posted by the browser itself, so that nothing of the one organization stays in memory for
/// the other.
#[component]
fn Choice(
    other: OrganizationRef,
    /// The one that the page is about.
    organization: OrganizationId,
) -> impl IntoView {
    let OrganizationRef { id, name } = other;
    if id == organization {
        view! { <span class="menu-item is-current" aria-current="true">{name}<Glyph icon=Icon::Check/></span> }
            .into_any()
    } else {
        view! {
            <form method="post" action=OrganizationSwitch::url()>
                <input type="hidden" name="organization" value=id.to_string()/>
                <button type="submit" class="menu-item">{name}</button>
            </form>
        }
        .into_any()
    }
}
