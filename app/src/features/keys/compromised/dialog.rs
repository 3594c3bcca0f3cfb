//! `Compromised?`: what somebody else may have done with the key, what becomes of it, and why.

use leptos::prelude::*;
use shared::{
    AppError, KeyId, Timestamp,
    incident::{self, ADDED_UP, Activity, ActivityLine, Containment, KeyContainParams, KeyContained},
    key::{KeyCreated, KeyView, REASON_MAX},
    path,
};

use super::{
    super::{reveal::Reveal, tab::Tab},
    api::{key_activity, key_contain},
};
use crate::{
    query,
    ui::{
        banner::{Banner, Severity},
        dialog_form::DialogForm,
        field::{SelectField, SelectOption, TextField, TextKind, judge},
        form::Problems,
        table::{Columns, DataTable},
        time::Time,
    },
};

/// The form's prefix.
const FORM: &str = "contain";
/// So far back the activity is shown at first.
const DAYS: i64 = 30;

fn check_reason(text: &str) -> Option<String> {
    judge(incident::reason(text))
}

/// What the form and the dialog share.
#[derive(Clone, Copy)]
pub(in super::super) struct Compromise {
    tab: Tab,
    containment: RwSignal<String>,
    reason: RwSignal<String>,
    problems: RwSignal<Problems>,
    pending: RwSignal<bool>,
    /// The only place where the secret is kept, until it is copied.
    created: RwSignal<Option<KeyCreated>>,
    /// What is said when the secret is copied.
    said: RwSignal<String>,
}

impl Compromise {
    /// None yet.
    pub(in super::super) fn new(tab: Tab) -> Self {
        Self {
            tab,
            containment: RwSignal::new(String::new()),
            reason: RwSignal::new(String::new()),
            problems: RwSignal::new(Problems::default()),
            pending: RwSignal::new(false),
            created: RwSignal::new(None),
            said: RwSignal::new(String::new()),
        }
    }

    /// The dialog's heading.
    pub(in super::super) fn title(self) -> &'static str {
        if self.created.read().is_some() { "API key contained" } else { "Compromised API key" }
    }

    /// Whether the dialog has to stay: the secret is shown, or the answer that holds it is under way.
    pub(in super::super) fn is_locked(self) -> bool {
        self.created.read().is_some() || self.pending.get()
    }

    fn chosen(self) -> Containment {
        Containment::from_code(&self.containment.read()).unwrap_or(Containment::Replace)
    }

    fn send(self, id: KeyId, version: i64) {
        let found = Problems::from_checks([("reason", check_reason(&self.reason.read_untracked()))]);
        if !found.is_empty() {
            return self.problems.set(found);
        }
        self.problems.set(Problems::default());
        let (containment, reason) = (untrack(move || self.chosen()), self.reason.get_untracked());
        let params = KeyContainParams { id, version, containment, reason };
        self.tab.call(self.pending, key_contain(params), move |answer| match answer {
            Ok(KeyContained { incident, created, refused_since, took_ms, .. }) => {
                let since = refused_since.clock();
                self.said
                    .set(format!("Contained. Refused everywhere as of {since} ({took_ms} ms). Incident {incident}"));
                self.created.set(created);
                if self.created.read_untracked().is_none() {
                    self.tab.done(self.said.get_untracked());
                }
            }
            Err(AppError::Conflict { .. }) => self.problems.set(Problems::from_error(&AppError::stale("key"))),
            Err(error) => self.problems.set(Problems::from_error(&error)),
        });
    }

    /// Drops the secret.
    fn forget(self) {
        self.created.set(None);
        self.tab.done(self.said.get_untracked());
    }
}

/// The form, and after it the secret.
#[component]
pub(in super::super) fn Contain(compromise: Compromise, key: KeyView, now: Memo<Timestamp>) -> impl IntoView {
    compromise.problems.set(Problems::default());
    compromise.reason.set(String::new());
    compromise.containment.set(Containment::Replace.code().to_owned());
    move || match compromise.created.get() {
        Some(created) => {
            let forget = Callback::new(move |()| compromise.forget());
            view! { <Reveal created forget/> }.into_any()
        }
        None => view! { <ContainForm compromise key=key.clone() now/> }.into_any(),
    }
}

#[component]
fn ContainForm(compromise: Compromise, key: KeyView, now: Memo<Timestamp>) -> impl IntoView {
    let Compromise { tab, containment, reason, problems, pending, .. } = compromise;
    let (id, version) = (key.id, key.version);
    let choices = Containment::ALL.iter().map(|choice| SelectOption::new(choice.code(), choice.label())).collect();
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Contain Key"
            working="Containing…"
            danger=true
            on_submit=Callback::new(move |()| compromise.send(id, version))
            on_cancel=Callback::new(move |()| tab.close())
        >
            <Banner severity=Severity::Error>
                <p>
                    <strong>"Whoever has the secret key of "{key.name}" can use it until you contain it."</strong>
                    " Applications that use it stop working until they have another one."
                </p>
            </Banner>
            <ActivitySince tab id now/>
            <SelectField
                form=FORM
                name="containment"
                label="What becomes of it"
                value=containment
                problems
                options=choices
                about=move || view! { <p class="muted">{consequence(compromise.chosen())}</p> }
            />
            <TextField
                form=FORM
                name="reason"
                label="What happened"
                value=reason
                problems
                check=check_reason
                help=format!("Told to your team by an alert, and kept in the audit trail. Up to {REASON_MAX} characters.")
            />
        </DialogForm>
    }
}

