//! `Delete Role`: whoever holds it gets another one in the same step.

use leptos::prelude::*;
use shared::{
    AppError, RoleId,
    role::{RoleDeleteParams, RoleDetail},
};
use wasm_split_helpers::SplitLoaderError;

use super::{
    api::{role_delete, role_get},
    reading,
    role_choice::RoleField,
};
use crate::{
    on_demand,
    session::{Session, is_told},
    ui::{
        banner::{Banner, Severity},
        dialog::Dialog,
        dialog_form::DialogForm,
        form::Problems,
        toast::Toasts,
    },
};

/// The form's prefix.
const FORM: &str = "delete-role";

/// The deletion of some role, and the dialog that asks for it.
#[derive(Clone, Copy)]
pub(super) struct Deletion {
    session: Session,
    toasts: Toasts,
    /// The role, while the dialog is open.
    target: RwSignal<Option<RoleDetail>>,
    /// The id of the role that takes its place.
    replacement: RwSignal<String>,
    problems: RwSignal<Problems>,
    pending: RwSignal<bool>,
    /// What follows.
    done: Callback<()>,
}

impl Deletion {
    /// None yet.
    pub(super) fn new(done: Callback<()>) -> Self {
        Self {
            session: Session::get(),
            toasts: Toasts::get(),
            target: RwSignal::new(None),
            replacement: RwSignal::new(String::new()),
            problems: RwSignal::new(Problems::default()),
            pending: RwSignal::new(false),
            done,
        }
    }

    /// Reads who holds the role now, and opens the dialog.
    pub(super) fn ask(self, id: RoleId) {
        self.session.call(self.pending, role_get(id), move |answer| match answer {
            Ok(detail) => {
                self.replacement.set(String::new());
                self.problems.set(Problems::default());
                on_demand::open(self.target, detail, self.toasts, load());
            }
            Err(error) => reading::tell(self.toasts, &error),
        });
    }

    fn send(self) {
        let Some(RoleDetail { role, replacements, .. }) = self.target.get_untracked() else { return };
        let in_use = !role.holders.is_empty();
        let chosen = self.replacement.read_untracked().parse::<RoleId>().ok();
        let replacement = replacements.into_iter().find(|other| in_use && Some(other.id) == chosen);
        if in_use && replacement.is_none() {
            let missing = "Choose the role that takes its place.".to_owned();
            return self.problems.set(Problems::from_checks([("replacement", Some(missing))]));
        }
        self.problems.set(Problems::default());
        let params = RoleDeleteParams {
            id: role.id,
            version: role.version,
            replacement: replacement.as_ref().map(|replacement| replacement.id),
        };
        self.session.call(self.pending, role_delete(params), move |answer| match answer {
            Ok(()) => {
                self.target.set(None);
                self.toasts.success(match replacement {
                    Some(other) => {
                        format!("Deleted {}. {} took its place for {}.", role.name, other.name, role.holders.said())
                    }
                    None => format!("Deleted {}.", role.name),
                });
                reading::changed(self.session, &role.name);
                self.done.run(());
            }
            Err(error) if is_told(&error) => self.target.set(None),
            Err(error) => {
                self.problems.set(Problems::from_error(&error));
                match error {
                    // Somebody has got it since the dialog was opened: it asks for a replacement now.
                    AppError::RoleInUse { holders } => self.target.update(|target| {
                        if let Some(target) = target {
                            target.role.holders = holders;
                        }
                    }),
                    AppError::Stale { .. } => self.look_again(role.id),
                    _ => {}
                }
            }
        });
    }

    /// Shows the role as it is now.
    fn look_again(self, id: RoleId) {
        self.session.call(self.pending, role_get(id), move |answer| match answer {
            Ok(detail) => self.target.set(Some(detail)),
            Err(error) => self.problems.set(Problems::from_error(&error)),
        });
    }
}

/// The dialog.
#[component]
pub(super) fn DeleteDialog(deletion: Deletion) -> impl IntoView {
    let target = deletion.target;
    let open = Memo::new(move |_| target.read().is_some());
    let close = Callback::new(move |()| target.set(None));
    view! {
        <Dialog id="delete-role-dialog" title="Delete role" open on_close=close>
            {move || target.get().and_then(|detail| on_demand::loaded(content(deletion, detail, close)))}
        </Dialog>
    }
}

#[wasm_split_helpers::wasm_split(delete_role, fallible, preload(load))]
fn content(deletion: Deletion, detail: RoleDetail, close: Callback<()>) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <DeleteForm deletion detail close/> }.into_any())
}

#[component]
fn DeleteForm(deletion: Deletion, detail: RoleDetail, close: Callback<()>) -> impl IntoView {
    let Deletion { replacement, problems, pending, .. } = deletion;
    let RoleDetail { role, replacements, .. } = detail;
    let holders = role.holders;
    let takes_place = Callback::new(move |name: String| format!("{name} takes its place for {}.", holders.said()));
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Delete Role"
            working="Deleting…"
            danger=true
            on_submit=Callback::new(move |()| deletion.send())
            on_cancel=close
        >
            <Banner severity=Severity::Error>
                <p><strong>{format!("{} will be gone for good", role.name)}</strong></p>
                <p>
                    {if holders.is_empty() {
                        "Nobody holds it.".to_owned()
                    } else {
                        format!("Held by {}. Choose the role that takes its place; it is in force at once.", holders.said())
                    }}
                </p>
            </Banner>
            {(!holders.is_empty())
                .then(|| view! {
                    <RoleField
                        form=FORM
                        name="replacement"
                        label="Replacement role"
                        value=replacement
                        problems
                        roles=Signal::stored(replacements)
                        unchosen="Choose a role…"
                        means=takes_place
                    />
                })}
        </DialogForm>
    }
}
