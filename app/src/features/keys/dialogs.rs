//! The tab's dialog. There is one, as only one thing is done at a time.

use leptos::prelude::*;
use shared::{Timestamp, key::KeyAllowance, role::RoleChoice};
use wasm_split_helpers::SplitLoaderError;

use super::{
    compromised::dialog::{Compromise, Contain},
    create_dialog::{Create, Creation},
    edit_dialog::EditForm,
    key_page,
    pause_dialog::PauseForm,
    retiring::RetireForm,
    revoke_dialog::RevokeForm,
    rotate_dialog::{Rotate, Rotation},
    shortcuts::ShortcutList,
    tab::{Tab, Task},
};
use crate::{on_demand, ui::dialog::Dialog};

/// The dialog, with what is being done in it.
#[component]
pub(super) fn KeyDialog(
    tab: Tab,
    now: Memo<Timestamp>,
    roles: Memo<Vec<RoleChoice>>,
    allowance: Memo<Option<KeyAllowance>>,
) -> impl IntoView {
    let creation = Creation::new(tab);
    let rotation = Rotation::new(tab);
    let compromise = Compromise::new(tab);
    let open = Memo::new(move |_| tab.task.read().is_some());
    let title = Signal::derive(move || match &*tab.task.read() {
        None => "",
        Some(Task::Create) => creation.title(),
        Some(Task::Edit(_)) => "Edit API key",
        Some(Task::Pause(_)) => "Pause API key",
        Some(Task::Rotate(_)) => rotation.title(),
        Some(Task::Retire(_)) => "Finish rotation",
        Some(Task::Revoke(_)) => "Revoke API key",
        Some(Task::Contain(_)) => compromise.title(),
        Some(Task::Shortcuts) => "Keyboard shortcuts",
        Some(Task::About(part, _)) => part.title(),
    });
    let locked = Memo::new(move |_| creation.is_locked() || rotation.is_locked() || compromise.is_locked());
    let close = Callback::new(move |()| tab.close());
    let parts = Parts { tab, creation, rotation, compromise, now, roles, allowance };
    view! {
        <Dialog id="key-dialog" title open locked on_close=close>
            {move || tab.task.get().and_then(|task| match task {
                Task::About(part, page) => on_demand::loaded(key_page::dialogs::content(tab, part, page)).flatten(),
                task => on_demand::loaded(content(parts, task)).flatten(),
            })}
        </Dialog>
    }
}

/// What the forms share with the page.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    tab: Tab,
    creation: Creation,
    rotation: Rotation,
    compromise: Compromise,
    now: Memo<Timestamp>,
    roles: Memo<Vec<RoleChoice>>,
    allowance: Memo<Option<KeyAllowance>>,
}

#[wasm_split_helpers::wasm_split(key_dialogs, fallible, preload(load))]
pub(super) fn content(parts: Parts, task: Task) -> Result<Option<AnyView>, SplitLoaderError> {
    let Parts { tab, creation, rotation, compromise, now, roles, allowance } = parts;
    Ok(Some(match task {
        Task::Create => view! { <Create creation roles allowance/> }.into_any(),
        Task::Edit(key) => view! { <EditForm tab key roles/> }.into_any(),
        Task::Pause(key) => view! { <PauseForm tab key/> }.into_any(),
        Task::Rotate(key) => view! { <Rotate rotation key/> }.into_any(),
        Task::Retire(key) => view! { <RetireForm tab key/> }.into_any(),
        Task::Revoke(key) => view! { <RevokeForm tab key now/> }.into_any(),
        Task::Contain(key) => view! { <Contain compromise key now/> }.into_any(),
        Task::Shortcuts => view! { <ShortcutList/> }.into_any(),
        // It has code of its own.
        Task::About(..) => return Ok(None),
    }))
}
