//! A mail server on this machine.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use mailin::{Action, Handler, Response, SessionBuilder, response};

use super::{Engine, Setup, TestApp};

/// What it does with mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Takes,
    /// "Try again later."
    Busy,
    /// "There is no such person."
    Refuses,
}

/// A running mail server; it ends with the process.
#[derive(Clone)]
pub(crate) struct MailServer {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    inbox: Vec<Mail>,
}

/// A mail that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) to: String,
    /// Headers and body as they came, without the soft breaks of long lines.
    pub(crate) text: String,
}

impl MailServer {
    /// A server that mails by this one.
    pub(crate) async fn app(&self, engine: Engine) -> TestApp {
        TestApp::spawn(engine, Setup { smtp_url: Some(self.url.clone()), ..Setup::default() }).await
    }

    pub(crate) fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("its address"));
        let state = Arc::new(Mutex::new(State { mood, inbox: Vec::new() }));
        let session = Session { state: Arc::clone(&state), to: String::new(), bytes: Vec::new() };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let session = session.clone();
                thread::spawn(move || stream.and_then(|stream| converse(stream, session)));
            }
        });
        Self { url, state }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).mood = mood;
    }

    /// What has arrived so far.
    pub(crate) fn inbox(&self) -> Vec<Mail> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).inbox.clone()
    }
}

/// One connection, until either side ends it.
fn converse(mut stream: TcpStream, handler: Session) -> io::Result<()> {
    let mut session = SessionBuilder::new("mail.example").build(stream.peer_addr()?.ip(), handler);
    session.greeting().write_to(&mut stream)?;
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let answer = session.process(&line);
        line.clear();
        if answer.action != Action::NoReply {
            answer.write_to(&mut stream)?;
            stream.flush()?;
        }
        if answer.action == Action::Close {
            break;
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Session {
    state: Arc<Mutex<State>>,
    to: String,
    bytes: Vec<u8>,
}

impl Handler for Session {
    fn rcpt(&mut self, to: &str) -> Response {
        self.to = to.to_owned();
        match self.state.lock().unwrap_or_else(PoisonError::into_inner).mood {
            Mood::Takes => response::OK,
            Mood::Busy => Response::custom(451, "the mailbox is busy".to_owned()),
            Mood::Refuses => Response::custom(550, "there is no such mailbox".to_owned()),
        }
    }

    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, _to: &[String]) -> Response {
        self.bytes.clear();
        response::OK
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let text = String::from_utf8_lossy(&self.bytes).replace("=\r\n", "").replace("=3D", "=");
        let mail = Mail { to: self.to.clone(), text };
        self.state.lock().unwrap_or_else(PoisonError::into_inner).inbox.push(mail);
        response::OK
    }
}

/// Writes each test once and runs it on both databases, as `name::sqlite` and `name::postgres`, each with a mail server of
/// its own in this mood.
macro_rules! both_with_mail {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident, $server:ident: $mood:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn guarantee($app: &$crate::harness::TestApp, $server: &$crate::harness::smtp::MailServer) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                let server = $crate::harness::smtp::MailServer::start($crate::harness::smtp::Mood::$mood);
                guarantee(&server.app($crate::harness::Engine::Sqlite).await, &server).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                let server = $crate::harness::smtp::MailServer::start($crate::harness::smtp::Mood::$mood);
                guarantee(&server.app($crate::harness::Engine::Postgres).await, &server).await;
            }
        }
    )*};
}
pub(crate) use both_with_mail;
