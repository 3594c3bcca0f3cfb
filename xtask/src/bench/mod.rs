//! `cargo xtask bench`: what a verification costs over HTTP beside a bare axum handler, in alternating rounds of one run,
//! and how long it takes while other things happen. Then what the decision alone costs, by `cargo bench`.
//!
//! CPU per request is the steady figure on a shared machine; latencies are what they were in that minute.
mod driven;
mod report;
mod traffic;
mod wrk;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;

use self::{
    driven::Driven,
    report::{Report, Row, median},
    traffic::Traffic,
    wrk::{Haste, Load},
};
use crate::{
    process::{ask, run, say, timed},
    project::Project,
    site::{self, Profile},
    tools,
};

const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;
/// What is doubled while requests come in.
const DOUBLED: u32 = 100_000;
/// How many different keys are asked about in turn, so that the processor's caches are not flattered.
const ASKED: u32 = 100_000;
/// Durable changes a second.
const CHANGES: u32 = 300;
/// How many sign in at the same time.
const SIGN_INS: usize = 50;

/// How thoroughly.
#[derive(Args)]
pub(crate) struct Options {
    /// Rounds of the comparison. What happens beside verifications takes twice as many.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long each is loaded in a round.
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Only over HTTP, without `cargo bench`.
    #[arg(long)]
    http_only: bool,
}

/// Measures, prints a table, and writes it to target/bench/result.json.
pub(crate) fn run_all(project: &Project, options: &Options) -> Result<()> {
    tools::wrk()?;
    let home = project.target.join("bench");
    fs::create_dir_all(&home)?;
    build(project)?;
    for count in [FEW, DOUBLED, MANY] {
        fill(project, &home, count)?;
    }
    let mut report = Report::default();
    costs(project, &home, options, &mut report)?;
    while_other_things_happen(project, &home, options, &mut report)?;
    if !options.http_only {
        decision(project, &home, &mut report)?;
    }
    print!("{report}");
    let path = home.join("result.json");
    fs::write(&path, report.json()).with_context(|| format!("cannot write {}", path.display()))?;
    say(&format!("written to {}", project.relative(&path).display()));
    Ok(())
}

/// The executable, the bare handler, and what fills a database.
fn build(project: &Project) -> Result<()> {
    // No page is measured, but somebody may serve them with this executable afterwards.
    let site = site::build(project, Profile::Release)?;
    let mut cargo = project.cargo();
    cargo.args(["build", "--release", "--package", "server", "--bin", "ipaware", "--examples"]).env("EMBED_SITE", site);
    timed("server and examples: compile", || run(&mut cargo))
}

