//! Pages whose code the browser loads when somebody goes there, and not before.
//!
//! The build takes what [`lazy_page!`] marks out of the WebAssembly module and puts it into files of its own
//! (`xtask/src/split.rs`), so that the first load does not grow with every page. On the server the same route calls the
//! component directly.
//!
//! Leptos' own `#[lazy]` marks code in the same way, but ends the whole application when the code does not arrive. That
//! happens to every tab that was opened before the server was updated: the files of its version are gone.

use leptos::prelude::*;
use leptos_router::hooks::use_url;
use wasm_split_helpers::SplitLoaderError;

use crate::{HYDRATED, ui::browser};

/// The view of a route, from the name of a component without properties: `view=lazy_page!(KeysPage)`.
///
/// What two pages share is in files apart, one for each pair, so the number of files grows faster than that of pages.
/// Pages that share much, or that people visit together, can be one part: `lazy_page!(SignInPage in account)`.
///
/// The page's resources are made when its code is there. `LazyRoute::data` could make them earlier, but whatever it
/// mentions is part of the first load of every page.
macro_rules! lazy_page {
    ($page:ident) => {
        $crate::lazy_page::lazy_page!($page in $page)
    };
    ($page:ident in $code:ident) => {{
        #[wasm_split_helpers::wasm_split($code, fallible, preload(load))]
        fn page() -> Result<AnyView, wasm_split_helpers::SplitLoaderError> {
            Ok($page().into_any())
        }

        struct Page;

        impl leptos_router::LazyRoute for Page {
            fn data() -> Self {
                Self
            }

            /// What the router awaits before it leaves the page before, and before it hydrates this one.
            async fn preload() {
                $crate::lazy_page::arrived(load().await).await;
            }

            async fn view(_this: Self) -> AnyView {
                $crate::lazy_page::announce(stringify!($code));
                $crate::lazy_page::arrived(page().await).await
            }
        }

        leptos_router::Lazy::<Page>::new()
    }};
}
pub(crate) use lazy_page;

/// What was loaded. If it did not arrive, the server is asked for the page, and its answer brings everything anew. A
/// page that is not interactive yet stays as the server has rendered it: asking again could go on for ever.
pub(crate) async fn arrived<T>(loaded: Result<T, SplitLoaderError>) -> T {
    if let Ok(it) = loaded {
        return it;
    }
    if browser::has_root_attribute(HYDRATED) {
        let url = use_url().get_untracked();
        let question_mark = if url.search().is_empty() { "" } else { "?" };
        browser::load(&format!("{}{question_mark}{}{}", url.path(), url.search(), url.hash()));
    }
    std::future::pending().await
}

/// Lets the browser fetch the page's code together with everything else, and not only when the module that asks for it
/// runs. A header rather than an element in `<head>`: Leptos would look for a counterpart when it hydrates.
pub(crate) fn announce(code: &str) {
    #[cfg(feature = "ssr")]
    {
        let link = with_context(|assets: &crate::assets::Assets| assets.preload(code)).flatten();
        if let (Some(options), Some(link)) = (use_context::<leptos_axum::ResponseOptions>(), link) {
            // Set, not added: a page may be rendered more than once before it is sent.
            options.insert_header(http::header::LINK, link);
        }
    }
    #[cfg(not(feature = "ssr"))]
    {
        _ = code;
    }
}
