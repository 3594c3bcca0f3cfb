//! A key's own list, in the key's page: from where it may be used.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::{
    AppError, KeyId, Permission,
    account::Viewer,
    whitelist::{self, KeyNetworks, KeyNetworksUpdateParams},
};

use super::api::{key_networks_get, key_networks_update};
use crate::{
    error::ApiResult,
    layout::loaded::Loaded,
    session::Session,
    ui::{
        button::{GuardedButton, SubmitButton},
        field::{Field, described_by},
        form::{ProblemSummary, Problems},
        toast::Toasts,
    },
};

/// The form's prefix.
const FORM: &str = "networks";

/// What the section shares. To be made by the page, once; the section below may be built several times on the server.
#[derive(Clone, Copy)]
pub struct KeyNetworksList {
    saved: Resource<ApiResult<KeyNetworks>>,
    /// The lines, as typed; `None` before anybody has typed.
    lines: RwSignal<Option<String>>,
    session: Session,
    toasts: Toasts,
}

impl KeyNetworksList {
    /// Of the key that the page is about.
    #[must_use]
    pub fn new(key: Memo<Option<KeyId>>) -> Self {
        let session = Session::get();
        let saved = Resource::new(
            move || key.get(),
            move |key| async move {
                session.allows(Permission::KeyView).await?;
                key_networks_get(key.ok_or_else(|| AppError::not_found("API key"))?).await
            },
        );
        Self { saved, lines: RwSignal::new(None), session, toasts: Toasts::get() }
    }
}

/// The section's content: to be put under a heading, for whoever may see keys.
#[component]
pub fn NetworksSection(
    /// What the page has made.
    list: KeyNetworksList,
    /// Who is looking.
    viewer: Viewer,
    /// Whether nothing can be changed any more, as of a revoked key.
    #[prop(optional, into)]
    fixed: Signal<bool>,
) -> impl IntoView {
    let refused = StoredValue::new(viewer.refusal(Permission::KeyUpdate, "edit API keys"));
    let content = Callback::new(move |saved: Memo<Option<KeyNetworks>>| {
        (move || {
            let why = refused.get_value();
            if why.is_some() || fixed.get() {
                view! { <Fixed saved why/> }.into_any()
            } else {
                view! { <Form list saved/> }.into_any()
            }
        })
        .into_any()
    });
    view! { <Loaded resource=list.saved content/> }
}

/// A line for each.
fn text(networks: &KeyNetworks) -> String {
    networks.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The list, for those who may not change it.
#[component]
fn Fixed(saved: Memo<Option<KeyNetworks>>, why: Option<String>) -> impl IntoView {
    let list = move || {
        saved.get().map(|saved| {
            if saved.networks.is_empty() {
                return view! { <p>"From any address."</p> }.into_any();
            }
            let rows =
                saved.networks.into_iter().map(|network| view! { <li class="address">{network.to_string()}</li> });
            view! { <ul class="key-networks">{rows.collect_view()}</ul> }.into_any()
        })
    };
    view! {
        {list}
        {why
            .map(|why| view! {
                <p>
                    <GuardedButton
                        label="Save Changes"
                        refused=Signal::stored(Some(why))
                        on_press=Callback::new(|()| ())
                    />
                </p>
            })}
    }
}

#[component]
fn Form(list: KeyNetworksList, saved: Memo<Option<KeyNetworks>>) -> impl IntoView {
    let KeyNetworksList { saved: resource, lines: typed, session, toasts } = list;
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let shown = Memo::new(move |_| typed.get().or_else(|| saved.read().as_ref().map(text)).unwrap_or_default());
    // What the lines mean, or what is wrong with one of them.
    let read = Memo::new(move |_| whitelist::key_networks(&lines(&shown.read())));
    let help = Signal::derive(move || {
        let read = read.read();
        match read.as_ref() {
            Ok(networks) if networks.is_empty() => "Empty: from any address.".to_owned(),
            Ok(networks) => {
                let broad = networks.iter().filter_map(|network| network.breadth());
                let canonical = networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                std::iter::once(format!("Only from {canonical}.")).chain(broad).collect::<Vec<_>>().join(" ")
            }
            Err(_) => "One address or range to a line, IPv4 or IPv6.".to_owned(),
        }
    });
    let error = Memo::new(move |_| {
        problems
            .read()
            .on("networks")
            .or_else(|| read.read().as_ref().err().filter(|_| typed.read().is_some()).cloned())
    });
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(before) = saved.get_untracked() else { return };
        let wrong = read.read_untracked().as_ref().err().cloned();
        let found = Problems::from_checks([("networks", wrong)]);
        let is_wrong = !found.is_empty();
        problems.set(found);
        if is_wrong {
            return;
        }
        let params = KeyNetworksUpdateParams { before, networks: lines(&shown.read_untracked()) };
        session.call(pending, key_networks_update(params), move |answer| match answer {
            Ok(now) => {
                typed.set(None);
                toasts.success(match now.networks.len() {
                    0 => "Saved. The key may be used from any address.",
                    _ => "Saved. The list is in force.",
                });
                resource.refetch();
            }
            Err(error) => {
                if matches!(error, AppError::Stale { .. }) {
                    resource.refetch();
                }
                problems.set(Problems::from_error(&error));
            }
        });
    };
    view! {
        // Without scripts nothing would answer it.
        <form class="form" method="post" novalidate on:submit=send>
            <ProblemSummary form=FORM problems/>
            <Field form=FORM name="networks" label="IP Addresses" help error>
                <textarea
                    class="input mono-lines"
                    id="networks-networks"
                    rows="4"
                    spellcheck="false"
                    autocomplete="off"
                    aria-describedby=described_by(FORM, "networks")
                    aria-invalid=move || error.read().is_some().then_some("true")
                    prop:value=move || shown.get()
                    on:input=move |event| {
                        typed.set(Some(event_target_value(&event)));
                        problems.update(|problems| problems.forget("networks"));
                    }
                >
                    {shown.get_untracked()}
                </textarea>
            </Field>
            <p class="needs-scripts"><SubmitButton label="Save Changes" working="Saving…" pending/></p>
        </form>
    }
}
