//! Who looks at the page.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::{hooks::use_location, location::Url};
use shared::{AppError, account::Viewer, path};

use crate::{
    error::ApiResult,
    features::account::api::session,
    layout::plain_frame::PlainFrame,
    page_answer::GoTo,
    ui::banner::{Banner, Severity},
};

/// The session that came with the page.
#[derive(Clone, Copy)]
pub struct Session {
    viewer: Resource<ApiResult<Option<Viewer>>>,
}

impl Session {
    /// Asks the server once and gives the answer to everything below.
    pub fn provide() {
        provide_context(Self { viewer: Resource::new_blocking(|| (), |()| session()) });
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

    /// To be told of every error that the server answers while somebody works: when the session has ended, the page
    /// finds out and leads to the sign-in page.
    pub fn notice(self, error: &AppError) {
        if *error == AppError::SignedOut {
            self.viewer.refetch();
        }
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
    view! { <Suspense fallback><Gate content/></Suspense> }
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
