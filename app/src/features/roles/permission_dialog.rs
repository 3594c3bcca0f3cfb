//! Registering, describing and removing a permission of the organization's own application.

use leptos::prelude::*;
use shared::{
    AppError,
    permission::{
        ApplicationPermission, DESCRIPTION_MAX, application_permission_description, application_permission_name,
    },
    role::RoleList,
};

use super::{
    api::{permission_create, permission_delete, permission_update},
    application_permissions::held_by,
};
use crate::{
    error::ApiResult,
    session::{Session, is_told},
    ui::{
        banner::{Banner, Severity},
        dialog::Dialog,
        dialog_form::DialogForm,
        field::{TextField, TextKind, judge},
        form::Problems,
        toast::Toasts,
    },
};

/// The prefix of all three forms; only one is there at a time.
const FORM: &str = "permission";

/// What the dialog is open for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Registering a new one.
    Register,
    /// Changing what one is said to be.
    Describe(ApplicationPermission),
    /// Taking one away, from every role too.
    Remove(ApplicationPermission),
}

/// What the section and its dialog share. What somebody typed to register outlives a dialog that was closed by mistake.
#[derive(Clone, Copy)]
pub(super) struct Registry {
    session: Session,
    toasts: Toasts,
    list: Resource<ApiResult<RoleList>>,
    task: RwSignal<Option<Task>>,
    name: RwSignal<String>,
    description: RwSignal<String>,
    /// The description being edited of one that is there already.
    edited: RwSignal<String>,
    problems: RwSignal<Problems>,
    pending: RwSignal<bool>,
}

impl Registry {
    /// With the dialog closed.
    pub(super) fn new(list: Resource<ApiResult<RoleList>>) -> Self {
        let [name, description, edited] = [(); 3].map(|()| RwSignal::new(String::new()));
        Self {
            session: Session::get(),
            toasts: Toasts::get(),
            list,
            task: RwSignal::new(None),
            name,
            description,
            edited,
            problems: RwSignal::new(Problems::default()),
            pending: RwSignal::new(false),
        }
    }

    /// Opens the dialog.
    pub(super) fn open(self, task: Task) {
        if let Task::Describe(permission) = &task {
            self.edited.set(permission.description.clone());
        }
        self.problems.set(Problems::default());
        self.task.set(Some(task));
    }

    fn send(self) {
        match self.task.get_untracked() {
            Some(Task::Register) => self.register(),
            Some(Task::Describe(permission)) => self.describe(permission.name),
            Some(Task::Remove(permission)) => self.remove(permission.name),
            None => {}
        }
    }

    fn register(self) {
        let (name, description) = (self.name.get_untracked(), self.description.get_untracked());
        if !self.right([("name", check_name(&name)), ("description", check_description(&description))]) {
            return;
        }
        self.session.call(self.pending, permission_create(name, description), move |answer| {
            let said = answer.map(|permission| {
                self.name.set(String::new());
                self.description.set(String::new());
                // Owner and Admins hold it from now on, and so may grant it.
                self.session.refresh();
                format!("Registered. {} can be put in roles now.", permission.name)
            });
            self.done(said);
        });
    }

    fn describe(self, name: String) {
        let description = self.edited.get_untracked();
        if !self.right([("description", check_description(&description))]) {
            return;
        }
        self.session.call(self.pending, permission_update(name, description), move |answer| {
            self.done(answer.map(|permission| format!("Saved the description of {}.", permission.name)));
        });
    }

    fn remove(self, name: String) {
        self.problems.set(Problems::default());
        self.session.call(self.pending, permission_delete(name.clone()), move |answer| {
            self.done(answer.map(|roles| match roles.is_empty() {
                true => format!("Removed {name}. No role held it."),
                false => format!("Removed {name}, also from {}.", roles.join(", ")),
            }));
        });
    }

