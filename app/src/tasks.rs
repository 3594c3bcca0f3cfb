//! What somebody does on a page in a dialog: which one is open, and what happens after it.

use leptos::prelude::*;
use shared::AppError;
use wasm_split_helpers::SplitLoaderError;

use crate::{
    error::ApiResult,
    on_demand,
    session::{Session, is_told},
    ui::toast::Toasts,
};

/// A page's dialogs. `T` says which one, with what it is about as the page showed it.
pub(crate) struct Tasks<T: Send + Sync + 'static> {
    /// The open dialog.
    pub(crate) task: RwSignal<Option<T>>,
    /// Where results are told.
    pub(crate) toasts: Toasts,
    session: Session,
    reread: Callback<()>,
    is_about_an_old_page: fn(&AppError) -> bool,
}

// By hand: a derived copy would ask for a `T` that can be copied.
impl<T: Send + Sync + 'static> Clone for Tasks<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Tasks<T> {}

impl<T: Send + Sync + 'static> Tasks<T> {
    /// With `reread` the page asks the server anew for what it shows. It does so, too, after an error of which
    /// `is_about_an_old_page` says that it tells of a change which the page does not show yet.
    pub(crate) fn new(reread: impl Into<Callback<()>>, is_about_an_old_page: fn(&AppError) -> bool) -> Self {
        Self {
            task: RwSignal::new(None),
            toasts: Toasts::get(),
            session: Session::get(),
            reread: reread.into(),
            is_about_an_old_page,
        }
    }

    /// Opens a dialog, when the code that `load` fetches is there.
    pub(crate) fn open_with(self, task: T, load: impl Future<Output = Result<(), SplitLoaderError>> + 'static) {
        on_demand::open(self.task, task, self.toasts, load);
    }

    /// Closes whichever dialog is open.
    pub(crate) fn close(self) {
        self.task.set(None);
    }

    /// Shows what there is now.
    pub(crate) fn reread(self) {
        self.reread.run(());
    }

    /// Asks anew what the viewer may do: it is they who were changed.
    pub(crate) fn refresh_viewer(self) {
        self.session.refresh();
    }

    /// Closes the dialog, says what was done and shows what there is now.
    pub(crate) fn done(self, said: impl Into<String>) {
        self.close();
        self.toasts.success(said);
        self.reread();
    }

    /// Calls the server and hands on its answer; see [`Session::call`]. There is nothing left to do in the dialog when the
    /// person was told of an error beside the page.
    pub(crate) fn call<A: 'static>(
        self,
        pending: RwSignal<bool>,
        call: impl Future<Output = ApiResult<A>> + 'static,
        then: impl FnOnce(Result<A, AppError>) + 'static,
    ) {
        self.session.call(pending, call, move |answer| {
            match &answer {
                Err(error) if (self.is_about_an_old_page)(error) => self.reread(),
                Err(error) if is_told(error) => self.close(),
                _ => {}
            }
            then(answer);
        });
    }
}
