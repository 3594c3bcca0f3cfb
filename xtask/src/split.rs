//! Pages in files of their own, so that a browser loads the code of the page it is on and not that of all others.
//!
//! rustc makes one module. `lazy_page!` in `app` marks a page by an import and an export that belong together, and the
//! linker leaves its relocations in the module ([`LINKER`]). They tell which function and which constant needs which:
//! what only one page needs becomes that page's file, what several pages need becomes files that these share, and what
//! remains is the module that every page loads. All that is done by the library that cargo-leptos uses, too; here
//! functions that many pages share stay in the module, the results are made small, get their hashed names, and become
//! one JavaScript file with what wasm-bindgen generates.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    ops::Range,
};

use anyhow::{Context, Result, anyhow, bail};
use walrus::ModuleConfig;
use wasm_encoder::{DataCountSection, Encode as _, ExportKind, ExportSection, RawSection, SectionId};
use wasm_split_cli_support::Options;
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// What rustc has to pass to the linker.
pub(crate) const LINKER: &str = "link-args=--emit-relocs";

/// The module from which the remaining one imports the functions that load pages. It exists only until [`Split::join`].
const LOADER: &str = "./loader.js";

/// A function that at least so many parts (see `lazy_page!`) need is loaded by every page. There is a file for each set
/// of parts that share something, so their number grows fast; and calls from file to file, and files apart for
/// compression, are dear.
///
/// Measured with nine pages in five parts: the largest first load was 424 kB without this rule, 406 kB with 4, and 396 kB
/// with 3 or 2; with 2 the smaller pages load more than with 3.
const COMMON: usize = 3;

/// What several parts share is loaded by every page if the file for it would be smaller than this, in bytes before it is
/// shrunk: a file without anything in it has about 900, takes 300 to send, and is one more request.
const SMALL: usize = 2_500;

/// What exports are called that only keep a function where it is.
const MARK: &str = "__stays_";

/// Where the loader believes that `initSync` is. After [`Split::join`] both are in the same file.
const GLUE: &str = "./glue.js";

/// A compiled module, taken apart.
#[derive(Debug)]
pub(crate) struct Split {
    /// What every page loads. wasm-bindgen has to work on it still, and must keep the linker's exports: the other files
    /// import the table of functions.
    pub(crate) main: Vec<u8>,
    /// The JavaScript that loads the other files.
    loader: String,
    files: Vec<File>,
}

/// A part of the module that is loaded on demand.
#[derive(Debug)]
pub(crate) struct File {
    /// What the loader calls it, without the extension.
    name: String,
    pub(crate) wasm: Vec<u8>,
    /// The pages that need it, by the names that `lazy_page!` gives their code.
    pub(crate) pages: BTreeSet<String>,
}

impl File {
    /// A name for people: the page that alone needs it, or `shared`.
    pub(crate) fn title(&self) -> &str {
        match self.pages.first() {
            Some(page) if self.pages.len() == 1 => page,
            _ => "shared",
        }
    }
}

/// Takes a module apart. `small` removes what only a debugger needs.
pub(crate) fn split(module: &[u8], small: bool) -> Result<Split> {
    let all = take_apart(module)?;
    // What is exported stays, and so does what it needs. So the common functions are exported for a second try.
    let mut common = BTreeSet::new();
    let indices: HashMap<_, _> = function_names(module)?.into_iter().map(|(index, name)| (name, index)).collect();
    let is_common = |file: &&File| match file.pages.len() {
        COMMON.. => true,
        2.. => file.wasm.len() < SMALL,
        _ => false,
    };
    for file in all.files.iter().filter(is_common) {
        // Not found are little functions that the library adds to call from file to file.
        common.extend(function_names(&file.wasm)?.iter().filter_map(|(_, name)| indices.get(name)));
    }
    let mut split = take_apart(&with_marks(module, &common)?)?;
    split.main = with_marks(&split.main, &BTreeSet::new())?;
    split.take_up_constants()?;
    if small {
        for file in &mut split.files {
            file.wasm = shrink(&file.wasm)?;
        }
    }
    Ok(split)
}

/// The index and the mangled name of each function that has one.
fn function_names(module: &[u8]) -> Result<Vec<(u32, &str)>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(section) = section.as_known() else { continue };
        for part in section {
            let Name::Function(functions) = part? else { continue };
            for function in functions {
                let function = function?;
                names.push((function.index, function.name));
            }
        }
    }
    Ok(names)
}

