//! Somebody in the table who was invited.

use leptos::{prelude::*, task::spawn_local};
use shared::{
    Timestamp,
    team::{Delivery, InvitationView},
};

use super::{
    api::{invitation_link, invitation_resend},
    link::LinkNews,
    member_row::RoleTags,
    tab::{Refusals, Tab, Task},
};
use crate::ui::{
    badge::{Badge, Tone},
    browser,
    button::GuardedButton,
    icon::{Glyph, Icon},
    menu::{Menu, MenuItem},
    time::Time,
};

/// The row's cells. What became of the mail is `delivery`, and not the invitation's. `data-label` repeats the column's
/// heading where a row is a card.
#[component]
pub(super) fn InvitationCells(
    tab: Tab,
    invitation: InvitationView,
    delivery: Memo<Delivery>,
    now: Memo<Timestamp>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let refused = refusals.read_value().invite.clone().or_else(|| invitation.locked.clone());
    let (tone, word, expires) =
        if invitation.expired { (Tone::Lapsed, "EXPIRED", "expired ") } else { (Tone::Waiting, "PENDING", "expires ") };
    let InvitationView { email, role, invited_by, sent_at, expires_at, expired, .. } = invitation.clone();
    view! {
        <td role="cell" class="cell-name" data-label="Email"><span class="row-title">{email}</span></td>
        <td role="cell" data-label="Roles"><RoleTags roles=vec![role]/></td>
        <td role="cell" data-label="Status">
            <Badge tone word/>
            <small>{expires}<Time at=expires_at now/></small>
            {move || view! { <DeliveryNote delivery=delivery.get() expired now/> }}
        </td>
        <td role="cell" data-label="Joined">
            <span class="muted">"Invited "<Time at=sent_at now/></span>
            <small>"by "{invited_by}</small>
        </td>
        <td role="cell" class="cell-actions" data-label="Actions">
            <div class="row-actions">
                {match refused {
                    None => view! { <InvitationMenu tab invitation/> }.into_any(),
                    Some(why) => view! {
                        <GuardedButton
                            label="…"
                            says="More actions"
                            class="button button-small"
                            refused=Signal::stored(Some(why))
                            on_press=Callback::new(|()| ())
                        />
                    }
                    .into_any(),
                }}
            </div>
        </td>
    }
}

/// What became of the mail. Once the days are over, only a failure is worth telling: nobody got the link.
#[component]
fn DeliveryNote(delivery: Delivery, expired: bool, now: Memo<Timestamp>) -> impl IntoView {
    let trouble =
        |text: AnyView| view! { <small class="mail-trouble"><Glyph icon=Icon::Warning/><span>{text}</span></small> };
    match delivery {
        Delivery::Retrying { problem, next_at } => {
            let text = view! { {not_delivered(&problem)}" Next try "<Time at=next_at now/>"." };
            trouble(text.into_any()).into_any()
        }
        Delivery::Failed { problem } => {
            let text = view! { {not_delivered(&problem)}" Copy the link and hand it on, or resend it." };
            trouble(text.into_any()).into_any()
        }
        _ if expired => ().into_any(),
        Delivery::Written { .. } => trouble("No mail server: copy the link.".into_any()).into_any(),
        Delivery::Queued => view! { <small>"mail on its way"</small> }.into_any(),
        Delivery::Sent { at } => view! { <small>"mailed "<Time at now/></small> }.into_any(),
    }
}

/// The mail server's words, as one sentence.
fn not_delivered(problem: &str) -> String {
    format!("Mail not delivered: {}.", problem.trim_end_matches('.'))
}

/// What can be done with an invitation.
#[component]
fn InvitationMenu(tab: Tab, invitation: InvitationView) -> impl IntoView {
    let menu = format!("menu-{}", invitation.id);
    let over = invitation.expired.then(|| "It has expired. Resend it first.".to_owned());
    let invitation = StoredValue::new(invitation);
    let never = Signal::stored(None::<String>);
    let copy = Callback::new(move |()| copy_link(tab, invitation.get_value()));
    let resend = Callback::new(move |()| resend(tab, &invitation.read_value()));
    let change = Callback::new(move |()| tab.open(Task::ChangeRole(invitation.get_value())));
    let withdraw = Callback::new(move |()| tab.open(Task::Withdraw(invitation.get_value())));
    view! {
        <Menu id=menu.clone() label="More actions" face=|| view! { <Glyph icon=Icon::More/> }>
            <MenuItem menu=menu.clone() label="Copy link" refused=Signal::stored(over) on_choose=copy/>
            <MenuItem menu=menu.clone() label="Resend" refused=never on_choose=resend/>
            <MenuItem menu=menu.clone() label="Change role" refused=never on_choose=change/>
            <MenuItem menu=menu.clone() label="Withdraw" refused=never on_choose=withdraw/>
        </Menu>
    }
}

/// Asks for the link only now, as the page does not hold it, and copies it. A browser that does not allow that, perhaps
/// because the click was too long ago by then, leaves it to the person.
fn copy_link(tab: Tab, invitation: InvitationView) {
    tab.tasks.call(tab.busy, invitation_link(invitation.id), move |answer| match answer {
        Ok(link) => spawn_local(async move {
            if browser::copy(link.clone()).await {
                tab.tasks.toasts.success("Invitation link copied.");
            } else {
                tab.open(Task::HandOn(LinkNews::NotCopied { email: invitation.email, link }));
            }
        }),
        Err(error) => tab.tasks.toasts.error(error.to_string()),
    });
}

/// Nothing is lost by it but the old link, so nobody is asked.
fn resend(tab: Tab, invitation: &InvitationView) {
    tab.tasks.call(tab.busy, invitation_resend(invitation.id), move |answer| match answer {
        Ok(sent) => {
            tab.list.refetch();
            tab.open(Task::HandOn(LinkNews::Resent(sent)));
        }
        Err(error) => tab.tasks.toasts.error(error.to_string()),
    });
}
