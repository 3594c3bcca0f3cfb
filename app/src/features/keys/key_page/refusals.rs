//! `Why is it refused?`: the last refusals, and the tester.

use leptos::prelude::*;
use shared::{KeyId, Permission, Timestamp, account::Viewer, explain::RefusalView};

use super::{desk::Desk, tester::Tester};
use crate::{
    layout::{loaded::Loaded, section::Section},
    ui::{
        table::{Columns, DataTable},
        time::Time,
    },
};

/// The section; whoever may not see it is told what it takes.
#[component]
pub(super) fn RefusalsSection(
    desk: Desk,
    id: KeyId,
    now: Memo<Timestamp>,
    viewer: StoredValue<Viewer>,
) -> impl IntoView {
    let refused = viewer.with_value(|viewer| viewer.refusal(Permission::UsageView, "see what is refused and why"));
    view! {
        <Section
            id="refusals"
            title="Why is it refused?"
            sentence="What was refused last, and what would happen to another request."
        >
            {match refused {
                Some(why) => view! { <p class="muted">{why}</p> }.into_any(),
                None => {
                    let content = Callback::new(move |refusals: Memo<Option<Vec<RefusalView>>>| {
                        view! {
                            {move || refusals.get().map(|refusals| view! { <Refusals refusals now/> })}
                        }
                        .into_any()
                    });
                    view! {
                        <Loaded resource=desk.refusals content/>
                        <Tester desk id/>
                    }
                    .into_any()
                }
            }}
        </Section>
    }
}

#[component]
fn Refusals(refusals: Vec<RefusalView>, now: Memo<Timestamp>) -> impl IntoView {
    if refusals.is_empty() {
        return view! { <p class="muted">"Nothing was refused lately."</p> }.into_any();
    }
    view! {
        <DataTable
            label="Last refusals"
            head=|| view! { <Columns labels=&["When", "Reason", "Address", "Request"]/> }
        >
            {refusals
                .into_iter()
                .map(|RefusalView { at, reason, permissions, address, user_agent, request_id }| view! {
                    <tr role="row">
                        <td role="cell" data-label="When"><Time at now/></td>
                        <td role="cell" class="cell-text" data-label="Reason">
                            <code>{reason.reason()}</code>
                            {permissions.map(|names| view! { <small>"Asked for "<code>{names}</code></small> })}
                        </td>
                        <td role="cell" data-label="Address">
                            {match address {
                                Some(address) => view! { <span class="address">{address}</span> }.into_any(),
                                None => view! { <span class="muted">"Not known"</span> }.into_any(),
                            }}
                            {user_agent.map(|agent| view! { <small>{agent}</small> })}
                        </td>
                        <td role="cell" class="cell-text" data-label="Request"><code>{request_id}</code></td>
                    </tr>
                })
                .collect_view()}
        </DataTable>
    }
    .into_any()
}