/// The module with a mark on these functions and on no other. Nothing but the exports is written anew, because
/// relocations say where in a section a number is.
fn with_marks(module: &[u8], functions: &BTreeSet<u32>) -> Result<Vec<u8>> {
    let mut out = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ExportSection(old) = payload {
            let mut new = ExportSection::new();
            for export in old {
                let export = export?;
                if !export.name.starts_with(MARK) {
                    new.export(export.name, export.kind.into(), export.index);
                }
            }
            for &index in functions {
                new.export(&format!("{MARK}{index}"), ExportKind::Func, index);
            }
            out.section(&new);
        } else if let Some((id, range)) = payload.as_section() {
            out.section(&RawSection { id, data: bytes(module, &range)? });
        }
    }
    Ok(out.finish())
}

/// A part of a module.
fn bytes<'m>(module: &'m [u8], range: &Range<u64>) -> Result<&'m [u8]> {
    let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
    module.get(range).context("the module ends before one of its parts")
}

/// What the library does.
fn take_apart(module: &[u8]) -> Result<Split> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let main = folder.path().join("main.wasm");
    let mut options = Options::new(module);
    options.output_dir = folder.path();
    options.main_out_path = &main;
    options.main_module = GLUE;
    options.link_name = LOADER;
    let made = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("cannot take the pages out of the compiled module: {error:#}"))?;

    let read = |name: &str| fs::read(folder.path().join(name)).with_context(|| format!("the split left no {name}"));
    let mut pages = BTreeMap::<String, BTreeSet<String>>::new();
    for (page, names) in made.prefetch_map {
        for name in names {
            pages.entry(name).or_default().insert(page.clone());
        }
    }
    let mut files = Vec::new();
    for (name, pages) in pages {
        files.push(File { wasm: read(&format!("{name}.wasm"))?, name, pages });
    }
    let loader = String::from_utf8(read(LOADER)?).context("the loader is not UTF-8")?;
    Ok(Split { main: read("main.wasm")?, loader, files })
}

