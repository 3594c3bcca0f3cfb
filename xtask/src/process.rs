//! Child processes, progress, and stopping.
//!
//! Every child leads a process group of its own, and one handler passes Ctrl-C (or a termination) on to those groups.
//! So each child hears of it exactly once, whoever it was sent to, and its own children with it. A second Ctrl-C kills.
use std::{
    collections::BTreeSet,
    fmt,
    fs::File,
    io::{self, Read, Write},
    mem,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

static STATE: Mutex<State> = Mutex::new(State { running: BTreeSet::new(), stops: 0, listeners: Vec::new() });

struct State {
    /// The process groups to tell.
    running: BTreeSet<u32>,
    /// How often we were asked to stop.
    stops: u32,
    /// What else wants to know.
    listeners: Vec<Box<dyn Fn() + Send>>,
}

fn state() -> MutexGuard<'static, State> {
    lock(&STATE)
}

/// We were asked to stop, and have.
#[derive(Debug)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// The status that the server ended with, to be passed on without a word of our own: it has said why itself.
#[derive(Debug)]
pub(crate) struct Exit(pub(crate) u8);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server ended with status {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// From here on Ctrl-C and termination go to the children, and we end when they have.
pub(crate) fn forward_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        let mut state = state();
        state.stops += 1;
        for group in &state.running {
            signal_group(*group, if state.stops == 1 { Signal::Interrupt } else { Signal::Kill });
        }
        for listener in &state.listeners {
            listener();
        }
    })
    .context("cannot listen for Ctrl-C")
}

/// Calls `listener` each time we are asked to stop.
pub(crate) fn on_stop(listener: impl Fn() + Send + 'static) {
    state().listeners.push(Box::new(listener));
}

pub(crate) fn is_stopping() -> bool {
    state().stops > 0
}

#[derive(Clone, Copy)]
enum Signal {
    Interrupt,
    Terminate,
    Kill,
}

#[cfg(unix)]
fn signal_group(group: u32, signal: Signal) {
    let signal = match signal {
        Signal::Interrupt => rustix::process::Signal::INT,
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
    };
    if let Some(pid) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended in the meantime, which is what we want.
        _ = rustix::process::kill_process_group(pid, signal);
    }
}

/// Elsewhere the console tells every process of Ctrl-C itself.
#[cfg(not(unix))]
fn signal_group(_group: u32, _signal: Signal) {}

/// A child that hears of Ctrl-C, and does not outlive us when we fail.
pub(crate) struct Running {
    child: Child,
    name: String,
    ended: bool,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        // In a group of its own a child cannot read from the terminal, and none of ours has anything to ask.
        command.stdin(Stdio::null());
        let name = describe(command);
        // Held while starting: a Ctrl-C comes before the start, and prevents it, or after, and reaches the child.
        let mut state = state();
        if state.stops > 0 {
            return Err(Stopped.into());
        }
        let child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
        state.running.insert(child.id());
        Ok(Self { child, name, ended: false })
    }

    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().with_context(|| format!("lost `{}`", self.name))?;
        self.forget();
        Ok(status)
    }

    /// Waits for it, and fails when it does.
    fn finish(mut self) -> Result<()> {
        let status = self.wait()?;
        if is_stopping() {
            return Err(Stopped.into());
        }
        if !status.success() {
            bail!("`{}` failed ({status})", self.name);
        }
        Ok(())
    }

    /// The status if it has ended.
    pub(crate) fn poll(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait().with_context(|| format!("lost `{}`", self.name))?;
        if status.is_some() {
            self.forget();
        }
        Ok(status)
    }

    /// Asks it to end, and makes it after ten seconds.
    pub(crate) fn stop(mut self) -> Result<()> {
        // Ctrl-C has reached it already, and a second signal often means "at once".
        if !is_stopping() {
            signal_group(self.child.id(), Signal::Terminate);
            #[cfg(not(unix))]
            self.child.kill().ok();
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.poll()?.is_none() {
            if Instant::now() > deadline {
                say(&format!("`{}` did not stop in ten seconds and is killed", self.name));
                return Ok(());
            }
            thread::park_timeout(Duration::from_millis(20));
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.ended = true;
        state().running.remove(&self.child.id());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            signal_group(self.child.id(), Signal::Kill);
            _ = self.child.kill();
            _ = self.child.wait();
            self.forget();
        }
    }
}

/// Runs it with everything it says visible, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    Running::start(command)?.finish()
}

