//! What can be done with a key besides editing and revoking it.

use leptos::{prelude::*, task::spawn_local};
use shared::key::{KeyStatus, KeyView};

use super::tab::{Tab, Task};
use crate::ui::{
    browser,
    icon::{Glyph, Icon},
    menu::{Menu, MenuItem},
};

/// The menu at the row's end.
#[component]
pub(super) fn RowMenu(
    tab: Tab,
    key: KeyView,
    /// Why the viewer may not pause or resume it.
    refused: Option<String>,
    /// Why the viewer may not revoke it.
    delete_refused: Option<String>,
) -> impl IntoView {
    let menu = format!("menu-{}", key.id);
    let id = key.id;
    let status = key.status;
    let is_rotating = key.retiring.is_some();
    let may_rotate = matches!(status, KeyStatus::Active | KeyStatus::Paused);
    let key = StoredValue::new(key);
    let refused = Signal::stored(refused);
    let delete_refused = Signal::stored(delete_refused);
    let pause = Callback::new(move |()| tab.open(Task::Pause(key.get_value())));
    let rotate = Callback::new(move |()| tab.open(Task::Rotate(key.get_value())));
    let retire = Callback::new(move |()| tab.open(Task::Retire(key.get_value())));
    let contain = Callback::new(move |()| tab.open(Task::Contain(key.get_value())));
    let resume = Callback::new(move |()| tab.resume(&key.read_value()));
    let copy = Callback::new(move |()| {
        spawn_local(async move {
            if browser::copy(id.to_string()).await {
                tab.toasts.success("Key ID copied.");
            } else {
                tab.toasts.error(format!("The browser did not allow copying. Copy it by hand: {id}"));
            }
        });
    });
    view! {
        <Menu id=menu.clone() label="More actions" face=|| view! { <Glyph icon=Icon::More/> }>
            {may_rotate.then(|| view! { <MenuItem menu=menu.clone() label="Rotate" refused on_choose=rotate/> })}
            {is_rotating
                .then(|| view! { <MenuItem menu=menu.clone() label="Finish rotation" refused on_choose=retire/> })}
            {match status {
                KeyStatus::Active => {
                    Some(view! { <MenuItem menu=menu.clone() label="Pause" refused on_choose=pause/> }.into_any())
                }
                KeyStatus::Paused => {
                    Some(view! { <MenuItem menu=menu.clone() label="Resume" refused on_choose=resume/> }.into_any())
                }
                KeyStatus::Expired | KeyStatus::Revoked => None,
            }}
            {(status != KeyStatus::Revoked).then(|| view! {
                <MenuItem menu=menu.clone() label="Compromised?" refused=delete_refused on_choose=contain/>
            })}
            <MenuItem menu=menu.clone() label="Copy Key ID" refused=Signal::stored(None::<String>) on_choose=copy/>
        </Menu>
    }
}
