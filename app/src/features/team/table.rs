//! The table of invitations and members.

use std::time::Duration;

use leptos::prelude::*;
use shared::{
    InvitationId, MemberId, Timestamp,
    team::{Delivery, InvitationView, Team, TeamRow},
};

use super::{
    invitation_row::InvitationCells,
    list_url,
    member_row::MemberCells,
    tab::{Refusals, Tab},
};
use crate::ui::{
    pager::{Pager, Position},
    table::{Columns, DataTable},
};

/// Which row: it stays the same element while what it says changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum RowId {
    Invitation(InvitationId),
    Member(MemberId),
}

impl RowId {
    const fn of(row: &TeamRow) -> Self {
        match row {
            TeamRow::Invitation(invitation) => Self::Invitation(invitation.id),
            TeamRow::Member(member) => Self::Member(member.id),
        }
    }
}

/// After how long the table is read again while a mail waits for its first try, and how often at most: by then it was
/// tried, or nobody can say when it will be.
const LOOK_AGAIN: (Duration, u8) = (Duration::from_secs(2), 5);

/// Shows soon what became of a mail, rather than only to whoever loads the page again.
fn follow_mails(tab: Tab, list: Memo<Option<Team>>) {
    Effect::new(move |looked: Option<u8>| {
        let waits =
            |row: &TeamRow| matches!(row, TeamRow::Invitation(i) if i.delivery == Delivery::Queued && !i.expired);
        let looked = looked.unwrap_or_default();
        if !list.read().as_ref().is_some_and(|list| list.page.rows.iter().any(waits)) {
            return 0;
        }
        let (pause, at_most) = LOOK_AGAIN;
        if looked < at_most
            && let Ok(handle) = set_timeout_with_handle(move || tab.list.refetch(), pause)
        {
            on_cleanup(move || handle.clear());
        }
        looked.saturating_add(1)
    });
}

/// Table and pager.
#[component]
pub(super) fn TeamTable(tab: Tab, list: Memo<Option<Team>>, refusals: StoredValue<Refusals>) -> impl IntoView {
    let ids = move || {
        let list = list.read();
        list.as_ref().map(|list| list.page.rows.iter().map(RowId::of).collect::<Vec<_>>()).unwrap_or_default()
    };
    follow_mails(tab, list);
    let now = Memo::new(move |_| list.read().as_ref().map_or(Timestamp::from_micros(0), |list| list.now));
    let position = Memo::new(move |_| {
        let params = tab.params.read();
        let href = |number| list_url::page(&params, number);
        list.read().as_ref().map(|list| Position::of(&list.page, href)).unwrap_or_default()
    });
    view! {
        <DataTable
            label="Members and invitations"
            head=|| view! { <Columns labels=&["Email", "Roles", "Status", "Joined", "Actions"]/> }
        >
            <For each=ids key=|id| *id children=move |id| view! { <Row tab id list now refusals/> }/>
        </DataTable>
        <Pager position/>
    }
}

#[component]
fn Row(
    tab: Tab,
    id: RowId,
    list: Memo<Option<Team>>,
    now: Memo<Timestamp>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let row = Memo::new(move |_| {
        list.read().as_ref().and_then(|list| list.page.rows.iter().find(|row| RowId::of(row) == id).cloned())
    });
    let delivery = Memo::new(move |_| match row.get() {
        Some(TeamRow::Invitation(invitation)) => invitation.delivery,
        _ => Delivery::Queued,
    });
    // That changes by itself, and must not take the menu away that somebody has just opened.
    let rest = Memo::new(move |_| match row.get() {
        Some(TeamRow::Invitation(row)) => {
            Some(TeamRow::Invitation(InvitationView { delivery: Delivery::Queued, ..row }))
        }
        row => row,
    });
    let cells = move || {
        rest.get().map(|row| match row {
            TeamRow::Invitation(invitation) => {
                view! { <InvitationCells tab invitation delivery now refusals/> }.into_any()
            }
            TeamRow::Member(member) => view! { <MemberCells tab member now refusals/> }.into_any(),
        })
    };
    view! { <tr role="row">{cells}</tr> }
}
