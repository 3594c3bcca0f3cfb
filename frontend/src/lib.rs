//! The WebAssembly entry point: makes the server-rendered page interactive.
#![cfg(target_arch = "wasm32")]

use leptos::{ev, mount::hydrate_from_async, prelude::window_event_listener, tachys::dom::body};

/// Called once by the page's boot script, after the module has loaded. Goes on when the page's own code is there.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    // Until then links are the browser's own. The router would follow them, in a page that is not its yet; of two
    // listeners the first decides.
    let links = window_event_listener(ev::click, |click| click.stop_immediate_propagation());
    wasm_bindgen_futures::spawn_local(async {
        hydrate_from_async(body(), app::App).await.forget();
        links.remove();
        app::hydrated();
    });
}
