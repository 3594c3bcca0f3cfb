//! What a connection is doing, and how long it may.
//!
//! hyper has one limit for waiting for a request and for reading its head. They should differ: a proxy may keep a
//! connection for a minute, but a head that does not come is an attack ("slowloris"). And while hyper finds out which
//! version of HTTP is spoken, it has no limit at all. So the socket itself is watched: from the first byte of a head
//! to its end there are ten seconds, and between two requests there is a minute.
//!
//! Setting a timer for every request would take as long as half a verification. So the time between requests is counted
//! in ticks of one timer that is left running.

use std::{
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::Version;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::coop::unconstrained,
    time::{Instant, Sleep, sleep},
};

use super::head::Head;

/// How long a head may take, and a fresh connection until its first.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(10);

/// How often an idle connection is looked at.
const TICK: Duration = Duration::from_secs(15);
/// After so many ticks without a request it is closed: 60 to 75 seconds after the last one. Longer than proxies commonly
/// keep theirs, so that it is they who close.
const QUIET_TICKS: u32 = 5;

/// A head is expected, or under way.
const HEAD: u8 = 0;
/// A request is being answered; its body has limits of its own.
const BUSY: u8 = 1;
/// Nothing is under way.
const IDLE: u8 = 2;
/// HTTP/2, which mixes requests; hyper's pings watch over it.
const EXEMPT: u8 = 3;

/// Shared by the socket, which reads, and by the service, which knows when a head was complete.
#[derive(Debug, Clone, Default)]
pub(super) struct Phase(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    /// How many requests there were; may wrap around.
    requests: AtomicU32,
}

/// Lasts as long as a request is being answered.
#[derive(Debug)]
pub(super) struct Busy(Phase);

impl Phase {
    /// The head is complete, and the answer takes a while.
    pub(super) fn busy(&self, version: Version) -> Busy {
        self.count();
        self.set(if version == Version::HTTP_2 { EXEMPT } else { BUSY });
        Busy(self.clone())
    }

    /// The head is complete, and so is the answer.
    pub(super) fn answered(&self, version: Version) {
        self.count();
        self.set(if version == Version::HTTP_2 { EXEMPT } else { IDLE });
    }

