//! From a request to its answer, for hyper.
//!
//! A verification is answered on the spot: its future is nothing but the answer, and its body is some bytes. Everything
//! else goes the way of [`Edge::answer`], in a box.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use http::{HeaderValue, Request, Response, Version, header};
use http_body::{Frame, SizeHint};
use hyper::{body::Incoming, service::Service};

use super::{phase::Phase, stop::LastCall};
use crate::middleware::Edge;

/// What one connection's requests are answered with.
#[derive(Debug)]
pub(super) struct Answers {
    edge: Edge,
    peer: SocketAddr,
    phase: Phase,
    last_call: LastCall,
}

impl Answers {
    pub(super) fn new(edge: Edge, peer: SocketAddr, phase: Phase, last_call: LastCall) -> Self {
        Self { edge, peer, phase, last_call }
    }
}

impl Service<Request<Incoming>> for Answers {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let version = request.version();
        if let Some(answer) = self.edge.verify(self.peer, &request) {
            self.phase.answered(version);
            let answer = answer.map(|body| AnswerBody::Bytes(Some(body)));
            return Answering::Done(Some(said_if_last(answer, version, &self.last_call)));
        }
        let busy = self.phase.busy(version);
        let (edge, peer, last_call) = (self.edge.clone(), self.peer, self.last_call.clone());
        Answering::Under(Box::pin(async move {
            let _busy = busy;
            said_if_last(edge.answer(peer, request).await.map(AnswerBody::Any), version, &last_call)
        }))
    }
}

/// Says whether the connection ends with this answer (RFC 9112, section 9.6; HTTP/2 has GOAWAY, which hyper sends).
fn said_if_last<B>(mut answer: Response<B>, version: Version, last_call: &LastCall) -> Response<B> {
    if version < Version::HTTP_2 && last_call.is_made() {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// An answer that is there, or on its way.
pub(super) enum Answering {
    Done(Option<Response<AnswerBody>>),
    Under(Pin<Box<dyn Future<Output = Response<AnswerBody>> + Send>>),
}

impl Future for Answering {
    type Output = Result<Response<AnswerBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            // Nobody polls a future again that was ready.
            Self::Done(answer) => answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
            Self::Under(answer) => answer.as_mut().poll(cx).map(Ok),
        }
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum AnswerBody {
    Bytes(Option<Bytes>),
    Any(Body),
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut *self {
            Self::Bytes(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Any(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Any(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Any(body) => body.size_hint(),
        }
    }
}
