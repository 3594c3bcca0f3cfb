//! The page's dialog. There is one, as only one thing is done at a time.

use leptos::prelude::*;
use shared::whitelist::WhitelistStanding;
use wasm_split_helpers::SplitLoaderError;

use super::{
    add_dialog::AddForm,
    add_many_dialog::AddManyForm,
    edit_dialog::EditForm,
    mode_dialog::SwitchForm,
    remove_dialog::RemoveForm,
    tab::{Tab, Task},
};
use crate::{on_demand, ui::dialog::Dialog};

/// The dialog, with the form for what is being done.
#[component]
pub(super) fn WhitelistDialog(tab: Tab, standing: Memo<Option<WhitelistStanding>>) -> impl IntoView {
    let open = Memo::new(move |_| tab.tasks.task.read().is_some());
    let title = Signal::derive(move || tab.tasks.task.read().as_ref().map_or("", Task::title));
    let close = Callback::new(move |()| tab.tasks.close());
    view! {
        <Dialog id="whitelist-dialog" title open on_close=close>
            {move || tab.tasks.task.get().and_then(|task| on_demand::loaded(content(tab, standing, task)))}
        </Dialog>
    }
}

#[wasm_split_helpers::wasm_split(whitelist_dialogs, fallible, preload(load))]
pub(super) fn content(
    tab: Tab,
    standing: Memo<Option<WhitelistStanding>>,
    task: Task,
) -> Result<AnyView, SplitLoaderError> {
    Ok(match task {
        Task::Add => view! { <AddForm tab/> }.into_any(),
        Task::AddMany => view! { <AddManyForm tab/> }.into_any(),
        Task::Edit(entry) => view! { <EditForm tab entry/> }.into_any(),
        Task::Remove(entry) => view! { <RemoveForm tab entry standing/> }.into_any(),
        Task::Switch(before, to) => view! { <SwitchForm tab before to/> }.into_any(),
    })
}
