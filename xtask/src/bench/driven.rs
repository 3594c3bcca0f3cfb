//! A server that is measured: on one core where there are several, so that whoever asks has the others. Only while it loads
//! its keys nobody asks.
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::project::Project;

pub(super) struct Driven {
    child: Child,
    /// `127.0.0.1:…`
    pub(super) address: String,
    /// From the start until it was ready.
    pub(super) loading: Duration,
}

/// The processor's times of a process, and its clock.
const FIELDS_BEFORE_USER_TIME: usize = 11;

impl Driven {
    /// Starts what says `listening on http://…`.
    pub(super) fn start(command: Command) -> Result<Self> {
        Self::start_as_it_is(pinned(command, 0)?)
    }

    fn start_as_it_is(mut command: Command) -> Result<Self> {
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = child.stdout.take().context("its output")?;
        let mut driven = Self { child, address: String::new(), loading: Duration::ZERO };
        for line in BufReader::new(output).lines() {
            if let Some(address) = line?.strip_prefix("listening on http://") {
                (driven.address, driven.loading) = (address.to_owned(), began.elapsed());
                return Ok(driven);
            }
        }
        anyhow::bail!("a server to measure has ended before it listened")
    }

    /// `ipaware serve` on the keys in this folder.
    pub(super) fn serve(project: &Project, home: &Path, keys: &Path) -> Result<Self> {
        Self::start(serve(project, home, keys)?)
    }

    /// How long such a server takes to load its keys when it has all cores.
    pub(super) fn loading_on_all_cores(project: &Project, home: &Path, keys: &Path) -> Result<Duration> {
        Ok(Self::start_as_it_is(serve(project, home, keys)?)?.loading)
    }

    /// User and system time so far.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name before may hold anything but the last bracket (proc(5)).
        let (_, rest) = stat.rsplit_once(')').context("an unknown form of /proc/…/stat")?;
        let times = rest.split_whitespace().skip(FIELDS_BEFORE_USER_TIME).take(2);
        let ticks = times.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    /// Waits for what a server does when it has just started: until it takes no time of the processor for a second, and not
    /// for ever.
    pub(super) fn settle(&self) -> Result<()> {
        const SECOND: Duration = Duration::from_secs(1);
        for _ in 0..60 {
            let before = self.cpu()?;
            std::thread::park_timeout(SECOND);
            if self.cpu()?.saturating_sub(before) < SECOND / 20 {
                return Ok(());
            }
        }
        Ok(())
    }

    pub(super) fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn serve(project: &Project, home: &Path, keys: &Path) -> Result<Command> {
    let mut command = Command::new(project.binary("release"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(keys);
    // Only asked for when no site is inside.
    command.env("IPAWARE_SITE_DIR", empty_site(home)?);
    Ok(command)
}

/// On this core, if there are several and `taskset` is there to say so.
pub(super) fn pinned(command: Command, core: usize) -> Result<Command> {
    if std::thread::available_parallelism()?.get() < 2 || !Path::new("/usr/bin/taskset").is_file() {
        return Ok(command);
    }
    let mut pinned = Command::new("/usr/bin/taskset");
    pinned.args(["--cpu-list", &core.to_string()]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            pinned.env(name, value);
        }
    }
    Ok(pinned)
}

/// The same for the thread that calls this. If it is not to be had, the figures are less steady.
#[cfg(target_os = "linux")]
pub(super) fn pin_thread(core: usize) {
    if std::thread::available_parallelism().is_ok_and(|cores| cores.get() > core) {
        let mut cores = rustix::thread::CpuSet::new();
        cores.set(core);
        _ = rustix::thread::sched_setaffinity(None, &cores);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn pin_thread(_core: usize) {}

fn empty_site(home: &Path) -> Result<std::path::PathBuf> {
    let site = home.join("site");
    fs::create_dir_all(site.join("pkg"))?;
    fs::write(site.join("manifest.txt"), "js a.js\nwasm a.wasm\ncss a.css\n")?;
    for name in ["a.js", "a.wasm", "a.css"] {
        fs::write(site.join("pkg").join(name), "")?;
    }
    Ok(site)
}
