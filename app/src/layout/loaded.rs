//! What the server answers, on a page.

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use shared::AppError;

use super::skeleton::Skeleton;
use crate::{error::ApiResult, session::Session, ui::unavailable::Unavailable};

/// What a server function gives.
pub(crate) trait Answer: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}
impl<T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Answer for T {}

/// The newest answer that was good, and what is wrong with the latest. To be made under a `Transition`, and only for
/// people who may see it: the session hears of every error.
///
/// Inside of the `Transition` it is to be made by a closure (`{move || view! { <Latest/> }}`). The server looks through
/// the content before the answer is there and once more when it is, and the second look may come before a memo has heard
/// of the answer: one that looked already would say that there is none, and the page would be sent without its content. A
/// closure makes new ones; in the browser it runs once.
pub(crate) fn latest<T: Answer>(resource: Resource<ApiResult<T>>) -> (Memo<Option<T>>, Memo<Option<AppError>>) {
    let session = Session::get();
    let good = Memo::new(move |before: Option<&Option<T>>| match resource.get() {
        Some(Ok(answer)) => Some(answer),
        _ => before.cloned().flatten(),
    });
    let wrong = move || resource.with(|answer| answer.as_ref()?.as_ref().err().map(|error| error.0.clone()));
    Effect::new(move |first: Option<()>| match wrong() {
        // Allowed only now: what was asked for before was refused.
        Some(AppError::Forbidden { .. }) if first.is_none() => resource.refetch(),
        Some(error) => session.notice(&error),
        None => {}
    });
    (good, Memo::new(move |_| wrong()))
}

/// Shows its content once there is an answer. A later failure leaves what is there where it is and says so above it.
#[component]
pub(crate) fn Loaded<T: Answer>(
    /// Asks the server.
    resource: Resource<ApiResult<T>>,
    /// Built from the first answer; its parts follow the later ones by themselves.
    content: Callback<Memo<Option<T>>, AnyView>,
) -> impl IntoView {
    view! { <Transition fallback=|| view! { <Skeleton/> }>{move || view! { <Latest resource content/> }}</Transition> }
}

#[component]
fn Latest<T: Answer>(resource: Resource<ApiResult<T>>, content: Callback<Memo<Option<T>>, AnyView>) -> impl IntoView {
    let (good, error) = latest(resource);
    // A memo, so that only the first answer builds the content.
    let loaded = Memo::new(move |_| good.read().is_some());
    let retry = Callback::new(move |()| resource.refetch());
    view! {
        {move || error.get().map(|error| view! { <Unavailable why=error.to_string() on_retry=retry/> })}
        {move || loaded.get().then(|| content.run(good))}
    }
}
