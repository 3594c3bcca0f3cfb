//! The document around the application. Only the server renders it.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::{
    App,
    assets::{AssetLinks, Assets},
};

/// Sets the chosen theme before anything is painted; without a choice the style follows the system. And tells the server
/// in which time zone the browser is, by whose clocks charts are drawn: a name such as `Europe/Berlin` may stand in a
/// cookie as it is.
const FIRST: &str = "try{var t=localStorage.getItem('theme');\
                     if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch(e){}\
                     try{document.cookie='zone='+Intl.DateTimeFormat().resolvedOptions().timeZone+\
                     ';path=/;max-age=31536000;samesite=lax'}catch(e){}";

/// The whole document.
pub fn shell(assets: Assets) -> impl IntoView {
    provide_context(assets.clone());
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="robots" content="noindex"/>
                <script nonce=leptos::nonce::use_nonce()>{FIRST}</script>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="preload" href="/fonts/inter-latin.woff2" r#as="font" type="font/woff2" crossorigin="anonymous"/>
                <AssetLinks assets/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