    /// Whether the fields are right. Else it says what is wrong.
    fn right<const N: usize>(self, checks: [(&'static str, Option<String>); N]) -> bool {
        let problems = Problems::from_checks(checks);
        let right = problems.is_empty();
        self.problems.set(problems);
        right
    }

    fn done(self, said: Result<String, AppError>) {
        match said {
            Ok(said) => {
                self.task.set(None);
                self.toasts.success(said);
                self.list.refetch();
            }
            Err(error) if is_told(&error) => self.task.set(None),
            Err(error) => self.problems.set(Problems::from_error(&error)),
        }
    }
}

fn check_name(text: &str) -> Option<String> {
    judge(application_permission_name(text))
}

fn check_description(text: &str) -> Option<String> {
    judge(application_permission_description(text))
}

/// The dialog.
#[component]
pub(super) fn PermissionDialog(registry: Registry, list: Memo<Option<RoleList>>) -> impl IntoView {
    let task = registry.task;
    let open = Memo::new(move |_| task.read().is_some());
    let title = Signal::derive(move || match &*task.read() {
        Some(Task::Describe(_)) => "Edit permission",
        Some(Task::Remove(_)) => "Remove permission",
        Some(Task::Register) | None => "Register permission",
    });
    let close = Callback::new(move |()| task.set(None));
    view! {
        <Dialog id="permission-dialog" title open on_close=close>
            {move || task.get().map(|task| view! { <PermissionForm registry task list close/> })}
        </Dialog>
    }
}

#[component]
fn PermissionForm(registry: Registry, task: Task, list: Memo<Option<RoleList>>, close: Callback<()>) -> impl IntoView {
    let Registry { problems, pending, .. } = registry;
    let danger = matches!(task, Task::Remove(_));
    let (label, working) = match &task {
        Task::Register => ("Register", "Registering…"),
        Task::Describe(_) => ("Save Changes", "Saving…"),
        Task::Remove(_) => ("Remove Permission", "Removing…"),
    };
    let fields = match task {
        Task::Register => view! {
            <TextField
                form=FORM
                name="name"
                label="Name"
                value=registry.name
                problems
                kind=TextKind { autofocus: true, ..TextKind::LINE }
                check=check_name
                help="Lower-case words joined by dots, the verb last, such as orders.read. It cannot be changed later."
            />
            <Description value=registry.description problems/>
        }
        .into_any(),
        Task::Describe(permission) => view! {
            <dl class="facts">
                <dt>"Name"</dt>
                <dd><code>{permission.name}</code></dd>
            </dl>
            <Description value=registry.edited problems/>
        }
        .into_any(),
        Task::Remove(permission) => {
            let roles =
                list.read_untracked().as_ref().map_or_else(Vec::new, |list| held_by(&list.roles, &permission.name));
            view! { <Loses name=permission.name roles/> }.into_any()
        }
    };
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label
            working
            danger
            on_submit=Callback::new(move |()| registry.send())
            on_cancel=close
        >
            {fields}
        </DialogForm>
    }
}

#[component]
fn Description(value: RwSignal<String>, problems: RwSignal<Problems>) -> impl IntoView {
    view! {
        <TextField
            form=FORM
            name="description"
            label="Description"
            value
            problems
            check=check_description
            help=format!("What it lets its holder do, in one sentence. Up to {DESCRIPTION_MAX} characters.")
        />
    }
}

/// What removing a permission takes away.
#[component]
fn Loses(name: String, roles: Vec<String>) -> impl IntoView {
    let lost = match roles.is_empty() {
        true => view! { <p>"No role holds it."</p> }.into_any(),
        false => view! {
            <p>"These roles lose it, and every key and member that has one of them loses it at once:"</p>
            <ul>{roles.into_iter().map(|role| view! { <li>{role}</li> }).collect_view()}</ul>
        }
        .into_any(),
    };
    view! {
        <Banner severity=Severity::Error>
            <p>
                <strong>"Requests that need "<code>{name}</code>" will be refused"</strong>
            </p>
            {lost}
        </Banner>
    }
}
