//! What a role may do, as a row of names.

use leptos::prelude::*;
use shared::{Grants, Permission};

/// Every name, with its sentence on hover where the console knows one.
#[component]
pub(crate) fn PermissionNames(permissions: Grants) -> impl IntoView {
    let names: Vec<_> = permissions
        .names()
        .map(|name| {
            let says = name.parse::<Permission>().ok().map(Permission::description);
            view! { <li><code title=says>{name.to_owned()}</code></li> }
        })
        .collect();
    view! { <ul class="permissions" aria-label="Permissions">{names}</ul> }
}
