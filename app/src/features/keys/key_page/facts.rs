//! What the key is, and when it was last used.

use leptos::prelude::*;
use shared::{Permission, account::Viewer, key::KeyDetail, path};

use super::super::{retiring::RetiringFacts, row::Used};
use crate::{layout::section::Section, ui::time::Time};

/// The section.
pub(super) fn section(detail: &KeyDetail, viewer: &Viewer) -> AnyView {
    let KeyDetail { key, user_agent, now, .. } = detail.clone();
    let now = Signal::stored(now);
    let role = if viewer.may(Permission::RoleView) {
        view! { <a href=path::role(key.role.id)>{key.role.name}</a> }.into_any()
    } else {
        key.role.name.into_any()
    };
    let expires = match key.expires_at {
        Some(at) => view! { <Time at now/> }.into_any(),
        None => "Never".into_any(),
    };
    view! {
        <Section id="facts" title="About this key" sentence="What it is, who made it, and when it was last used.">
            <dl class="facts facts-columns">
                <dt>"Last used"</dt>
                <dd>
                    <Used last_used=key.last_used now/>
                    {user_agent.map(|agent| view! { <small class="muted">{agent}</small> })}
                </dd>
                <dt>"Role"</dt>
                <dd>{role}</dd>
                <dt>"Created"</dt>
                <dd><Time at=key.created_at now/>" by "{key.created_by}</dd>
                <dt>"Environment"</dt>
                <dd>{key.environment.label()}</dd>
                <dt>"Secret key"</dt>
                <dd>
                    "Ends in "<code>"…"{key.secret_last4}</code>", made "<Time at=key.secret_created_at now/>
                    {key.rotation_due_at.map(|at| view! { <small class="muted">"Rotation due "<Time at now/></small> })}
                    {key.retiring.map(|retiring| view! { <RetiringFacts retiring/> })}
                </dd>
                <dt>"Expires"</dt>
                <dd>{expires}</dd>
            </dl>
        </Section>
    }
    .into_any()
}
