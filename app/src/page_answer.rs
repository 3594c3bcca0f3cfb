//! The HTTP answer around a page: its status, and where else to go. In the browser, where there is no answer to send,
//! the status means nothing and going elsewhere is a navigation.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// Sets the status of the page being rendered.
pub(crate) fn set_status(status: u16) {
    #[cfg(feature = "ssr")]
    crate::server_context::set_status(status);
    #[cfg(not(feature = "ssr"))]
    {
        _ = status;
    }
}

/// Notes that somebody asked the server for a page that they may not see. A page that is drawn in the browser asks nobody.
pub(crate) async fn note_refused(permission: shared::Permission) {
    #[cfg(feature = "ssr")]
    crate::server_context::note_page(permission).await;
    #[cfg(not(feature = "ssr"))]
    {
        std::future::ready(permission).await;
    }
}

#[cfg(feature = "ssr")]
fn redirect(to: &str) {
    use http::{HeaderValue, header::LOCATION};
    if let (Some(options), Ok(to)) = (use_context::<leptos_axum::ResponseOptions>(), HeaderValue::from_str(to)) {
        // Set, not added: a page may be rendered more than once before it is sent.
        options.insert_header(LOCATION, to);
        set_status(302);
    }
}

/// Sends whoever asked for this page to another one instead.
#[component]
pub(crate) fn GoTo(
    /// A path of this site, with its query.
    #[prop(into)]
    to: String,
) -> impl IntoView {
    #[cfg(feature = "ssr")]
    redirect(&to);
    let navigate = use_navigate();
    Effect::new({
        let to = to.clone();
        move |_| navigate(&to, NavigateOptions { replace: true, resolve: false, ..NavigateOptions::default() })
    });
    view! { <p class="going-on"><a href=to>"Go on"</a></p> }
}