/// A database with so many keys, made once: a million take minutes.
fn fill(project: &Project, home: &Path, count: u32) -> Result<()> {
    let folder = folder(home, count);
    if folder.join("secrets").is_file() {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    // Under another name until it is complete.
    let begun = home.join(format!("{count}.begun"));
    if begun.exists() {
        fs::remove_dir_all(&begun)?;
    }
    let mut fill = example(project, "fill");
    timed(&format!("a database with {count} keys"), || run(fill.arg(&begun).arg(count.to_string())))?;
    Ok(fs::rename(begun, folder)?)
}

fn folder(home: &Path, count: u32) -> PathBuf {
    home.join(count.to_string())
}

fn example(project: &Project, name: &str) -> std::process::Command {
    std::process::Command::new(project.target.join("release/examples").join(name))
}

/// CPU per request of the bare handler and of verifications, one after the other in each round.
fn costs(project: &Project, home: &Path, options: &Options, report: &mut Report) -> Result<()> {
    // A server reads what an earlier one has left to be written, and keeps the memory which that takes.
    for usage in [FEW, MANY].map(|keys| folder(home, keys).join("usage")) {
        if usage.exists() {
            fs::remove_dir_all(usage)?;
        }
    }
    let load = |_| Driven::loading_on_all_cores(project, home, &folder(home, MANY));
    let loadings = (0..options.rounds).map(load).collect::<Result<Vec<_>>>()?;
    report.hold("keys loaded in, s", MANY, median(loadings.iter().map(Duration::as_secs_f64)), 3.0);
    let bare = Driven::start(example(project, "bare"))?;
    let few = Driven::serve(project, home, &folder(home, FEW))?;
    let many = Driven::serve(project, home, &folder(home, MANY))?;
    report.note("… on one core", MANY, many.loading.as_secs_f64());
    few.settle()?;
    many.settle()?;
    let difference = many.resident_bytes()?.saturating_sub(few.resident_bytes()?);
    report.hold("bytes of memory for each key", MANY, difference as f64 / f64::from(MANY - FEW), 300.0);
    let loads = [
        (&bare, "bare axum handler", Load::of(&folder(home, FEW), 1, Haste::Full)),
        (&few, "verify, 1 000 keys", Load::of(&folder(home, FEW), 1, Haste::Full)),
        (&many, "verify, 1 000 000 keys", Load::of(&folder(home, MANY), MANY / ASKED, Haste::Full)),
    ];
    let mut rounds = Vec::new();
    for round in 0..=options.rounds {
        let mut measured = Vec::new();
        for (server, _, load) in &loads {
            measured.push(load.run(server, options.seconds)?);
        }
        // The first one only warms up.
        if round > 0 {
            say(&format!("round {round} of {}: {}", options.rounds, report::costs(&measured)));
            rounds.push(measured);
        }
    }
    for (at, (_, name, _)) in loads.iter().enumerate() {
        report.add(Row::of_rounds(name, rounds.iter().filter_map(|round| Some((round.get(at)?, round.first()?)))));
    }
    // The median leaves out what happens once a minute: the counts of all keys in use go into the database.
    let of_many: Vec<_> = rounds.iter().filter_map(|round| Some(round.get(2)?.cpu_micros)).collect();
    report.note("CPU µs/request, mean of the rounds", MANY, of_many.iter().sum::<f64>() / of_many.len() as f64);
    let dearer = rounds.iter().filter_map(|round| Some(round.get(2)?.cpu_micros / round.get(1)?.cpu_micros));
    report.hold("CPU at 1 000 000 keys ÷ CPU at 1 000", MANY, median(dearer), 1.15);
    Ok(())
}

/// Begins what goes on beside the verifications, at this server or on the data in this folder.
type Begin = fn(&Driven, &Project, &Path) -> Result<Traffic>;

/// Something that happens beside verifications.
struct Case {
    name: &'static str,
    keys: u32,
    haste: Haste,
    /// What has to be in the folder before.
    prepare: fn(&Project, &Path) -> Result<()>,
    begin: Begin,
    /// A server that is asked to do something takes its share of the processor for that, and on one core less is left: so the
    /// effect is compared with that of the same work, done by another server on that core, too.
    is_asked: bool,
    /// How many times as long the slowest of a hundred may take.
    at_most: f64,
}

const CASES: [Case; 4] = [
    changes("300 durable changes a second", Haste::Full),
    // The same on a core that has the time for it, as cores have that people rely on.
    changes("300 durable changes a second, an eighth of the requests", Haste::AtLeisure),
    Case {
        name: "100 000 keys are added to as many",
        keys: DOUBLED,
        haste: Haste::Full,
        // Making them takes a core for longer than anything is measured here. The server hears of all of them at once, and
        // has enough to do with that for as long as it is measured.
        prepare: |project, folder| run(&mut more_keys(project, folder, "--more")),
        begin: |_, project, folder| run(&mut more_keys(project, folder, "--announce")).map(|()| Traffic::None),
        is_asked: false,
        at_most: 1.2,
    },
    Case {
        name: "50 people sign in at once",
        keys: MANY,
        haste: Haste::Full,
        prepare: |_, _| Ok(()),
        begin: |server, _, _| Traffic::sign_ins(server, SIGN_INS),
        is_asked: true,
        at_most: 2.0,
    },
];

const fn changes(name: &'static str, haste: Haste) -> Case {
    Case {
        name,
        keys: MANY,
        haste,
        prepare: |_, _| Ok(()),
        begin: |server, _, _| Traffic::changes(server, CHANGES, MANY / ASKED),
        is_asked: true,
        at_most: 1.2,
    }
}

fn more_keys(project: &Project, folder: &Path, wish: &str) -> std::process::Command {
    let mut fill = example(project, "fill");
    fill.arg(folder).arg(DOUBLED.to_string()).arg(wish);
    fill
}

/// The 99th percentile while others change, add and sign in, ÷ that of the same server left alone, and while they do so
/// at another server, just before.
fn while_other_things_happen(project: &Project, home: &Path, options: &Options, report: &mut Report) -> Result<()> {
    for Case { name, keys, haste, prepare, begin, is_asked, at_most } in CASES {
        let original = folder(home, keys);
        let (copy, other) = (home.join("changed"), home.join("elsewhere"));
        copy_folder(&original, &copy)?;
        if is_asked {
            copy_folder(&original, &other)?;
        }
        let server = Driven::serve(project, home, &copy)?;
        let another = is_asked.then(|| Driven::serve(project, home, &other)).transpose()?;
        let load = Load::of(&original, (keys / ASKED).max(1), haste);
        load.run(&server, options.seconds)?;
        let (mut p99, mut to_alone, mut to_elsewhere, mut done) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        // What is slowest scatters more than what is usual: a single ratio goes from a half to two on a shared machine.
        for _ in 0..2 * options.rounds {
            prepare(project, &copy)?;
            server.settle()?;
            let alone = load.run(&server, options.seconds)?;
            let mut elsewhere = None;
            if let Some(another) = &another {
                let traffic = begin(another, project, &other)?;
                elsewhere = Some(load.run(&server, options.seconds)?);
                traffic.stop()?;
            }
            let traffic = begin(&server, project, &copy)?;
            let beside = load.run(&server, options.seconds)?;
            done.push(traffic.stop()?);
            p99.push(beside.p99_micros);
            to_alone.push(beside.p99_micros / alone.p99_micros);
            to_elsewhere.extend(elsewhere.map(|elsewhere| beside.p99_micros / elsewhere.p99_micros));
        }
        report.note(&format!("p99 in µs while {name}"), keys, median(p99));
        if is_asked {
            report.note("… how many a second", keys, median(done));
        }
        report.hold("… ÷ alone", keys, median(to_alone), at_most);
        if is_asked {
            report.hold("… ÷ while the same happens elsewhere", keys, median(to_elsewhere), at_most);
        }
        drop((server, another));
        for used in [copy, other].into_iter().filter(|folder| folder.exists()) {
            fs::remove_dir_all(used)?;
        }
    }
    Ok(())
}

/// What is changed while measuring must not be what the next run begins with.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    // A server that was measured on them leaves its log, without which the file is half a database.
    let log = Some("ipaware.db-wal").filter(|log| from.join(log).exists());
    for name in ["ipaware.db", "pepper"].into_iter().chain(log) {
        fs::copy(from.join(name), to.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    Ok(())
}

/// What remains without HTTP: `server/benches/verify.rs`, by criterion.
fn decision(project: &Project, home: &Path, report: &mut Report) -> Result<()> {
    let mut cargo = project.cargo();
    cargo.args(["bench", "--package", "server", "--bench", "verify"]).env("IPAWARE_BENCH_DIR", home);
    // As before, or all of it would be compiled again.
    cargo.env("EMBED_SITE", Profile::Release.folder(project));
    timed("the decision alone", || run(&mut cargo))?;
    for (case, count) in
        ["hit", "unknown", "malformed", "refused"].into_iter().flat_map(|case| [(case, FEW), (case, MANY)])
    {
        let path = project.target.join(format!("criterion/decision/{case}/{count}/new/estimates.json"));
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let estimates: serde_json::Value = serde_json::from_str(&text)?;
        let nanos = estimates.pointer("/median/point_estimate").and_then(serde_json::Value::as_f64);
        let nanos = nanos.context("criterion writes another form now")?;
        report.hold(&format!("decision in ns: {case}"), count, nanos, 600.0);
    }
    Ok(())
}

/// The processor, for the report.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let system = ask(std::process::Command::new("uname").args(["-sr"])).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{}, {cores} cores, {system}", model.unwrap_or("unknown processor"))
}
