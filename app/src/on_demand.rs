//! Dialogs whose code the browser loads when somebody opens one of them, and not with the page.
//!
//! Like a lazy page (`lazy_page.rs`) it is one function whose code the build takes out of the module; unlike one, there is
//! nothing to hydrate, because a page never comes with an open dialog.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use leptos::{prelude::*, task::spawn_local};
use wasm_split_helpers::SplitLoaderError;

use crate::ui::toast::Toasts;

/// Opens a dialog when its code is there, so that the focus goes to what is in it.
pub(crate) fn open<T: Send + Sync + 'static>(
    dialog: RwSignal<Option<T>>,
    what: T,
    toasts: Toasts,
    load: impl Future<Output = Result<(), SplitLoaderError>> + 'static,
) {
    spawn_local(async move {
        match load.await {
            // The page may be gone by now.
            Ok(()) => drop(dialog.try_set(Some(what))),
            Err(_) => toasts.error("This part of the page could not be loaded. Reload the page and try again."),
        }
    });
}

/// What a function gives whose code is there.
pub(crate) fn loaded<T>(function: impl Future<Output = Result<T, SplitLoaderError>>) -> Option<T> {
    match pin!(function).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome.ok(),
        Poll::Pending => None,
    }
}
