//! `cargo xtask test`: everything that can be checked, in one order, nothing left out in silence.
use std::{
    env,
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};

use crate::{
    geo, leaks,
    postgres::Postgres,
    process::{self, Beside, Stopped, is_stopping, say},
    project::{Project, WASM},
    site::{self, Profile},
    tools::{self, Node},
};

/// What the browser must never get: the data layer, and what only it uses.
const NOT_IN_BROWSER: [&str; 5] = ["backend", "diesel", "axum", "argon2", "tokio-postgres"];

#[derive(Args)]
pub(crate) struct Options {
    /// Only these parts; all of them when none is named.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
    /// Delete what was compiled as soon as nothing that follows needs it, for a small disk.
    #[arg(long)]
    tidy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// cargo fmt
    Fmt,
    /// clippy, for the server's half and the browser's
    Lint,
    /// cargo test, on SQLite and on a PostgreSQL of its own
    Unit,
    /// what the browser's half may hold, and how large it may be
    Wasm,
    /// the release executable, asked by schemathesis everything that its description allows, and more
    Api,
    /// the release executable in a real browser
    E2e,
}

/// What the steps share.
struct Bench<'a> {
    project: &'a Project,
    parts: &'a [Part],
    tidy: bool,
    node: Option<Node>,
    postgres: Option<PathBuf>,
    python: Option<PathBuf>,
    /// The release build, once it has begun.
    release: Option<Beside>,
}

type Step = fn(&mut Bench<'_>) -> Result<()>;

/// In this order: what is quick first, and what is needed later before it is needed. A step runs when one of its parts
/// is wanted.
///
/// The release build is beside all that is compiled, since its last part, and that of most compiling, leaves all cores
/// but one idle. Nothing is beside what is tested.
const STEPS: [(&str, &[Part], Step); 16] = [
    ("tools", &[Part::Fmt, Part::Lint, Part::Unit, Part::Wasm, Part::Api, Part::E2e], needs),
    ("format", &[Part::Fmt], format),
    ("release build: begin", &[Part::Wasm, Part::Api, Part::E2e], begin_release),
    ("lints: server", &[Part::Lint], lint_server),
    ("lints: browser", &[Part::Lint], lint_browser),
    ("browser's half: what is not in it", &[Part::Wasm], not_in_browser),
    ("Python packages", &[Part::Api], pip),
    ("npm packages and browser", &[Part::E2e], npm),
    ("browser tests: types", &[Part::E2e], types),
    ("unit and integration tests: compile", &[Part::Unit], compile_unit),
    ("release build: end", &[Part::Wasm, Part::Api, Part::E2e], end_release),
    ("unit and integration tests", &[Part::Unit], unit),
    ("browser's half: size", &[Part::Wasm], size),
    ("API tests", &[Part::Api], api),
    ("browser tests", &[Part::E2e], browser),
    ("no secret in anything that was put out", &[Part::Unit, Part::E2e], no_secret),
];

enum Outcome {
    Passed(Duration),
    Failed(Duration),
    NotReached,
    NotWanted,
}

/// Runs the steps until one fails, and says at the end what became of each.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let parts = if options.only.is_empty() { Part::value_variants() } else { &options.only };
    let mut bench =
        Bench { project, parts, tidy: options.tidy, node: None, postgres: None, python: None, release: None };
    let output = output_folder(project);
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    fs::create_dir_all(&output)?;
    let start = Instant::now();
    let mut failure = None;
    let mut outcomes = Vec::new();
    for (name, wanted_by, step) in STEPS {
        let outcome = if !wanted_by.iter().any(|part| parts.contains(part)) {
            Outcome::NotWanted
        } else if failure.is_some() {
            Outcome::NotReached
        } else {
            eprintln!("\n━━ {name} {}", "━".repeat(76_usize.saturating_sub(name.chars().count())));
            let begun = Instant::now();
            match step(&mut bench) {
                Ok(()) => Outcome::Passed(begun.elapsed()),
                Err(error) => {
                    failure = Some(error.context(name));
                    Outcome::Failed(begun.elapsed())
                }
            }
        };
        outcomes.push((name, outcome));
    }
    eprint!("{}", table(&outcomes, start.elapsed()));
    match failure {
        None => Ok(()),
        Some(_) if is_stopping() => Err(Stopped.into()),
        Some(error) => Err(error),
    }
}

fn table(outcomes: &[(&str, Outcome)], total: Duration) -> String {
    let mut out = String::from("\n━━ summary\n");
    for (name, outcome) in outcomes {
        let line = match outcome {
            Outcome::Passed(time) => format!("{:>8.1} s  passed", time.as_secs_f32()),
            Outcome::Failed(time) => format!("{:>8.1} s  FAILED", time.as_secs_f32()),
            Outcome::NotReached => format!("{:>10}  not reached", "–"),
            Outcome::NotWanted => format!("{:>10}  not asked for", "–"),
        };
        _ = writeln!(out, "  {name:<36}{line}");
    }
    _ = writeln!(out, "  {:<36}{:>8.1} s", "all", total.as_secs_f32());
    out
}

