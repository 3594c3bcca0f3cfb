//! The page's dialog. There is one, as only one thing is done at a time.

use leptos::prelude::*;
use shared::role::RoleChoice;
use wasm_split_helpers::SplitLoaderError;

use super::{
    invitation_dialogs::{ChangeRoleForm, WithdrawForm},
    invite_dialog::InviteForm,
    link::HandOn,
    member_dialogs::{LeaveForm, ManageRolesForm, TransferForm},
    remove_dialog::RemoveForm,
    tab::{Tab, Task},
};
use crate::{on_demand, ui::dialog::Dialog};

/// The dialog, with the form for what is being done.
#[component]
pub(super) fn TeamDialog(
    tab: Tab,
    roles: Memo<Vec<RoleChoice>>,
    /// Its name, for whoever leaves it.
    organization: StoredValue<String>,
) -> impl IntoView {
    let open = Memo::new(move |_| tab.tasks.task.read().is_some());
    let title = Signal::derive(move || tab.tasks.task.read().as_ref().map_or("", Task::title));
    let close = Callback::new(move |()| tab.tasks.close());
    view! {
        <Dialog id="team-dialog" title open on_close=close>
            {move || tab.tasks.task.get().and_then(|task| on_demand::loaded(content(tab, roles, organization, task)))}
        </Dialog>
    }
}

#[wasm_split_helpers::wasm_split(team_dialogs, fallible, preload(load))]
pub(super) fn content(
    tab: Tab,
    roles: Memo<Vec<RoleChoice>>,
    organization: StoredValue<String>,
    task: Task,
) -> Result<AnyView, SplitLoaderError> {
    Ok(match task {
        Task::Invite => view! { <InviteForm tab roles/> }.into_any(),
        Task::HandOn(news) => view! { <HandOn tab news/> }.into_any(),
        Task::ChangeRole(invitation) => view! { <ChangeRoleForm tab invitation roles/> }.into_any(),
        Task::Withdraw(invitation) => view! { <WithdrawForm tab invitation/> }.into_any(),
        Task::ManageRoles(member) => view! { <ManageRolesForm tab member roles/> }.into_any(),
        Task::Transfer(member) => view! { <TransferForm tab member/> }.into_any(),
        Task::Remove(member) => view! { <RemoveForm tab member/> }.into_any(),
        Task::Leave => view! { <LeaveForm tab organization=organization.get_value()/> }.into_any(),
    })
}
