//! The fields of a key, the same when it is created and when it is edited.

use leptos::prelude::*;
use shared::{
    RoleId,
    key::{Environment, NAME_MAX},
    role::RoleChoice,
};

use super::draft::{Draft, check_expires, check_name};
use crate::{
    features::roles::role_choice::RoleField,
    ui::{
        field::{SelectField, SelectOption, TextField, TextKind},
        form::Problems,
    },
};

/// `Key Name`, `Role`, `Environment`, `Expires`
#[component]
pub(super) fn KeyFields(
    /// The form's prefix.
    form: &'static str,
    draft: Draft,
    problems: RwSignal<Problems>,
    roles: Memo<Vec<RoleChoice>>,
    /// The role the key has already, which it may keep even where nobody may newly assign it.
    #[prop(optional)]
    keeps: Option<RoleId>,
) -> impl IntoView {
    let environments =
        Environment::ALL.iter().map(|word| SelectOption::new(word.code(), word.label())).collect::<Vec<_>>();
    let name_kind = TextKind { autofocus: true, ..TextKind::LINE };
    let date_kind = TextKind { r#type: "date", ..TextKind::LINE };
    view! {
        <TextField
            form
            name="name"
            label="Key Name"
            value=draft.name
            problems
            kind=name_kind
            check=check_name
            help=format!("What it is for, such as “Production server”. Up to {NAME_MAX} characters.")
        />
        <RoleField form value=draft.role problems roles keeps/>
        <div class="field-pair">
            <SelectField
                form
                name="environment"
                label="Environment"
                value=draft.environment
                problems
                options=environments
            />
            <TextField
                form
                name="expires_at"
                label="Expires"
                optional=true
                value=draft.expires
                problems
                kind=date_kind
                check=check_expires
                help="Works until the end of this day, UTC."
            />
        </div>
    }
}