impl Bench<'_> {
    /// Deletes what is not needed any more, if that is wanted.
    fn tidy(&self, folders: &[PathBuf]) -> Result<()> {
        for folder in folders.iter().filter(|folder| self.tidy && folder.exists()) {
            fs::remove_dir_all(folder).with_context(|| format!("cannot delete {}", folder.display()))?;
        }
        Ok(())
    }
}

/// All that can be missing is found before anything long begins.
fn needs(bench: &mut Bench<'_>) -> Result<()> {
    let wants = |parts: &[Part]| parts.iter().any(|part| bench.parts.contains(part));
    if wants(&[Part::Fmt]) {
        tools::component("fmt", "rustfmt")?;
    }
    if wants(&[Part::Lint]) {
        tools::component("clippy", "clippy")?;
    }
    if wants(&[Part::Lint, Part::Unit, Part::Wasm, Part::Api, Part::E2e]) {
        tools::wasm_target()?;
    }
    let postgres = wants(&[Part::Unit]).then(tools::postgres).transpose()?;
    if wants(&[Part::Unit]) {
        tools::proxies()?;
    }
    let node = wants(&[Part::E2e]).then(|| Node::find(bench.project)).transpose()?;
    let python = wants(&[Part::Api]).then(|| tools::python(bench.project)).transpose()?;
    (bench.postgres, bench.node, bench.python) = (postgres, node, python);
    say("everything that is needed is there");
    Ok(())
}

fn format(bench: &mut Bench<'_>) -> Result<()> {
    cargo(bench, &["fmt", "--all", "--check"]).context("run `cargo fmt --all`")
}

fn lint_server(bench: &mut Bench<'_>) -> Result<()> {
    cargo(bench, &["clippy", "--workspace", "--exclude", "frontend", "--all-targets", "--", "--deny", "warnings"])
}

/// The crates that the browser gets, as it gets them.
fn lint_browser(bench: &mut Bench<'_>) -> Result<()> {
    let packages = ["--package", "frontend", "--package", "app", "--package", "shared"];
    let mut cargo = bench.project.front_cargo();
    cargo.arg("clippy").args(packages).args(["--lib", "--target", WASM, "--", "--deny", "warnings"]);
    process::run(&mut cargo)?;
    // The site of a release has another profile.
    let front = bench.project.front_target();
    bench.tidy(&[front.join("debug"), front.join(WASM).join("debug")])
}

fn not_in_browser(bench: &mut Bench<'_>) -> Result<()> {
    // If this were not found either, the question would be wrong and not the answer good.
    if !is_in_browser(bench.project, "wasm-bindgen")? {
        bail!("`cargo tree` does not even find wasm-bindgen in the browser's half: this check no longer works");
    }
    for package in NOT_IN_BROWSER {
        if is_in_browser(bench.project, package)? {
            bail!("{package} is in the browser's half: some dependency has lost its `optional = true`");
        }
        say(&format!("{package} is not in the browser's half"));
    }
    Ok(())
}

/// Asks cargo who needs `package`. A package outside the graph is an error for cargo, or a warning when only another
/// target needs it; both mean no.
fn is_in_browser(project: &Project, package: &str) -> Result<bool> {
    let output = process::capture(project.cargo().args([
        "tree",
        "--quiet",
        "--package",
        "frontend",
        "--target",
        WASM,
        "--invert",
        package,
    ]))?;
    let error = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let tree = String::from_utf8_lossy(&output.stdout);
        if !tree.trim().is_empty() {
            say(&format!("who needs {package}:\n{}", tree.trim_end()));
        }
        Ok(!tree.trim().is_empty())
    } else if error.contains("did not match any packages") {
        Ok(false)
    } else {
        bail!("`cargo tree` failed for {package}: {}", error.trim())
    }
}

