//! What the parts of the page share: the list, which dialog is open, and what is being filled in.

use leptos::prelude::*;
use shared::{
    AppError, Permission,
    account::Viewer,
    team::{InvitationView, MemberView, Team, TeamListParams},
};

use super::{dialogs, link::LinkNews};
use crate::{error::ApiResult, tasks::Tasks};

/// The dialog that is open, with the row it is about as the table showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Inviting somebody.
    Invite,
    /// Handing on the link of an invitation.
    HandOn(LinkNews),
    /// Changing what somebody will be.
    ChangeRole(InvitationView),
    /// Taking an invitation back.
    Withdraw(InvitationView),
    /// Changing what a member is.
    ManageRoles(MemberView),
    /// Making another member the Owner.
    Transfer(MemberView),
    /// Ending a membership.
    Remove(MemberView),
    /// Ending one's own.
    Leave,
}

impl Task {
    /// The dialog's heading.
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Invite => "Invite a member",
            Self::HandOn(news) => news.title(),
            Self::ChangeRole(_) => "Change role",
            Self::Withdraw(_) => "Withdraw invitation",
            Self::ManageRoles(_) => "Manage roles",
            Self::Transfer(_) => "Transfer ownership",
            Self::Remove(_) => "Remove member",
            Self::Leave => "Leave the organization",
        }
    }
}

/// The page.
#[derive(Clone, Copy)]
pub(super) struct Tab {
    /// What the address asks for.
    pub(super) params: Memo<TeamListParams>,
    /// What the server answers.
    pub(super) list: Resource<ApiResult<Team>>,
    /// Its dialogs.
    pub(super) tasks: Tasks<Task>,
    /// The email of somebody who is to be invited. It outlives the dialog: who closes it by mistake finds it as it was.
    pub(super) email: RwSignal<String>,
    /// The role they are to get.
    pub(super) role: RwSignal<String>,
    /// Whether the answer to something that needs no dialog is being waited for.
    pub(super) busy: RwSignal<bool>,
}

impl Tab {
    /// Puts the page together.
    pub(super) fn new(params: Memo<TeamListParams>, list: Resource<ApiResult<Team>>) -> Self {
        Self {
            params,
            list,
            tasks: Tasks::new(
                move || list.refetch(),
                |error| matches!(error, AppError::Stale { .. } | AppError::NotFound { .. } | AppError::LastOwner),
            ),
            email: RwSignal::new(String::new()),
            role: RwSignal::new(String::new()),
            busy: RwSignal::new(false),
        }
    }

    /// Opens a dialog.
    pub(super) fn open(self, task: Task) {
        self.tasks.open_with(task, dialogs::load());
    }
}

/// What the viewer may not do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusals {
    /// Inviting, and changing invitations.
    pub(super) invite: Option<String>,
    /// Changing the roles of members.
    pub(super) update: Option<String>,
    /// Removing members.
    pub(super) remove: Option<String>,
    /// Handing on the ownership is no matter of permissions: only the Owner sees it.
    pub(super) is_owner: bool,
}

impl Refusals {
    /// By the viewer's permissions.
    pub(super) fn of(viewer: &Viewer) -> Self {
        Self {
            invite: viewer.refusal(Permission::Invite, "invite people"),
            update: viewer.refusal(Permission::MemberUpdate, "change the roles of members"),
            remove: viewer.refusal(Permission::MemberRemove, "remove members"),
            is_owner: viewer.is_owner,
        }
    }
}