    fn count(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn set(&self, phase: u8) {
        self.0.phase.store(phase, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.0.phase.load(Ordering::Acquire)
    }

    fn requests(&self) -> u32 {
        self.0.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.get() == BUSY {
            self.0.set(IDLE);
        }
    }
}

/// A socket that gives up on a head that does not end and on a connection that is not used, and has [`Head`] look at
/// each head.
#[derive(Debug)]
pub(super) struct Watched<S> {
    socket: S,
    phase: Phase,
    head: Head,
    /// Read before, and given back.
    returned: Vec<u8>,
    head_limit: Option<Pin<Box<Sleep>>>,
    idle: Option<Idle>,
}

/// The timer that is left running, and what it saw the last time.
#[derive(Debug)]
struct Idle {
    tick: Pin<Box<Sleep>>,
    requests: u32,
    quiet: u32,
}

impl Idle {
    /// Sets the timer, which then wakes the connection without being asked again.
    fn begin(requests: u32, cx: &mut Context<'_>) -> Self {
        let mut tick = Box::pin(sleep(TICK));
        // Not ready: it has only begun. Without a budget, because when that is spent it would not even have.
        _ = pin!(unconstrained(tick.as_mut())).poll(cx);
        Self { tick, requests, quiet: 0 }
    }

    /// Whether there was no request for too long.
    fn is_over(&mut self, requests: u32, cx: &mut Context<'_>) -> bool {
        if !self.tick.is_elapsed() {
            return false;
        }
        self.quiet = if requests == self.requests { self.quiet + 1 } else { 1 };
        self.requests = requests;
        self.tick.as_mut().reset(Instant::now() + TICK);
        _ = pin!(unconstrained(self.tick.as_mut())).poll(cx);
        self.quiet >= QUIET_TICKS
    }
}

impl<S> Watched<S> {
    pub(super) fn new(socket: S) -> Self {
        let (phase, head) = (Phase::default(), Head::default());
        Self { socket, phase, head, returned: Vec::new(), head_limit: None, idle: None }
    }

    /// For whoever answers what is read from here.
    pub(super) fn phase(&self) -> Phase {
        self.phase.clone()
    }

    /// What was read from here over HTTP/1.1 has its answer.
    pub(super) fn answered(&self) {
        self.phase.answered(Version::HTTP_11);
    }

    /// To be read once more, by somebody else.
    pub(super) fn give_back(&mut self, bytes: Vec<u8>) {
        self.returned = bytes;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.returned.is_empty() {
            // [`Head`] has looked at it.
            let some = this.returned.len().min(buffer.remaining());
            buffer.put_slice(this.returned.get(..some).unwrap_or_default());
            this.returned.drain(..some);
            return Poll::Ready(Ok(()));
        }
        let phase = this.phase.get();
        if phase != HEAD {
            this.head_limit = None;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(cx, buffer);
        if phase == IDLE && read.is_ready() {
            this.phase.set(HEAD);
            this.head = Head::default();
        }
        if matches!(phase, HEAD | IDLE)
            && let Some(arrived) = buffer.filled_mut().get_mut(before..)
        {
            this.head.check(arrived);
        }
        let is_over = read.is_pending()
            && match phase {
                HEAD => {
                    let limit = this.head_limit.get_or_insert_with(|| Box::pin(sleep(HEAD_TIME)));
                    limit.as_mut().poll(cx).is_ready()
                }
                IDLE => {
                    let requests = this.phase.requests();
                    this.idle.get_or_insert_with(|| Idle::begin(requests, cx)).is_over(requests, cx)
                }
                _ => false,
            };
        if is_over { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { read }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_or_dribbling_head_is_given_up_after_ten_seconds() {
        let (mut client, socket) = duplex(64);
        let mut socket = Watched::new(socket);
        let began = Instant::now();
        let dribble = async {
            for _ in 0..20 {
                _ = client.write_all(b"G").await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let read = async {
            loop {
                if let Err(error) = socket.read_u8().await {
                    return (error.kind(), began.elapsed());
                }
            }
        };
        let (_, (kind, after)) = tokio::join!(dribble, read);
        assert_eq!((kind, after.as_secs()), (io::ErrorKind::TimedOut, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_between_two_requests_may_be_quiet_for_longer() {
        let (mut client, socket) = duplex(64);
        let mut socket = Watched::new(socket);
        let phase = socket.phase();
        _ = client.write_all(b"G").await;
        assert!(socket.read_u8().await.is_ok());
        drop(phase.busy(Version::HTTP_11));
        let later = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            client.write_all(b"P").await
        };
        let (_, read) = tokio::join!(later, socket.read_u8());
        assert_eq!(read.ok(), Some(b'P'));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_not_used_is_closed_within_75_seconds_of_its_last_request() {
        let (mut client, socket) = duplex(64);
        let mut socket = Watched::new(socket);
        let phase = socket.phase();
        for pause in [0, 20, 50, 7] {
            let (sent, read) = tokio::join!(
                async {
                    tokio::time::sleep(Duration::from_secs(pause)).await;
                    client.write_all(b"G").await
                },
                socket.read_u8()
            );
            assert_eq!((sent.ok(), read.ok()), (Some(()), Some(b'G')));
            drop(phase.busy(Version::HTTP_11));
        }
        let last = Instant::now();
        let closed = socket.read_u8().await.map_err(|error| error.kind());
        let after = last.elapsed().as_secs();
        assert_eq!(closed, Err(io::ErrorKind::TimedOut));
        assert!((60..=75).contains(&after), "after {after} seconds");
    }
}
