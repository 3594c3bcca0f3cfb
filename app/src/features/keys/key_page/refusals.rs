//! `Why is it refused?`: the last refusals, and the way to the tester.

use leptos::prelude::*;
use shared::{Timestamp, explain::RefusalView};

use super::{super::tab::Part, page::Look};
use crate::{
    layout::section::Section,
    ui::{
        table::{Columns, DataTable},
        time::Time,
    },
};

/// The section; whoever may not see it is told what it takes.
pub(super) fn section(
    look: Look,
    last: Option<Vec<RefusalView>>,
    refused: Option<String>,
    now: Signal<Timestamp>,
) -> AnyView {
    let test = last.is_some().then(|| look.button(Part::Tester, "Test a request", None));
    view! {
        <Section
            id="refusals"
            title="Why is it refused?"
            sentence="What was refused last, and what would happen to another request."
            action=test
        >
            {refused.map(|why| view! { <p class="muted">{why}</p> })}
            {last.map(|last| table(last, now))}
        </Section>
    }
    .into_any()
}

fn table(last: Vec<RefusalView>, now: Signal<Timestamp>) -> AnyView {
    if last.is_empty() {
        return view! { <p class="muted">"Nothing was refused lately."</p> }.into_any();
    }
    view! {
        <DataTable
            label="Last refusals"
            head=|| view! { <Columns labels=&["When", "Reason", "Address", "Request"]/> }
        >
            {last.into_iter().map(|refusal| row(refusal, now)).collect_view()}
        </DataTable>
    }
    .into_any()
}

fn row(refusal: RefusalView, now: Signal<Timestamp>) -> AnyView {
    let RefusalView { at, reason, permissions, address, user_agent, request_id } = refusal;
    let address = address.unwrap_or_else(|| "Not recorded".to_owned());
    view! {
        <tr role="row">
            <td role="cell" data-label="When"><Time at now/></td>
            <td role="cell" class="cell-text" data-label="Reason">
                <code>{reason.reason()}</code>
                {permissions.map(|names| view! { <small>"Asked for "<code>{names}</code></small> })}
            </td>
            <td role="cell" data-label="Address">
                <span class="address">{address}</span>
                {user_agent.map(|agent| view! { <small>{agent}</small> })}
            </td>
            <td role="cell" class="cell-number" data-label="Request"><code>{request_id}</code></td>
        </tr>
    }
    .into_any()
}