/// Runs it with everything it says visible, and kept in `file`.
pub(crate) fn run_and_keep(command: &mut Command, file: &Path) -> Result<()> {
    let kept = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let (out, err) = (child.child.stdout.take(), child.child.stderr.take());
    let kept = &kept;
    thread::scope(|scope| {
        scope.spawn(move || out.map(|out| copy(out, io::stdout(), kept)));
        scope.spawn(move || err.map(|err| copy(err, io::stderr(), kept)));
    });
    child.finish()
}

/// Something long beside other work. It keeps what it says until that is asked for, so that it does not come among what
/// the other says, and does not outlive us.
pub(crate) struct Beside {
    /// Both are `None` once it is finished.
    child: Option<Running>,
    reader: Option<JoinHandle<()>>,
    words: Arc<Mutex<Words>>,
}

enum Words {
    Kept(Vec<u8>),
    Shown,
}

impl Beside {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        // One pipe for both, so that what is said stays in its order.
        let (from, to) = io::pipe()?;
        let child = Running::start(command.stdout(to.try_clone()?).stderr(to))?;
        // It holds the pipe, which would never end.
        drop(command);
        let words = Arc::new(Mutex::new(Words::Kept(Vec::new())));
        let kept = Kept(Arc::clone(&words));
        let reader = thread::spawn(move || copy(from, kept, io::sink()));
        Ok(Self { child: Some(child), reader: Some(reader), words })
    }

    /// Shows what it has said and goes on to say until it ends, and fails when it does.
    pub(crate) fn finish(mut self) -> Result<()> {
        if let Words::Kept(bytes) = mem::replace(&mut *lock(&self.words), Words::Shown) {
            io::stderr().write_all(&bytes)?;
        }
        if let Some(reader) = self.reader.take() {
            _ = reader.join();
        }
        self.child.take().map_or(Ok(()), Running::finish)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Not killed: it may have children in groups of their own, which it alone can stop.
        if let Some(Err(error)) = self.child.take().map(Running::stop) {
            say(&format!("{error:#}"));
        }
    }
}

/// Where the words of something [`Beside`] go.
struct Kept(Arc<Mutex<Words>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *lock(&self.0) {
            Words::Kept(kept) => kept.write(bytes),
            Words::Shown => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Copies what comes, as it comes, to both.
fn copy(mut from: impl Read, mut to: impl Write, mut kept: impl Write) {
    let mut bytes = [0; 8192];
    // Whatever goes wrong with the one place is no reason to lose the other.
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let bytes = bytes.get(..count).unwrap_or_default();
        _ = to.write_all(bytes).and_then(|()| to.flush());
        _ = kept.write_all(bytes);
    }
}

/// Runs something short and gives back what it said, whatever its status.
pub(crate) fn capture(command: &mut Command) -> Result<Output> {
    let name = describe(command);
    command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{name}`"))
}

/// The trimmed standard output of something short that succeeds; `None` when it is missing or fails.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = capture(command).ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// As one would type it, for messages.
fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let args = command.get_args().map(|arg| format!(" {}", arg.to_string_lossy()));
    std::iter::once(program.into_owned()).chain(args).collect()
}

/// A line of our own among what the children print.
pub(crate) fn say(text: &str) {
    eprintln!("[xtask] {text}");
}

/// Says what begins, and how long it took.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(&format!("{what} …"));
    let start = Instant::now();
    let result = work()?;
    say(&format!("{what}: {:.1} s", start.elapsed().as_secs_f32()));
    Ok(result)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn beside(script: &str) -> Result<Beside> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Beside::start(command)
    }

    #[test]
    fn what_fails_beside_fails_when_it_is_finished() {
        let error = beside("exit 3").unwrap().finish().unwrap_err();
        assert!(error.to_string().contains("exit status: 3"), "{error}");
    }

    #[test]
    fn what_is_beside_keeps_its_words_to_itself() {
        let mut child = beside("echo words; echo more >&2").unwrap();
        child.reader.take().unwrap().join().unwrap();
        let Words::Kept(kept) = &*lock(&child.words) else { panic!("they were shown") };
        let kept = String::from_utf8_lossy(kept).into_owned();
        assert!(kept.contains("words") && kept.contains("more"), "{kept}");
    }

    #[test]
    fn what_is_beside_does_not_outlive_whoever_began_it() {
        let child = beside("exec sleep 1000").unwrap();
        let id = child.child.as_ref().unwrap().child.id();
        drop(child);
        let group = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        assert_eq!(rustix::process::test_kill_process_group(group), Err(rustix::io::Errno::SRCH));
    }
}
