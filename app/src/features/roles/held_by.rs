//! Who holds a role.

use leptos::prelude::*;
use shared::{path, role::RoleDetail};

use super::rights::Rights;

/// Keys, members and pending invitations. What the viewer may not see is counted, and says why it is not listed.
#[component]
pub(super) fn HeldBy(detail: RoleDetail, rights: StoredValue<Rights>) -> impl IntoView {
    let RoleDetail { role, keys, members, .. } = detail;
    let holders = role.holders;
    let (keys_refused, members_refused) = rights.with_value(|rights| (rights.keys.clone(), rights.members.clone()));
    let keys = keys.map(|keys| keys.into_iter().map(|key| (key.name, Some(key.id.to_string()))).collect());
    let members = members.map(|members| members.into_iter().map(|member| (member.email, None)).collect());
    view! {
        <section class="held-by" aria-labelledby="held-by-title">
            <h2 id="held-by-title">"Who holds it"</h2>
            {holders.is_empty().then(|| view! { <p class="muted">"Nobody holds this role yet."</p> })}
            <Holders
                title="Keys"
                count=holders.keys
                names=keys
                refused=keys_refused
                href=format!("{}?role={}", path::KEYS, role.id)
                link="Show them in the API keys"
            />
            <Holders
                title="Members"
                count=holders.members
                names=members
                refused=members_refused
                href=format!("{}?role={}", path::TEAM, role.id)
                link="Show them in the team"
            />
            {(holders.invitations > 0)
                .then(|| view! { <h3>"Pending invitations"<span class="muted">{holders.invitations}</span></h3> })}
        </section>
    }
}

/// One kind of holders: how many, their names with an id beside where they have one, and where all of them are.
#[component]
fn Holders(
    title: &'static str,
    count: u64,
    names: Option<Vec<(String, Option<String>)>>,
    refused: Option<String>,
    href: String,
    link: &'static str,
) -> impl IntoView {
    (count > 0).then(|| {
        let list = match names {
            Some(names) => {
                let more = count.saturating_sub(names.len() as u64);
                let rows = names
                    .into_iter()
                    .map(|(name, id)| view! { <li>{name}{id.map(|id| view! { <code title=id.clone()>{id.clone()}</code> })}</li> })
                    .collect_view();
                view! {
                    <ul>
                        {rows}
                        {(more > 0).then(|| view! { <li class="muted">{format!("and {more} more")}</li> })}
                    </ul>
                    <p><a href=href>{link}</a></p>
                }
                .into_any()
            }
            None => view! { <p class="muted">{refused}</p> }.into_any(),
        };
        view! {
            <h3>{title}<span class="muted">{count}</span></h3>
            {list}
        }
    })
}
