//! The browser's half: WebAssembly, the JavaScript that loads it, the style and `public/`, in one folder.
//!
//! `pkg/` holds the files that pages name, with a hash of their content in the name, so that browsers may keep them for
//! ever. `manifest.txt` tells the server those names and a hash of every other file for its `ETag`.
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    ffi::OsStr,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    css,
    process::{run, say, timed},
    project::{Project, WASM},
    split::{self, LINKER},
    tools,
};

/// What the hashed files are called before their hash.
const NAME: &str = "ipaware";

/// The most that a browser loads before a page answers, in bytes, all with brotli.
const BUDGET: u64 = 400_000;

/// What compresses: the other types are compressed already.
const COMPRESSIBLE: [&str; 11] =
    ["css", "html", "ico", "js", "json", "map", "svg", "txt", "wasm", "webmanifest", "xml"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Small: optimised for size, names removed, compressed.
    Release,
    /// Quick to build, and panics name their functions.
    Dev,
}

impl Profile {
    /// Two folders, so that work on a page does not spoil what a release would take up again.
    pub(crate) fn folder(self, project: &Project) -> PathBuf {
        project.target.join(match self {
            Self::Release => "site",
            Self::Dev => "site-dev",
        })
    }
}

/// The files of the site by their path in it.
type Files = BTreeMap<String, Vec<u8>>;

/// Builds the site and returns its folder. Everything after cargo is left out when its inputs are the same as last
/// time, because cargo looks at the age of the files and would embed the same site in the server again.
pub(crate) fn build(project: &Project, profile: Profile) -> Result<PathBuf> {
    tools::wasm_target()?;
    let module = timed("browser's half: compile", || compile(project, profile))?;
    let out = profile.folder(project);

    let public = read_public(project)?;
    let style = css::bundle(&project.root.join("style/main.css"))?;
    let stamp = stamp(&module, &public, &style)?;
    let stamp_file = out.with_extension("stamp");
    if out.join("manifest.txt").is_file() && fs::read_to_string(&stamp_file).is_ok_and(|last| last == stamp) {
        say("browser's half: nothing has changed since it was packed");
        return Ok(out);
    }

    let files = timed("browser's half: bind and pack", || pack(project, profile, &module, public, style))?;
    replace_folder(&out, &files)?;
    fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))?;
    if profile == Profile::Release {
        say(&first_load(&out)?.to_string());
    }
    Ok(out)
}

/// Cargo's part. Returns the module as rustc left it.
fn compile(project: &Project, profile: Profile) -> Result<Vec<u8>> {
    let mut cargo = project.front_cargo();
    cargo.args(["rustc", "--package", "frontend", "--lib", "--target", WASM]);
    let folder = match profile {
        Profile::Release => {
            cargo.args(["--profile", "wasm-release"]);
            "wasm-release"
        }
        Profile::Dev => {
            // Debug information doubles the time, and the browser shows the names without it.
            cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
            "debug"
        }
    };
    // For the last step alone: in RUSTFLAGS it would compile every crate again.
    cargo.args(["--", "-C", LINKER]);
    run(&mut cargo)?;
    let path = project.front_target().join(WASM).join(folder).join("frontend.wasm");
    fs::read(&path).with_context(|| format!("cannot read what cargo built, {}", path.display()))
}

/// A hash over everything that the packed site depends on, this program included.
fn stamp(module: &[u8], public: &Files, style: &str) -> Result<String> {
    let own = std::env::current_exe().and_then(fs::metadata).context("cannot look at this program itself")?;
    let mut hash = Sha256::new();
    hash.update(format!("{:?} {}\n", own.modified().ok(), own.len()));
    let named = public.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    for (name, bytes) in [("module", module), ("style", style.as_bytes())].into_iter().chain(named) {
        hash.update(format!("{name} {}\n", bytes.len()));
        hash.update(bytes);
    }
    Ok(hex(&hash.finalize()))
}

