//! Who looks at the page.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_location;
use shared::{AppError, Permission, account::Viewer, path};

use crate::{
    error::ApiResult,
    features::account::api::session,
    layout::{frame::Frame, plain_frame::PlainFrame, skeleton::Skeleton},
    page_answer::{GoTo, note_refused},
    query,
    ui::{
        banner::{Banner, Severity},
        toast::Toasts,
    },
};

/// The session that came with the page.
#[derive(Clone, Copy)]
pub struct Session {
    viewer: Resource<ApiResult<Option<Viewer>>>,
    /// What the bell says: how many alerts are open. `None`: as the viewer's data says.
    pub(crate) open_alerts: RwSignal<Option<u64>>,
    toasts: Toasts,
}

impl Session {
    /// Asks the server once and gives the answer to everything below.
    pub fn provide() {
        let viewer = Resource::new_blocking(|| (), |()| session());
        provide_context(Self { viewer, open_alerts: RwSignal::new(None), toasts: Toasts::get() });
    }

    /// The session.
    #[must_use]
    pub fn get() -> Self {
        expect_context()
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// When the server could not tell.
    pub async fn viewer(self) -> ApiResult<Option<Viewer>> {
        self.viewer.await
    }

    /// Waits until it is known who is looking, and refuses what the server would refuse, so that it is not asked for.
    ///
    /// # Errors
    /// When nobody is signed in, or they may not; the audit trail tells who has tried.
    pub async fn allows(self, permission: Permission) -> ApiResult<()> {
        let allowed = self.allows_part(permission).await;
        if allowed == Err(AppError::Forbidden { permission }.into()) {
            note_refused(permission).await;
        }
        allowed
    }

    /// The same for a part of a page that is theirs otherwise. Who opens that has tried nothing.
    ///
    /// # Errors
    /// When nobody is signed in, or they may not.
    pub async fn allows_part(self, permission: Permission) -> ApiResult<()> {
        match self.viewer().await? {
            Some(viewer) if viewer.may(permission) => Ok(()),
            Some(_) => Err(AppError::Forbidden { permission }.into()),
            None => Err(AppError::SignedOut.into()),
        }
    }

    /// The answer, if it is there; to be read under a `Suspense`.
    #[must_use]
    pub fn known(self) -> Option<ApiResult<Option<Viewer>>> {
        self.viewer.get()
    }

    /// Asks again who this is. A page shows what they may do now.
    pub fn refresh(self) {
        self.viewer.refetch();
    }

    /// To be told of every error that the server answers while somebody works. When the session has ended, the page
    /// finds out and leads to the sign-in page; when a role was taken away, the page is drawn anew by what is left, and
    /// the message stays beside it.
    pub fn notice(self, error: &AppError) {
        match error {
            AppError::SignedOut => self.refresh(),
            AppError::Forbidden { .. } | AppError::OwnerOnly => {
                self.toasts.error(error.to_string());
                self.refresh();
            }
            _ => {}
        }
    }

    /// Calls the server and hands on its answer. While a call is under way, a second one is not made: a form cannot be
    /// sent twice, by no number of clicks.
    pub fn call<T: 'static>(
        self,
        pending: RwSignal<bool>,
        call: impl Future<Output = ApiResult<T>> + 'static,
        then: impl FnOnce(Result<T, AppError>) + 'static,
    ) {
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        spawn_local(async move {
            let answer = call.await.map_err(|error| error.0);
            pending.try_set(false);
            if let Err(error) = &answer {
                self.notice(error);
            }
            then(answer);
        });
    }
}

/// Whether [`Session::notice`] has told the person already, so that there is nothing left to do in a dialog.
#[must_use]
pub const fn is_told(error: &AppError) -> bool {
    matches!(error, AppError::SignedOut | AppError::Forbidden { .. } | AppError::OwnerOnly)
}

/// The mark in the sign-in page's address of somebody whose session has ended while they were at work.
const ENDED: (&str, &str) = ("ended", "1");

/// Where to sign in so as to come back to `next`.
fn sign_in_path(next: &str, ended: bool) -> String {
    let next = (next != path::HOME).then(|| ("next", next.to_owned()));
    let ended = ended.then(|| (ENDED.0, ENDED.1.to_owned()));
    query::href(path::SIGN_IN, next.into_iter().chain(ended))
}

/// Whether the sign-in page's address says that a session has ended. Anybody can write an address: the mark is all that
/// is taken from it.
pub(crate) fn has_ended(search: &str) -> bool {
    query::value(search, ENDED.0).as_deref() == Some(ENDED.1)
}

/// A page for members: in the frame for whoever is signed in, and leading everybody else to the sign-in page.
///
/// The content must not create resources: on the server it may be built more than once before it is sent.
#[component]
pub fn Protected(
    /// The content for the person.
    content: impl Fn(Viewer) -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let content = Callback::new(content);
    // What is there stays while the server is asked again who this is. In a closure for the reason that `latest` gives.
    view! { <Transition fallback=|| view! { <Skeleton/> }>{move || view! { <Gate content/> }}</Transition> }
}

#[component]
fn Gate(content: Callback<Viewer, AnyView>) -> impl IntoView {
    let session = Session::get();
    let was_signed_in = StoredValue::new(false);
    // A memo, so that asking again and hearing the same leaves the page as it is.
    let known = Memo::new(move |_| session.known());
    let location = use_location();
    let here = move || {
        let (path, query) = (location.pathname.get_untracked(), location.search.get_untracked());
        if query.is_empty() { path } else { format!("{path}?{query}") }
    };
    move || {
        known.get().map(|known| match known {
            Ok(Some(viewer)) => {
                was_signed_in.set_value(true);
                view! { <Frame viewer=viewer.clone()>{content.run(viewer)}</Frame> }.into_any()
            }
            Ok(None) => view! { <GoTo to=sign_in_path(&here(), was_signed_in.get_value())/> }.into_any(),
            Err(error) => view! {
                <PlainFrame>
                    <h1>"The console cannot be shown right now"</h1>
                    <Banner severity=Severity::Error><p>{error.to_string()}</p></Banner>
                    <p><a class="button" rel="external" href=here()>"Try again"</a></p>
                </PlainFrame>
            }
            .into_any(),
        })
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_and_the_reason_are_in_the_address() {
        assert_eq!(sign_in_path("/", false), "/sign-in");
        assert_eq!(sign_in_path("/keys?status=all", false), "/sign-in?next=%2Fkeys%3Fstatus%3Dall");
        assert_eq!(sign_in_path("/keys", true), "/sign-in?next=%2Fkeys&ended=1");
        assert!(has_ended("next=%2Fkeys&ended=1"));
        assert!(!has_ended("ended=Call+us+on+555"));
    }
}
