//! Many things at the same moment.

use std::{future::poll_fn, pin::Pin, task::Poll};

type Running<'t, T> = Pin<Box<dyn Future<Output = T> + 't>>;

/// Starts `count` of them, so that all are under way together, and gathers what they answer, in the order in which they
/// do.
pub(crate) async fn together<T>(count: usize, start: impl AsyncFn(usize) -> T) -> Vec<T> {
    let mut running: Vec<Running<'_, T>> = (0..count).map(|n| Box::pin(start(n)) as Running<'_, T>).collect();
    let mut answers = Vec::with_capacity(count);
    poll_fn(|cx| {
        running.retain_mut(|future| match future.as_mut().poll(cx) {
            Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            Poll::Pending => true,
        });
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers
}