fn read_public(project: &Project) -> Result<Files> {
    let dir = project.root.join("public");
    let mut files = Files::new();
    if dir.is_dir() {
        read_folder(&dir, &dir, &mut files)?;
    }
    if let Some(name) = files.keys().find(|name| name.starts_with("pkg/") || *name == "manifest.txt") {
        bail!("public/{name} would stand where the build puts its own files");
    }
    Ok(files)
}

fn read_folder(dir: &Path, root: &Path, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(&path, root, files)?;
            continue;
        }
        let name = path.strip_prefix(root)?.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(name.replace('\\', "/"), bytes);
    }
    Ok(())
}

fn pack(project: &Project, profile: Profile, module: &[u8], mut files: Files, style: String) -> Result<Files> {
    let bound = bind(project, profile, module)?;
    let mut manifest = String::new();
    for (kind, bytes) in [("js", bound.js), ("wasm", bound.wasm), ("css", style.into_bytes())] {
        let name = format!("{NAME}-{}.{kind}", short_hash(&bytes));
        writeln!(manifest, "{kind} {name}")?;
        files.insert(format!("pkg/{name}"), bytes);
    }
    for (page, names) in bound.pages {
        writeln!(manifest, "page {page} {}", names.join(" "))?;
    }
    files.extend(bound.lazy.into_iter().map(|(name, bytes)| (format!("pkg/{name}"), bytes)));
    for (name, bytes) in bound.snippets {
        files.insert(format!("pkg/snippets/{name}"), bytes);
    }
    for (name, bytes) in &files {
        writeln!(manifest, "file {} {name}", short_hash(bytes))?;
    }
    if profile == Profile::Release {
        compress(&mut files)?;
    }
    files.insert("manifest.txt".to_owned(), manifest.into_bytes());
    Ok(files)
}

struct Bound {
    js: Vec<u8>,
    wasm: Vec<u8>,
    /// The code of lazy pages, by name.
    lazy: Files,
    /// Which of it a page needs.
    pages: BTreeMap<String, Vec<String>>,
    /// JavaScript that a crate brought with it, by the path under `snippets/` that the generated code imports.
    snippets: Files,
}

/// What the `wasm-bindgen` program does, as a library of exactly the version that the module was compiled with.
fn bind(project: &Project, profile: Profile, module: &[u8]) -> Result<Bound> {
    fs::create_dir_all(&project.target)?;
    let out = tempfile::tempdir_in(&project.target).context("cannot make a folder under target")?;
    let small = profile == Profile::Release;
    let split = split::split(module, small)?;
    Bindgen::new()
        .input_bytes(NAME, split.main.clone())
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        // The page names the module itself, by its hashed name.
        .omit_default_module_path(true)
        .remove_name_section(small)
        .remove_producers_section(small)
        .keep_lld_exports(true)
        .generate(out.path())
        .context("wasm-bindgen cannot read the compiled module")?;

    let read = |name: String| fs::read(out.path().join(&name)).with_context(|| format!("wasm-bindgen left no {name}"));
    let (glue, wasm) = (read(format!("{NAME}.js"))?, read(format!("{NAME}_bg.wasm"))?);
    let name = |file: &split::File| format!("{NAME}-{}-{}.wasm", file.title(), short_hash(&file.wasm));
    let js = split.join(std::str::from_utf8(&glue).context("wasm-bindgen's JavaScript is not UTF-8")?, name)?;
    let mut pages = BTreeMap::<_, Vec<_>>::new();
    for file in split.files() {
        for page in &file.pages {
            pages.entry(page.clone()).or_default().push(name(file));
        }
    }
    let lazy = split.files().iter().map(|file| (name(file), file.wasm.clone())).collect();
    let mut snippets = Files::new();
    let dir = out.path().join("snippets");
    if dir.is_dir() {
        read_folder(&dir, &dir, &mut snippets)?;
    }
    Ok(Bound { js: js.into_bytes(), wasm, lazy, pages, snippets })
}