const fn consequence(chosen: Containment) -> &'static str {
    match chosen {
        Containment::Replace => {
            "It is revoked for good. Another key takes its place, with the same name, role, addresses and limits; its secret key is shown next."
        }
        Containment::Revoke => "It is revoked for good, and nothing takes its place.",
        Containment::Rotate => {
            "It keeps its Key ID and history and gets a new secret key, which is shown next. Every other one stops working at once."
        }
    }
}

/// What the key was used for since a day, with the way to export it.
#[component]
fn ActivitySince(tab: Tab, id: KeyId, now: Memo<Timestamp>) -> impl IntoView {
    let since = RwSignal::new(now.get_untracked().plus_days(-DAYS).day());
    let pending = RwSignal::new(false);
    let found = RwSignal::new(None::<Result<Activity, String>>);
    let begin = Memo::new(move |_| Timestamp::end_of_day(&since.read()).map(|end| end.plus_days(-1)));
    Effect::new(move |_| {
        let Some(begin) = begin.get() else { return };
        tab.call(pending, key_activity(id, begin), move |answer| {
            found.set(Some(answer.map_err(|error| error.to_string())));
        });
    });
    let file = move || {
        let begin = begin.get()?;
        let pairs = [("key", id.to_string()), ("since", begin.rfc3339())];
        Some(query::href(path::ACTIVITY_CSV, pairs))
    };
    view! {
        <section class="contain-activity" aria-label="What it was used for">
            <TextField
                form=FORM
                name="since"
                label="What it was used for since"
                value=since
                problems=RwSignal::new(Problems::default())
                kind=TextKind { r#type: "date", ..TextKind::LINE }
                help="Counted by days of UTC, and kept for 90 days."
            />
            <div aria-live="polite" aria-busy=move || pending.get().to_string()>
                {move || match found.get() {
                    None => view! { <p class="muted">"Reading…"</p> }.into_any(),
                    Some(Err(why)) => view! { <p class="muted">{why}</p> }.into_any(),
                    Some(Ok(activity)) => table(activity),
                }}
            </div>
            {move || {
                let file = file().filter(|_| matches!(&*found.read(), Some(Ok(_))))?;
                Some(view! { <a class="button button-small" href=file download="" rel="external">"Export CSV"</a> })
            }}
        </section>
    }
}

fn table(activity: Activity) -> AnyView {
    let Activity { lines, more, reasons, now, .. } = activity;
    let refused: u64 = reasons.iter().map(|counted| counted.requests).sum();
    let why: Vec<_> =
        reasons.iter().map(|counted| format!("{} × {}", counted.requests, counted.reason.reason())).collect();
    if lines.is_empty() && refused == 0 {
        return view! { <p class="muted">"It was not used since then."</p> }.into_any();
    }
    let now = Signal::stored(now);
    view! {
        <div class="contain-lines" tabindex="0" role="region" aria-label="Addresses and permissions">
            <DataTable
                label="What it was used for"
                head=|| view! { <Columns labels=&["Address", "Permissions used", "Requests", "Last"]/> }
            >
                {lines.into_iter().map(|line| row(line, now)).collect_view()}
            </DataTable>
        </div>
        {(more > 0).then(|| view! { <p class="muted">{format!("And {more} more, all of them in the export.")}</p> })}
        {(refused > 0).then(|| view! { <p>"Refused: "{why.join(", ")}</p> })}
    }
    .into_any()
}

fn row(line: ActivityLine, now: Signal<Timestamp>) -> AnyView {
    let ActivityLine { address, permissions, user_agent, last_at, allowed, refused, .. } = line;
    let is_added_up = permissions == ADDED_UP;
    let address = match address.as_str() {
        "" if is_added_up => "Other addresses".to_owned(),
        "" => "Not known".to_owned(),
        _ => address,
    };
    let permissions = match permissions.as_str() {
        "" => "None".to_owned(),
        _ if is_added_up => "Various".to_owned(),
        _ => permissions,
    };
    view! {
        <tr role="row">
            <td role="cell" data-label="Address">
                <span class="address">{address}</span>
                {user_agent.map(|agent| view! { <small>{agent}</small> })}
            </td>
            <td role="cell" class="cell-text" data-label="Permissions used"><code>{permissions}</code></td>
            <td role="cell" data-label="Requests">
                {format!("{allowed} allowed")}
                {(refused > 0).then(|| view! { <small>{format!("{refused} refused")}</small> })}
            </td>
            <td role="cell" data-label="Last"><Time at=last_at now/></td>
        </tr>
    }
    .into_any()
}