/// What requirements.txt says, unless it is there already.
fn pip(bench: &mut Bench<'_>) -> Result<()> {
    let python = bench.python.as_ref().context("Python was not looked for")?;
    let requirements = bench.project.end2end().join("api/requirements.txt");
    let wanted =
        fs::read_to_string(&requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = python.with_file_name(".installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        say("Python packages: as requirements.txt wants them");
        return Ok(());
    }
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    process::run(&mut pip)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// What package-lock.json says, unless it is there already.
fn npm(bench: &mut Bench<'_>) -> Result<()> {
    let node = bench.node.as_ref().context("Node.js was not looked for")?;
    let dir = bench.project.end2end();
    let mut hash = Sha256::new();
    for name in ["package.json", "package-lock.json"] {
        let path = dir.join(name);
        hash.update(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    let wanted = format!("{:?}", hash.finalize());
    let stamp = dir.join("node_modules/.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        say("npm packages: as package-lock.json wants them");
    } else {
        let mut ci = node.command("npm");
        ci.args(["ci", "--no-audit", "--no-fund"]).current_dir(&dir);
        // Which browser is used is decided below, not by an install script.
        process::run(ci.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    node.browser(bench.project)
}

fn types(bench: &mut Bench<'_>) -> Result<()> {
    npx(bench, &["tsc", "--noEmit"]).and_then(|mut npx| process::run(&mut npx))
}

/// By another of this program, because what it says goes elsewhere.
fn begin_release(bench: &mut Bench<'_>) -> Result<()> {
    let mut build = Command::new(env::current_exe().context("cannot find this program itself")?);
    build.arg("build");
    bench.release = Some(Beside::start(build)?);
    say("begun; what it says is below, under its end");
    Ok(())
}

fn end_release(bench: &mut Bench<'_>) -> Result<()> {
    bench.release.take().context("the release build has not begun")?.finish()
}

const UNIT: [&str; 3] = ["test", "--workspace", "--no-fail-fast"];

fn compile_unit(bench: &mut Bench<'_>) -> Result<()> {
    process::run(bench.project.cargo().args(UNIT).arg("--no-run").env_remove("EMBED_SITE"))
}

fn unit(bench: &mut Bench<'_>) -> Result<()> {
    let bin = bench.postgres.as_ref().context("PostgreSQL was not looked for")?;
    // Tests that start the executable want a site to serve. Where there is a release build, it has made it.
    let site = site::build(bench.project, Profile::Release)?;
    let geo = test_databases(bench.project)?;
    let postgres = Postgres::start(bin)?;
    let mut cargo = bench.project.cargo();
    cargo.args(UNIT).env_remove("EMBED_SITE");
    cargo.env("TEST_POSTGRES_URL", postgres.url()).env("IPAWARE_TEST_MMDB_DIR", geo).env("IPAWARE_SITE_DIR", site);
    let output = output_folder(bench.project);
    process::run_and_keep(cargo.env("IPAWARE_TEST_OUTPUT", &output), &output.join("unit.console"))?;
    // All but the executables beside these: this program is one of them.
    let debug = bench.project.target.join("debug");
    bench.tidy(&["build", "deps", "examples"].map(|folder| debug.join(folder)))
}

fn size(bench: &mut Bench<'_>) -> Result<()> {
    let load = site::first_load(&Profile::Release.folder(bench.project))?;
    say(&load.to_string());
    load.check()
}

fn api(bench: &mut Bench<'_>) -> Result<()> {
    let mut python = Command::new(bench.python.as_ref().context("Python was not looked for")?);
    python.arg(bench.project.end2end().join("api/check.py")).env("IPAWARE_BIN", bench.project.binary("release"));
    process::run(&mut python)
}

fn browser(bench: &mut Bench<'_>) -> Result<()> {
    let mut playwright = npx(bench, &["playwright", "test"])?;
    playwright.env("IPAWARE_BIN", bench.project.binary("release"));
    playwright.env("IPAWARE_TEST_MMDB_DIR", test_databases(bench.project)?);
    let output = output_folder(bench.project);
    process::run_and_keep(playwright.env("IPAWARE_TEST_OUTPUT", &output), &output.join("browser.console"))
}

/// Secrets that were made in a browser are found by their looks; those of the other tests by name as well.
fn no_secret(bench: &mut Bench<'_>) -> Result<()> {
    let output = output_folder(bench.project);
    let search = if bench.parts.contains(&Part::Unit) { leaks::search_well } else { leaks::search };
    let leaks::Searched { hidden, files, lines } = search(&output)?;
    say(&format!("none of {hidden} secrets, sessions and passwords is in {lines} lines of {files} files"));
    Ok(())
}

/// Everything that the tests, and the servers they start, put out.
fn output_folder(project: &Project) -> PathBuf {
    project.target.join("test-output")
}

fn test_databases(project: &Project) -> Result<PathBuf> {
    let dir = project.target.join("test-mmdb");
    geo::write_databases(&dir)?;
    Ok(dir)
}

fn cargo(bench: &Bench<'_>, args: &[&str]) -> Result<()> {
    process::run(bench.project.cargo().args(args))
}

/// A program of the installed npm packages, and never one that npx would fetch.
fn npx(bench: &Bench<'_>, args: &[&str]) -> Result<Command> {
    let mut command = bench.node.as_ref().context("Node.js was not looked for")?.command("npx");
    command.arg("--no-install").args(args).current_dir(bench.project.end2end());
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_step_of_its_own() {
        for part in Part::value_variants() {
            assert!(STEPS.iter().any(|(_, parts, _)| *parts == [*part]), "{part:?}");
        }
    }

    #[test]
    fn the_summary_tells_what_did_not_run() {
        let second = Duration::from_secs(1);
        let outcomes = [
            ("a", Outcome::Passed(second)),
            ("b", Outcome::Failed(second)),
            ("c", Outcome::NotReached),
            ("d", Outcome::NotWanted),
        ];
        let table = table(&outcomes, second * 2);
        let ends: Vec<_> = table.lines().skip(2).map(|line| line.rsplit("  ").next().unwrap().trim()).collect();
        assert_eq!(ends, ["passed", "FAILED", "not reached", "not asked for", "2.0 s"]);
    }
}