/// Adds `.br` and `.gz` beside what gets smaller by it. Slow and thorough: it is done once, and saves at every load.
fn compress(files: &mut Files) -> Result<()> {
    let plain: Vec<_> = files.iter().filter(|(name, _)| is_compressible(name)).collect();
    let mut smaller = Vec::new();
    for (name, bytes) in plain {
        for (end, packed) in [("br", brotli(bytes)?), ("gz", gzip(bytes)?)] {
            if packed.len() < bytes.len() {
                smaller.push((format!("{name}.{end}"), packed));
            }
        }
    }
    files.extend(smaller);
    Ok(())
}

fn is_compressible(name: &str) -> bool {
    Path::new(name).extension().and_then(OsStr::to_str).is_some_and(|end| COMPRESSIBLE.contains(&end))
}

fn brotli(mut bytes: &[u8]) -> Result<Vec<u8>> {
    let params =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, size_hint: bytes.len(), ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut out, &params)?;
    Ok(out)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// Writes a new folder and puts it in place of the old one in one step, so that nobody sees half a site.
fn replace_folder(out: &Path, files: &Files) -> Result<()> {
    let parent = out.parent().context("the site has no parent folder")?;
    let new = tempfile::tempdir_in(parent).context("cannot make a folder under target")?;
    let site = new.path().join("site");
    for (name, bytes) in files {
        let path = site.join(name);
        fs::create_dir_all(path.parent().context("a file without a folder")?)?;
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if out.exists() {
        fs::rename(out, new.path().join("old")).with_context(|| format!("cannot replace {}", out.display()))?;
    }
    fs::rename(&site, out).with_context(|| format!("cannot put the site into {}", out.display()))
}

/// What a browser loads before a page answers, in bytes with brotli.
#[derive(Debug)]
pub(crate) struct FirstLoad {
    /// What every page loads, by kind: wasm, js, css.
    parts: Vec<(String, u64)>,
    /// What a page loads besides, by page and file; the largest page first.
    pages: Vec<(String, Vec<(String, u64)>)>,
}

fn sum(sizes: &[(String, u64)]) -> u64 {
    sizes.iter().map(|(_, size)| size).sum()
}

fn kilo(bytes: u64) -> String {
    format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100)
}

impl FirstLoad {
    /// Of the page that loads the most.
    fn total(&self) -> u64 {
        sum(&self.parts) + self.pages.first().map_or(0, |(_, files)| sum(files))
    }

    /// # Errors
    /// When it is too much.
    pub(crate) fn check(&self) -> Result<()> {
        if self.total() >= BUDGET {
            bail!(
                "{self}: that is over the budget; load more pages lazily (`lazy_page!`), or remove what made it grow"
            );
        }
        Ok(())
    }
}

impl std::fmt::Display for FirstLoad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |sizes: &[(String, u64)]| -> String {
            let sizes: Vec<_> = sizes.iter().map(|(name, size)| format!("{name} {}", kilo(*size))).collect();
            sizes.join(" + ")
        };
        write!(f, "first load: {}", list(&self.parts))?;
        if let Some((page, files)) = self.pages.first() {
            write!(f, " + {page} {}", kilo(sum(files)))?;
        }
        write!(f, ", {} of {} with brotli", kilo(self.total()), kilo(BUDGET))?;
        for (page, files) in &self.pages {
            let (own, shared): (Vec<_>, Vec<_>) = files.iter().cloned().partition(|(name, _)| name == page);
            write!(f, "\n  {page} {}: own {}", kilo(sum(files)), kilo(sum(&own)))?;
            if !shared.is_empty() {
                write!(f, " + shared {} in {} files", kilo(sum(&shared)), shared.len())?;
            }
        }
        Ok(())
    }
}

