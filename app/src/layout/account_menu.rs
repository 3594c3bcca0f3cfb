//! Who is signed in, how the page looks, and the way out.

use leptos::{prelude::*, server_fn::ServerFn};
use shared::{account::Viewer, path};

use super::theme::ThemeSwitch;
use crate::{
    features::account::api::SignOut,
    ui::{
        banner::{Banner, Severity},
        icon::{Glyph, Icon},
        menu::Menu,
    },
};

/// The menu at the foot of the sidebar.
#[component]
pub(super) fn AccountMenu(viewer: Viewer) -> impl IntoView {
    let Viewer { email, roles, .. } = viewer;
    let roles = roles.join(", ");
    let face = {
        let email = email.clone();
        move || {
            view! {
                <span class="account-email"><span class="visually-hidden">"Account: "</span>{email.clone()}</span>
                <Glyph icon=Icon::Up/>
            }
        }
    };
    view! {
        <Menu id="account-menu" class="account-button" menu_class="menu menu-above" face>
            <div class="account-who">
                <strong>{email}</strong>
                <span>{roles}</span>
            </div>
            <ThemeSwitch/>
            // No pages of the application.
            <a class="menu-item" href=path::GUIDE rel="external">"Guide"</a>
            <a class="menu-item" href=path::REFERENCE rel="external">"API reference"</a>
            <SignOutForm/>
        </Menu>
    }
}

/// A plain form, posted by the browser itself: the page that comes back is a new one, and nothing of the session stays
/// in memory.
#[component]
pub(crate) fn SignOutForm(
    /// The button's looks.
    #[prop(default = "menu-item")]
    class: &'static str,
) -> impl IntoView {
    // Never dispatched; it only finds in the page's address that the form was refused. Why is not repeated: anybody can
    // write an address.
    let refused = ServerAction::<SignOut>::new().value().get_untracked().is_some_and(|answer| answer.is_err());
    view! {
        <form method="post" action=SignOut::url()>
            {refused
                .then(|| view! {
                    <Banner severity=Severity::Error><p>"You are still signed in. Try again."</p></Banner>
                })}
            <button type="submit" class=class>"Sign out"</button>
        </form>
    }
}
