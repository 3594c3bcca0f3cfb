//! The built files that every page names in its `<head>`.
use std::collections::BTreeMap;

use leptos::prelude::*;

/// File names under `/pkg/`. They hold a hash of the content, so only the build knows them; the server reads them
/// from the built site and hands them to the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// The JavaScript that loads the WebAssembly module.
    pub js: String,
    /// The WebAssembly module.
    pub wasm: String,
    /// The one stylesheet. The page of the API reference, which is none of the application's, names it too.
    pub css: String,
    /// The files with the code of lazy pages, by the name that `lazy_page!` gives it.
    pub pages: BTreeMap<String, Vec<String>>,
}

impl Assets {
    /// The value of a `Link` header (RFC 8288) for the code of a lazy page.
    #[cfg(feature = "ssr")]
    pub(crate) fn preload(&self, page: &str) -> Option<http::HeaderValue> {
        let links: Vec<_> = self
            .pages
            .get(page)?
            .iter()
            .map(|file| format!("</pkg/{file}>; rel=preload; as=fetch; crossorigin"))
            .collect();
        http::HeaderValue::try_from(links.join(", ")).ok()
    }

    /// The inline module that starts hydration. It names both files itself, because the generated JavaScript cannot
    /// know the hashed name of the module that belongs to it.
    fn boot(&self) -> String {
        let Self { js, wasm, .. } = self;
        format!(
            "import init, {{ hydrate }} from '/pkg/{js}';\
             init({{ module_or_path: '/pkg/{wasm}' }}).then(() => hydrate());"
        )
    }
}

/// Stylesheet, preloads and the boot script. The preloads let the browser fetch JavaScript and WebAssembly at the same
/// time, before it has read the boot script at all. Every element carries the nonce of the page's CSP.
#[component]
pub fn AssetLinks(
    /// What the built site is called.
    assets: Assets,
) -> impl IntoView {
    let nonce = leptos::nonce::use_nonce();
    let boot = assets.boot();
    let Assets { js, wasm, css, pages: _ } = assets;
    view! {
        <link rel="stylesheet" href=format!("/pkg/{css}") nonce=nonce.clone()/>
        <link rel="modulepreload" href=format!("/pkg/{js}") nonce=nonce.clone()/>
        <link
            rel="preload"
            href=format!("/pkg/{wasm}")
            r#as="fetch"
            r#type="application/wasm"
            crossorigin="anonymous"
        />
        <script type="module" nonce=nonce>
            {boot}
        </script>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn assets() -> Assets {
        Assets { js: "a-1.js".into(), wasm: "a-2.wasm".into(), css: "a-3.css".into(), pages: BTreeMap::new() }
    }

    #[test]
    fn the_head_names_the_three_files() {
        let owner = Owner::new();
        let html = owner.with(|| view! { <AssetLinks assets=assets()/> }.to_html());
        for part in [
            r#"rel="stylesheet" href="/pkg/a-3.css""#,
            r#"rel="modulepreload" href="/pkg/a-1.js""#,
            r#"href="/pkg/a-2.wasm" as="fetch" type="application/wasm" crossorigin="anonymous""#,
            "import init, { hydrate } from '/pkg/a-1.js';init({ module_or_path: '/pkg/a-2.wasm' }).then(() => hydrate());",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn a_header_names_the_files_of_a_page() {
        let pages = [("KeysPage".to_owned(), vec!["a-4.wasm".to_owned(), "a-5.wasm".to_owned()])].into();
        let assets = Assets { pages, ..assets() };
        assert_eq!(
            assets.preload("KeysPage").unwrap(),
            "</pkg/a-4.wasm>; rel=preload; as=fetch; crossorigin, </pkg/a-5.wasm>; rel=preload; as=fetch; crossorigin"
        );
        assert_eq!(assets.preload("HomePage"), None);
    }

    #[test]
    fn the_nonce_is_on_what_runs() {
        let owner = Owner::new();
        let html = owner.with(|| {
            leptos::nonce::provide_nonce();
            view! { <AssetLinks assets=assets()/> }.to_html()
        });
        assert_eq!(html.matches("nonce=\"").count(), 3, "{html}");
    }
}
