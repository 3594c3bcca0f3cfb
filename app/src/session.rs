//! Who looks at the page.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{hooks::use_location, location::Url};
use shared::{AppError, account::Viewer, path};

use crate::{
    error::ApiResult,
    features::account::api::session,
    layout::plain_frame::PlainFrame,
    page_answer::GoTo,
    ui::{
        banner::{Banner, Severity},
        toast::Toasts,
    },
};

/// The session that came with the page.
#[derive(Clone, Copy)]
pub struct Session {
    viewer: Resource<ApiResult<Option<Viewer>>>,
    toasts: Toasts,
}

impl Session {
    /// Asks the server once and gives the answer to everything below.
    pub fn provide() {
        provide_context(Self { viewer: Resource::new_blocking(|| (), |()| session()), toasts: Toasts::get() });
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

/// Where to sign in so as to come back to `next`.
#[must_use]
pub fn sign_in_path(next: &str) -> String {
    if next == path::HOME { path::SIGN_IN.to_owned() } else { format!("{}?next={}", path::SIGN_IN, Url::escape(next)) }
}

/// Shows its content to whoever is signed in, and leads everybody else to the sign-in page.
///
/// The content must not create resources: on the server it may be built more than once before it is sent.
#[component]
pub fn Protected(
    /// Shown while the server has not said who this is.
    #[prop(into)]
    fallback: ViewFnOnce,
    /// The content for the person.
    content: impl Fn(Viewer) -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let content: Content = Arc::new(content);
    // What is there stays while the server is asked again who this is.
    view! { <Transition fallback><Gate content/></Transition> }
}

type Content = Arc<dyn Fn(Viewer) -> AnyView + Send + Sync>;

#[component]
fn Gate(content: Content) -> impl IntoView {
    let session = Session::get();
    // A memo, so that asking again and hearing the same leaves the page as it is.
    let known = Memo::new(move |_| session.known());
    let location = use_location();
    let here = move || {
        let (path, query) = (location.pathname.get_untracked(), location.search.get_untracked());
        if query.is_empty() { path } else { format!("{path}?{query}") }
    };
    move || {
        known.get().map(|known| match known {
            Ok(Some(viewer)) => content(viewer),
            Ok(None) => view! { <GoTo to=sign_in_path(&here())/> }.into_any(),
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