/// The segments of data that are not empty, as they are in the module; none if the module has a function, too. The files
/// of a split say at which place in the common memory their data belongs.
fn constants(wasm: &[u8]) -> Result<Option<Vec<Vec<u8>>>> {
    let mut segments = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::CodeSectionStart { count: 1.., .. } | Payload::ElementSection(_) => return Ok(None),
            Payload::DataSection(section) => {
                for segment in section {
                    let segment = segment?;
                    if !segment.data.is_empty() {
                        segments.push(bytes(wasm, &segment.range)?.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(Some(segments))
}

/// The module with more segments of data behind its own.
fn with_data(module: &[u8], more: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut out = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let more_count = u32::try_from(more.len())?;
        if let Payload::DataCountSection { count, .. } = payload {
            out.section(&DataCountSection { count: count + more_count });
        } else if let Payload::DataSection(old) = payload {
            let mut data = Vec::new();
            (old.count() + more_count).encode(&mut data);
            for segment in old {
                data.extend(bytes(module, &segment?.range)?);
            }
            data.extend(more.iter().flatten());
            out.section(&RawSection { id: SectionId::Data.into(), data: &data });
        } else if let Some((id, range)) = payload.as_section() {
            out.section(&RawSection { id, data: bytes(module, &range)? });
        }
    }
    Ok(out.finish())
}

/// Writes a file anew: without names, and with numbers as short as they can be. To the linker every number that it may
/// have to change later is five bytes long. What remains goes through wasm-bindgen, which does the same.
fn shrink(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(wasm).context("cannot read a file of the split module")?;
    let customs: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for id in customs {
        module.customs.delete(id);
    }
    Ok(module.emit_wasm())
}

impl Split {
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// Has every page load the constants that several parts share, if there is no function in their file. These files are
    /// many, as there is one for each set of parts that mentions the same word, and most are larger than what is in them.
    fn take_up_constants(&mut self) -> Result<()> {
        let (mut segments, mut gone, mut rest) = (Vec::new(), BTreeSet::new(), Vec::new());
        for file in std::mem::take(&mut self.files) {
            match constants(&file.wasm)? {
                Some(constants) if file.pages.len() > 1 => {
                    segments.extend(constants);
                    gone.insert(format!("__{}", file.name));
                }
                _ => rest.push(file),
            }
        }
        self.files = rest;
        self.main = with_data(&self.main, &segments)?;
        self.loader = without_files(&self.loader, &gone)?;
        Ok(())
    }

    /// One JavaScript file from wasm-bindgen's and the loader's: one request less before anything runs, and no two files
    /// that name each other by a hash of their content. `name` says what a file is called in the site.
    ///
    /// # Errors
    /// When a new version of either generator writes something that is not recognised.
    pub(crate) fn join(&self, glue: &str, name: impl Fn(&File) -> String) -> Result<String> {
        if self.files.is_empty() {
            return Ok(glue.to_owned());
        }
        let mut loader = replace_once(&self.loader, &format!("import {{ initSync }} from \"{GLUE}\";\n"), "")?;
        for file in &self.files {
            let (from, to) = (format!("\"./{}.wasm\"", file.name), format!("\"./{}\"", name(file)));
            loader = replace_once(&loader, &from, &to)?;
        }
        let exports: Vec<_> =
            loader.lines().filter_map(|line| line.strip_prefix("export const ")?.split(' ').next()).collect();
        let exports = exports.join(", ");
        let loader = loader.replace("export const ", "const ");

        // Each import of the module is a line of its own.
        let (end, mut found) = (format!(" from \"{LOADER}\""), false);
        let mut rest = String::new();
        for line in glue.lines() {
            let import =
                line.trim_end_matches(';').strip_suffix(&end).and_then(|line| line.strip_prefix("import * as "));
            found |= import.is_some();
            match import {
                Some(import) => rest.push_str(&format!("const {import} = loader;")),
                None => rest.push_str(line),
            }
            rest.push('\n');
        }
        if !found {
            bail!("wasm-bindgen imports the loader in a way that this program does not know");
        }
        Ok(format!("const loader = (() => {{\n{loader}return {{ {exports} }};\n}})();\n{rest}"))
    }
}

/// The loader without the files that it calls by these names, and without the mention of them where others need them.
fn without_files(loader: &str, gone: &BTreeSet<String>) -> Result<String> {
    let mut rest = loader.to_owned();
    for name in gone {
        let from = rest.find(&format!("const {name} = ")).with_context(|| format!("the loader has no {name}"))?;
        let (before, it) = rest.split_at(from);
        // Its last line is `, []);`.
        let end = it.split_once("\n, [").and_then(|(_, end)| end.split_once(");\n"));
        let (_, after) = end.with_context(|| format!("{name} has no end in the loader"))?;
        rest = format!("{before}{after}");
    }
    let mut loader = String::new();
    // A comment says whose each file is.
    for line in rest.lines().filter(|line| !line.starts_with("/* ")) {
        // `, [__chunk_1, __chunk_2]));` ends what loads a page.
        match line.split_once('[').and_then(|(before, list)| Some((before, list.split_once(']')?))) {
            Some((before, (list, after))) if list.starts_with("__") => {
                let needed = list.split(", ").filter(|name| !gone.contains(*name)).collect::<Vec<_>>().join(", ");
                loader.push_str(&format!("{before}[{needed}]{after}"));
            }
            _ => loader.push_str(line),
        }
        loader.push('\n');
    }
    Ok(loader)
}

fn replace_once(text: &str, from: &str, to: &str) -> Result<String> {
    match text.matches(from).count() {
        1 => Ok(text.replacen(from, to, 1)),
        count => bail!("the loader has {from:?} {count} times, and not once: its generator has changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, pages: &[&str]) -> File {
        let pages = pages.iter().map(|&page| page.to_owned()).collect();
        File { name: name.to_owned(), wasm: Vec::new(), pages }
    }

    fn split() -> Split {
        let loader = "import { initSync } from \"./glue.js\";\n\nconst __chunk_2 = load(\"./chunk_2.wasm\");\n\
                      export const load_A = load(\"./split_A.wasm\", [__chunk_2]);\n\
                      export const load_B = load(\"./split_B.wasm\", [__chunk_2]);\n";
        let files = vec![file("chunk_2", &["A", "B"]), file("split_A", &["A"]), file("split_B", &["B"])];
        Split { main: Vec::new(), loader: loader.to_owned(), files }
    }

    #[test]
    fn two_scripts_become_one_without_imports_of_each_other() {
        let glue =
            "import * as import1 from \"./loader.js\"\nimport * as import2 from \"./snippets/x.js\"\nrun(import1);\n";
        let joined = split().join(glue, |file| format!("{}-1.wasm", file.title())).unwrap();
        let expected = "const loader = (() => {\n\nconst __chunk_2 = load(\"./shared-1.wasm\");\n\
                        const load_A = load(\"./A-1.wasm\", [__chunk_2]);\n\
                        const load_B = load(\"./B-1.wasm\", [__chunk_2]);\n\
                        return { load_A, load_B };\n})();\n\
                        const import1 = loader;\nimport * as import2 from \"./snippets/x.js\"\nrun(import1);\n";
        assert_eq!(joined, expected);
    }

    #[test]
    fn marks_come_and_go_and_leave_the_rest_alone() {
        let mut module = wasm_encoder::Module::new();
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().function([], []);
        let mut functions = wasm_encoder::FunctionSection::new();
        let mut exports = ExportSection::new();
        exports.export("run", ExportKind::Func, 0);
        let mut code = wasm_encoder::CodeSection::new();
        let mut names = wasm_encoder::NameMap::new();
        for (index, name) in [(0, "run"), (1, "helper")] {
            functions.function(0);
            let mut body = wasm_encoder::Function::new([]);
            body.instructions().end();
            code.function(&body);
            names.append(index, name);
        }
        let mut custom = wasm_encoder::NameSection::new();
        custom.functions(&names);
        module.section(&types).section(&functions).section(&exports).section(&code).section(&custom);
        let module = module.finish();

        assert_eq!(function_names(&module).unwrap(), [(0, "run"), (1, "helper")]);
        let marked = with_marks(&module, &BTreeSet::from([1])).unwrap();
        assert!(marked.windows(MARK.len() + 1).any(|bytes| bytes == b"__stays_1"));
        assert_eq!(with_marks(&marked, &BTreeSet::new()).unwrap(), module);
    }

    /// A module with data at this place in the common memory, and perhaps a function.
    fn with_constant(at: i32, text: &str, function: bool) -> Vec<u8> {
        let mut module = wasm_encoder::Module::new();
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().function([], []);
        let mut functions = wasm_encoder::FunctionSection::new();
        let mut code = wasm_encoder::CodeSection::new();
        if function {
            functions.function(0);
            let mut body = wasm_encoder::Function::new([]);
            body.instructions().end();
            code.function(&body);
        }
        let mut data = wasm_encoder::DataSection::new();
        data.active(0, &wasm_encoder::ConstExpr::i32_const(at), text.bytes());
        data.active(0, &wasm_encoder::ConstExpr::i32_const(0), []);
        module
            .section(&types)
            .section(&functions)
            .section(&DataCountSection { count: 2 })
            .section(&code)
            .section(&data);
        module.finish()
    }

    /// All data of a module.
    fn data(module: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload.unwrap() {
                Payload::DataCountSection { count, .. } => found.push(count.to_string()),
                Payload::DataSection(section) => {
                    found
                        .extend(section.into_iter().map(|one| String::from_utf8_lossy(one.unwrap().data).into_owned()));
                }
                _ => {}
            }
        }
        found
    }

    #[test]
    fn shared_constants_alone_are_no_file() {
        let mut split = Split { main: with_constant(8, "main", true), ..split() };
        split.loader = "/* A, B */\nconst __chunk_2 = load(() => {\n    src.catch(() => {});\n}\n, []);\n\
                        export const load_A = load(() => {\n}\n, [__chunk_2, __chunk_3]);\n"
            .to_owned();
        split.files[0].wasm = with_constant(32, "word", false);
        split.files[1].wasm = with_constant(64, "of one page", false);
        split.files[2].wasm = with_constant(96, "beside a function", true);
        split.take_up_constants().unwrap();
        assert_eq!(data(&split.main), ["3", "main", "", "word"]);
        assert_eq!(split.files.iter().map(File::title).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(split.loader, "export const load_A = load(() => {\n}\n, [__chunk_3]);\n");
    }

    #[test]
    fn nothing_is_joined_when_nothing_is_lazy() {
        let split = Split { files: Vec::new(), ..split() };
        assert_eq!(split.join("glue", |_| String::new()).unwrap(), "glue");
    }

    #[test]
    fn an_unknown_form_is_an_error() {
        assert!(split().join("import { load_A } from \"./loader.js\"\n", |_| String::new()).is_err());
        let mut changed = split();
        changed.loader = changed.loader.replace("./chunk_2.wasm", "./chunk_3.wasm");
        assert!(changed.join("import * as a from \"./loader.js\"\n", |_| String::new()).is_err());
    }
}
