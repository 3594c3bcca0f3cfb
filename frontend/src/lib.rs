//! The WebAssembly entry point: makes the server-rendered page interactive.
#![cfg(target_arch = "wasm32")]

/// Called once by the page's boot script, after the module has loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
