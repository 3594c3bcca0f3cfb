//! What else happens to a server while its verifications are measured.
use std::{
    io::{BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::driven::{Driven, pin_thread};

/// Who `fill` signs up.
const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a bench for measuring";
/// Changes wait for the disk, so several are under way at once.
const CHANGERS: u32 = 8;
/// After what time somebody tries again whom the server has told that too many are signing in. It asks for longer.
const TURNED_AWAY: Duration = Duration::from_secs(1);

/// Something that goes on until it is stopped.
pub(super) enum Traffic {
    Threads {
        began: Instant,
        stop: Arc<AtomicBool>,
        done: Arc<AtomicU64>,
        threads: Vec<JoinHandle<Result<()>>>,
    },
    /// What the server has to do for what was done before.
    None,
}

impl Traffic {
    /// Keys are paused and resumed, so many times a second: each is a transaction of its own that is on the disk before
    /// it is answered. None of them is asked about meanwhile, which each `asked`th of the keys is: a paused one is refused.
    pub(super) fn changes(server: &Driven, per_second: u32, asked: u32) -> Result<Self> {
        let mut visitor = Client::connect(&server.address)?;
        let cookie = visitor.sign_in()?.context("nobody may sign in")?;
        let list = visitor.call("key_list", Some(&cookie), &json!({ "params": {} }))?;
        let rows = list.pointer("/page/rows").and_then(Value::as_array).context("no list of keys")?;
        let is_asked = |row: &Value| {
            let number = row.get("name").and_then(Value::as_str)?.strip_prefix("Key ")?.parse::<u32>().ok()?;
            Some(number.is_multiple_of(asked))
        };
        let others = rows.iter().filter(|row| is_asked(row) == Some(false));
        let ids: Vec<Value> = others.filter_map(|row| row.get("id").cloned()).collect();
        let pause = Duration::from_secs(1) * CHANGERS / per_second;
        Self::threads(CHANGERS as usize, |number| {
            let (mut client, cookie) = (Client::connect(&server.address)?, cookie.clone());
            let id = ids.get(number).cloned().context("too few keys")?;
            // Spread evenly: otherwise they would come as a crowd, all eight of them at once.
            let mut next = Instant::now() + pause / CHANGERS * u32::try_from(number)?;
            // Both, so that whoever comes next finds the key as it was.
            Ok(move || {
                for function in ["key_pause", "key_resume"] {
                    std::thread::park_timeout(next.saturating_duration_since(Instant::now()));
                    next += pause;
                    client.call(function, Some(&cookie), &json!({ "id": id }))?;
                }
                Ok(2)
            })
        })
    }

    /// So many people sign in at the same time, again and again.
    pub(super) fn sign_ins(server: &Driven, people: usize) -> Result<Self> {
        Self::threads(people, |_| {
            let mut client = Client::connect(&server.address)?;
            Ok(move || {
                if client.sign_in()?.is_some() {
                    return Ok(1);
                }
                std::thread::park_timeout(TURNED_AWAY);
                Ok(0)
            })
        })
    }

    /// `work` says how much it has done.
    fn threads<W: FnMut() -> Result<u64> + Send + 'static>(
        count: usize,
        work: impl Fn(usize) -> Result<W>,
    ) -> Result<Self> {
        let (began, stop, done) = (Instant::now(), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut threads = Vec::new();
        for number in 0..count {
            let (stop, done, mut work) = (Arc::clone(&stop), Arc::clone(&done), work(number)?);
            threads.push(std::thread::spawn(move || {
                // Where wrk is: the other one is the server's alone.
                pin_thread(1);
                while !stop.load(Ordering::Relaxed) {
                    done.fetch_add(work()?, Ordering::Relaxed);
                }
                Ok(())
            }));
        }
        Ok(Self::Threads { began, stop, done, threads })
    }

    /// Ends it, and says how often a second it was done.
    pub(super) fn stop(self) -> Result<f64> {
        match self {
            Self::Threads { began, stop, done, threads } => {
                let rate = done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
                stop.store(true, Ordering::Relaxed);
                for thread in threads {
                    thread.join().ok().context("a thread panicked")??;
                }
                Ok(rate)
            }
            Self::None => Ok(0.0),
        }
    }
}

/// One connection to the server, for what pages do.
struct Client {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Client {
    fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream: BufReader::new(stream), address: address.to_owned() })
    }

    /// The cookie of a new session. `None`: too many are signing in.
    fn sign_in(&mut self) -> Result<Option<String>> {
        let form = format!("email={EMAIL}&password={}", PASSWORD.replace(' ', "+"));
        let (head, body) = self.post("sign_in", "application/x-www-form-urlencoded", None, &form)?;
        if head.starts_with("HTTP/1.1 429") {
            return Ok(None);
        }
        is_good("sign_in", &head, &body)?;
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
        Ok(Some(cookie.context("no session")?.to_owned()))
    }

    fn call(&mut self, function: &str, cookie: Option<&str>, arguments: &Value) -> Result<Value> {
        let (head, body) = self.post(function, "application/json", cookie, &arguments.to_string())?;
        is_good(function, &head, &body)?;
        Ok(serde_json::from_slice(&body)?)
    }

    fn post(&mut self, function: &str, kind: &str, cookie: Option<&str>, body: &str) -> Result<(String, Vec<u8>)> {
        let cookie = cookie.map(|cookie| format!("cookie: {cookie}\r\n")).unwrap_or_default();
        let request = format!(
            "POST /api/{function} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\ncontent-type: {kind}\r\n{cookie}\
             content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8(head)?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no length")?;
        let mut body = vec![0; length.parse()?];
        self.stream.read_exact(&mut body)?;
        Ok((head, body))
    }
}

fn is_good(function: &str, head: &str, body: &[u8]) -> Result<()> {
    if !head.starts_with("HTTP/1.1 200") {
        bail!("{function}: {} {}", head.lines().next().unwrap_or_default(), String::from_utf8_lossy(body));
    }
    Ok(())
}
