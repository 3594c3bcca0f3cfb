//! `Remove`: ends a membership. What the member has made stays.

use leptos::prelude::*;
use leptos_router::location::Url;
use shared::{
    AppError, path,
    role::KeyHolder,
    team::{MemberDetail, MemberView},
};

use super::{
    api::{member_get, member_remove},
    tab::Tab,
};
use crate::ui::{
    banner::{Banner, Severity},
    dialog_form::DialogForm,
    form::Problems,
};

/// The form.
#[component]
pub(super) fn RemoveForm(tab: Tab, member: MemberView) -> impl IntoView {
    let MemberView { id, email, .. } = member;
    let said = format!("Removed. {email} is signed out and can do nothing here any more.");
    let detail = RwSignal::new(None::<Result<MemberDetail, AppError>>);
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    // Not a resource: the dialog is only ever opened in the browser.
    tab.tasks.call(RwSignal::new(false), member_get(id), move |answer| detail.set(Some(answer)));
    let send = move |()| {
        let said = said.clone();
        problems.set(Problems::default());
        tab.tasks.call(pending, member_remove(id), move |answer| match answer {
            Ok(()) => tab.tasks.done(said),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="remove"
            problems
            pending
            label="Remove Member"
            working="Removing…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <Banner severity=Severity::Error>
                <p><strong>{email}</strong>" will be signed out of this organization at once, everywhere."</p>
                <p>"To come back, they need a new invitation."</p>
            </Banner>
            <div class="made-keys" aria-live="polite">
                {move || match detail.get() {
                    None => view! { <p class="muted">"Looking for keys that they created…"</p> }.into_any(),
                    Some(Ok(detail)) => view! { <MadeKeys detail/> }.into_any(),
                    Some(Err(error)) => view! {
                        <p>"Keys that they created keep working. They cannot be listed now: "{error.to_string()}</p>
                    }
                    .into_any(),
                }}
            </div>
        </DialogForm>
    }
}

/// The keys they created, which go on.
#[component]
fn MadeKeys(detail: MemberDetail) -> impl IntoView {
    let MemberDetail { keys, keys_total, .. } = detail;
    let said = match keys_total {
        0 => return view! { <p>"They created no key that is in use."</p> }.into_any(),
        1 => "1 key that they created keeps working. Revoke it if they know its secret:".to_owned(),
        n => format!("{n} keys that they created keep working. Revoke those whose secrets they know:"),
    };
    let Some(keys) = keys else {
        return view! { <p>{said.replace(':', ".")}" Your role cannot see which."</p> }.into_any();
    };
    let more = keys_total.saturating_sub(keys.len() as u64);
    view! {
        <p>{said}</p>
        <ul class="consequences">
            {keys
                .into_iter()
                .map(|KeyHolder { id, name }| {
                    let href = format!("{}?q={}", path::KEYS, Url::escape(&id.to_string()));
                    view! { <li><a href=href>{name}</a></li> }
                })
                .collect_view()}
            {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })}
        </ul>
    }
    .into_any()
}
