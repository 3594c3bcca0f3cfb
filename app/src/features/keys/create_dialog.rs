//! `+ Create New Key`: the form, and after it, in the same dialog, the secret.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::{
    AppError,
    key::{KeyAllowance, KeyCreateParams, KeyCreated},
    role::RoleChoice,
};

use super::{
    api::key_create,
    draft::Draft,
    key_fields::KeyFields,
    reveal::Reveal,
    tab::{Tab, Task},
};
use crate::ui::{
    banner::{Banner, Severity},
    browser,
    button::SubmitButton,
    dialog::Dialog,
    form::{ProblemSummary, Problems},
};

/// The form's prefix.
const FORM: &str = "create";

/// What the form and the dialog share. It outlives the dialog: who closes it by mistake finds everything as it was.
#[derive(Clone, Copy)]
struct Creation {
    tab: Tab,
    draft: Draft,
    problems: RwSignal<Problems>,
    pending: RwSignal<bool>,
    /// Drawn anew at every opening, so that the same form sent twice makes one key.
    token: RwSignal<String>,
    /// The only place where the secret is kept, until it is copied.
    created: RwSignal<Option<KeyCreated>>,
}

impl Creation {
    fn send(self) {
        let filled = match self.draft.filled(FORM, None) {
            Ok(filled) => filled,
            Err(problems) => return self.problems.set(problems),
        };
        self.problems.set(Problems::default());
        let params = KeyCreateParams {
            name: filled.name,
            role: filled.role,
            environment: filled.environment,
            expires_at: filled.expires_at,
            form_token: Some(self.token.get_untracked()).filter(|token| !token.is_empty()),
        };
        self.tab.call(self.pending, key_create(params), move |answer| match answer {
            Ok(created) => {
                self.draft.clear();
                self.created.set(Some(created));
            }
            Err(error) => {
                if matches!(error, AppError::AlreadyCreated { .. }) {
                    // An earlier answer was lost. Now that this has been said, sending again means another key.
                    self.token.set(browser::random_token());
                }
                self.problems.set(Problems::from_error(&error));
            }
        });
    }

    /// Drops the secret. The table is read again only now: nothing may replace the page while the secret is shown.
    fn forget(self) {
        self.created.set(None);
        self.tab.close();
        self.tab.list.refetch();
    }
}

/// The dialog.
#[component]
pub(super) fn CreateDialog(
    tab: Tab,
    roles: Memo<Vec<RoleChoice>>,
    allowance: Memo<Option<KeyAllowance>>,
) -> impl IntoView {
    let creation = Creation {
        tab,
        draft: Draft::new(),
        problems: RwSignal::new(Problems::default()),
        pending: RwSignal::new(false),
        token: RwSignal::new(String::new()),
        created: RwSignal::new(None),
    };
    let open = Memo::new(move |_| *tab.task.read() == Some(Task::Create));
    let revealing = Memo::new(move |_| creation.created.read().is_some());
    // While the answer is under way the dialog stays: the secret comes with it.
    let locked = Memo::new(move |_| revealing.get() || creation.pending.get());
    Effect::new(move |_| {
        if open.get() {
            creation.token.set(browser::random_token());
            creation.problems.set(Problems::default());
            creation.draft.choose_least(&roles.read_untracked());
        }
    });
    let title = Signal::derive(move || if revealing.get() { "API key created" } else { "Create API key" });
    let close = Callback::new(move |()| tab.close());
    view! {
        <Dialog id="create-key" title open locked on_close=close>
            {move || {
                if revealing.get() {
                    let created = creation.created.get_untracked();
                    created
                        .map(|created| {
                            let forget = Callback::new(move |()| creation.forget());
                            view! { <Reveal created forget/> }
                        })
                        .into_any()
                } else {
                    view! { <CreateForm creation roles allowance/> }.into_any()
                }
            }}
        </Dialog>
    }
}

#[component]
fn CreateForm(
    creation: Creation,
    roles: Memo<Vec<RoleChoice>>,
    allowance: Memo<Option<KeyAllowance>>,
) -> impl IntoView {
    creation.draft.choose_least(&roles.read_untracked());
    let Creation { tab, draft, problems, pending, .. } = creation;
    // Said beforehand; the server has the last word, as somebody may just have revoked a key.
    let full = move || {
        allowance.get().filter(KeyAllowance::is_reached).map(|allowance| {
            let said = AppError::KeyLimitReached { allowance }.to_string();
            view! { <Banner severity=Severity::Warning><p>{said}</p></Banner> }
        })
    };
    view! {
        <form
            class="form"
            novalidate
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                creation.send();
            }
        >
            <ProblemSummary form=FORM problems/>
            {full}
            <KeyFields form=FORM draft problems roles/>
            <footer class="dialog-footer">
                <button type="button" class="button" on:click=move |_| {
                    if !pending.get_untracked() {
                        tab.close();
                    }
                }>"Cancel"</button>
                <SubmitButton label="Create" working="Creating…" pending/>
            </footer>
        </form>
    }
}
