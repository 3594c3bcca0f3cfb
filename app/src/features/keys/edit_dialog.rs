//! `Edit`

use leptos::prelude::*;
use shared::{
    AppError,
    key::{KeyUpdateParams, KeyView},
    role::RoleChoice,
};

use super::{api::key_update, conflict::Conflict, draft::Draft, key_fields::KeyFields, tab::Tab};
use crate::ui::{copy_field::CopyField, dialog_form::DialogForm, form::Problems};

/// The form's prefix.
const FORM: &str = "edit";

/// One editing of one key.
#[derive(Clone, Copy)]
struct Editing {
    tab: Tab,
    draft: Draft,
    problems: RwSignal<Problems>,
    pending: RwSignal<bool>,
    /// What the edit was made from.
    base: RwSignal<KeyView>,
    /// What somebody else has saved meanwhile.
    saved: RwSignal<Option<KeyView>>,
}

impl Editing {
    fn send(self) {
        let filled = match self.draft.filled(FORM, Some(&*self.base.read_untracked())) {
            Ok(filled) => filled,
            Err(problems) => return self.problems.set(problems),
        };
        self.problems.set(Problems::default());
        let (id, version) = {
            let base = self.base.read_untracked();
            (base.id, base.version)
        };
        let params = KeyUpdateParams {
            id,
            version,
            name: filled.name,
            role: filled.role,
            environment: filled.environment,
            expires_at: filled.expires_at,
        };
        self.tab.call(self.pending, key_update(params), move |answer| match answer {
            Ok(key) => self.tab.done(format!("Saved. The changes to {} are in force.", key.name)),
            Err(AppError::Conflict { current }) => self.saved.set(Some(*current)),
            Err(error) => self.problems.set(Problems::from_error(&error)),
        });
    }

    /// Saves this person's values over the other's, who has been seen now.
    fn keep_mine(self, saved: KeyView) {
        self.base.set(saved);
        self.saved.set(None);
        self.send();
    }

    /// Goes on from what the other person saved.
    fn take_saved(self, saved: KeyView) {
        self.draft.load(&saved);
        self.base.set(saved);
        self.problems.set(Problems::default());
        self.saved.set(None);
    }
}

/// The form, or what to do about somebody else's change.
#[component]
pub(super) fn EditForm(tab: Tab, key: KeyView, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let editing = Editing {
        tab,
        draft: Draft::of(&key),
        problems: RwSignal::new(Problems::default()),
        pending: RwSignal::new(false),
        base: RwSignal::new(key),
        saved: RwSignal::new(None),
    };
    move || match editing.saved.get() {
        Some(saved) => {
            let keep = Callback::new(move |saved| editing.keep_mine(saved));
            let take = Callback::new(move |saved| editing.take_saved(saved));
            view! { <Conflict draft=editing.draft base=editing.base.get_untracked() saved roles keep take/> }.into_any()
        }
        None => view! { <Fields editing roles/> }.into_any(),
    }
}

#[component]
fn Fields(editing: Editing, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let Editing { tab, draft, problems, pending, base, .. } = editing;
    let (id, keeps) = {
        let base = base.read_untracked();
        (base.id.to_string(), base.role.id)
    };
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Save Changes"
            working="Saving…"
            on_submit=Callback::new(move |()| editing.send())
            on_cancel=Callback::new(move |()| tab.close())
        >
            <CopyField
                id="edit-key-id"
                label="Key ID"
                text=id
                what="Key ID"
                help="Fixed for ever. The secret key stays the same too."
            />
            <KeyFields form=FORM draft problems roles keeps/>
        </DialogForm>
    }
}
