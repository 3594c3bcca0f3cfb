//! `+ Create New Key`: the form, and after it, in the same dialog, the secret.

use leptos::prelude::*;
use shared::{
    AppError,
    key::{KeyAllowance, KeyCreateParams, KeyCreated},
    role::RoleChoice,
};

use super::{api::key_create, draft::Draft, key_fields::KeyFields, reveal::Reveal, tab::Tab};
use crate::ui::{
    banner::{Banner, Severity},
    browser,
    dialog_form::DialogForm,
    form::Problems,
};

/// The form's prefix.
const FORM: &str = "create";

/// What the form and the dialog share. It outlives the dialog: who closes it by mistake finds everything as it was.
#[derive(Clone, Copy)]
pub(super) struct Creation {
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
    /// None yet.
    pub(super) fn new(tab: Tab) -> Self {
        Self {
            tab,
            draft: Draft::new(),
            problems: RwSignal::new(Problems::default()),
            pending: RwSignal::new(false),
            token: RwSignal::new(String::new()),
            created: RwSignal::new(None),
        }
    }

    /// The dialog's heading.
    pub(super) fn title(self) -> &'static str {
        if self.created.read().is_some() { "API key created" } else { "Create API key" }
    }

    /// Whether the dialog has to stay: the secret is shown, or the answer that holds it is under way.
    pub(super) fn is_locked(self) -> bool {
        self.created.read().is_some() || self.pending.get()
    }

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

    /// Drops the secret. The page is read again only now: nothing may replace the page while the secret is shown.
    fn forget(self) {
        self.created.set(None);
        self.tab.close();
        self.tab.reread();
    }
}

/// The form, and after it the secret.
#[component]
pub(super) fn Create(
    creation: Creation,
    roles: Memo<Vec<RoleChoice>>,
    allowance: Memo<Option<KeyAllowance>>,
) -> impl IntoView {
    creation.token.set(browser::random_token());
    creation.problems.set(Problems::default());
    creation.draft.choose_least(&roles.read_untracked());
    move || match creation.created.get() {
        Some(created) => {
            let forget = Callback::new(move |()| creation.forget());
            view! { <Reveal created forget/> }.into_any()
        }
        None => view! { <CreateForm creation roles allowance/> }.into_any(),
    }
}

#[component]
fn CreateForm(
    creation: Creation,
    roles: Memo<Vec<RoleChoice>>,
    allowance: Memo<Option<KeyAllowance>>,
) -> impl IntoView {
    let Creation { tab, draft, problems, pending, .. } = creation;
    // Said beforehand; the server has the last word, as somebody may just have revoked a key.
    let full = move || {
        allowance.get().filter(KeyAllowance::is_reached).map(|allowance| {
            let said = AppError::KeyLimitReached { allowance }.to_string();
            view! { <Banner severity=Severity::Warning><p>{said}</p></Banner> }
        })
    };
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Create"
            working="Creating…"
            on_submit=Callback::new(move |()| creation.send())
            on_cancel=Callback::new(move |()| tab.close())
        >
            {full}
            <KeyFields form=FORM draft problems roles/>
        </DialogForm>
    }
}