/// Reads the sizes from a release site.
pub(crate) fn first_load(site: &Path) -> Result<FirstLoad> {
    let manifest = fs::read_to_string(site.join("manifest.txt")).context("the site has no manifest.txt")?;
    let size = |name: &str| -> Result<u64> {
        let plain = site.join("pkg").join(name);
        let packed = site.join("pkg").join(format!("{name}.br"));
        // A file that brotli does not make smaller is sent as it is.
        let file = if packed.is_file() { packed } else { plain };
        Ok(fs::metadata(&file).with_context(|| file.display().to_string())?.len())
    };
    let mut parts = Vec::new();
    for kind in ["wasm", "js", "css"] {
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))
            .with_context(|| format!("manifest.txt names no {kind}"))?;
        parts.push((kind.to_owned(), size(name)?));
    }
    let mut pages = Vec::new();
    for line in manifest.lines().filter_map(|line| line.strip_prefix("page ")) {
        let mut words = line.split(' ');
        let page = words.next().unwrap_or_default().to_owned();
        let files = words.map(|name| Ok((title(name).to_owned(), size(name)?))).collect::<Result<Vec<_>>>()?;
        pages.push((page, files));
    }
    pages.sort_by_key(|(_, files)| Reverse(sum(files)));
    Ok(FirstLoad { parts, pages })
}

/// What stands between the site's name and the hash.
fn title(name: &str) -> &str {
    name.split('-').nth(1).unwrap_or(name)
}

/// Sixteen hex digits: enough that no two builds meet, short enough to read.
fn short_hash(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).get(..8).unwrap_or_default())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn hashes_are_of_the_content() {
        assert_eq!(short_hash(b""), "e3b0c44298fc1c14");
        assert_eq!(short_hash(b"abc"), "ba7816bf8f01cfea");
    }

    #[test]
    fn compressed_forms_decode_to_the_same_bytes_and_are_left_out_when_larger() {
        let text = "a line that comes again\n".repeat(50).into_bytes();
        let mut files = Files::from([
            ("pkg/a.css".to_owned(), text.clone()),
            ("tiny.txt".to_owned(), b"x".to_vec()),
            ("font.woff2".to_owned(), text.clone()),
        ]);
        compress(&mut files).unwrap();
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["font.woff2", "pkg/a.css", "pkg/a.css.br", "pkg/a.css.gz", "tiny.txt"]);

        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&files["pkg/a.css.gz"][..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, text);
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &files["pkg/a.css.br"][..], &mut plain).unwrap();
        assert_eq!(plain, text);
    }

    #[test]
    fn a_new_site_replaces_the_old_one_whole() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("site");
        replace_folder(&out, &Files::from([("old.txt".to_owned(), vec![1])])).unwrap();
        replace_folder(&out, &Files::from([("pkg/new.txt".to_owned(), vec![2])])).unwrap();
        assert!(!out.join("old.txt").exists());
        assert_eq!(fs::read(out.join("pkg/new.txt")).unwrap(), [2]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn the_first_load_counts_what_is_sent_for_the_largest_page() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("site");
        let manifest = "js a.js\nwasm b.wasm\ncss c.css\npage P x-P-1.wasm\npage Q x-Q-1.wasm x-shared-1.wasm\n";
        let mut files = Files::from([
            ("manifest.txt".to_owned(), manifest.into()),
            ("pkg/a.js".to_owned(), vec![0; 500_000]),
            ("pkg/a.js.br".to_owned(), vec![0; 1_234]),
            ("pkg/b.wasm".to_owned(), vec![0; 900_000]),
            ("pkg/b.wasm.br".to_owned(), vec![0; 298_665]),
            ("pkg/c.css".to_owned(), vec![0; 100]),
            ("pkg/x-P-1.wasm".to_owned(), vec![0; 95_000]),
            ("pkg/x-Q-1.wasm.br".to_owned(), vec![0; 90_000]),
            ("pkg/x-shared-1.wasm".to_owned(), vec![0; 10_000]),
        ]);
        replace_folder(&out, &files).unwrap();
        let load = first_load(&out).unwrap();
        assert_eq!(
            load.to_string(),
            "first load: wasm 298.6 kB + js 1.2 kB + css 0.1 kB + Q 100.0 kB, 399.9 kB of 400.0 kB with brotli\n  \
             Q 100.0 kB: own 90.0 kB + shared 10.0 kB in 1 files\n  P 95.0 kB: own 95.0 kB"
        );
        load.check().unwrap();

        files.insert("pkg/c.css".to_owned(), vec![0; 101]);
        replace_folder(&out, &files).unwrap();
        assert!(first_load(&out).unwrap().check().unwrap_err().to_string().contains("over the budget"));
    }
}
