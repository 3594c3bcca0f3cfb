//! The built site: JavaScript, WebAssembly, style and `public/`, from inside the executable or from a folder.
//!
//! Everything is in memory. Compressed variants were made by the build, so a response costs a look-up and no work.
use std::{
    collections::{BTreeMap, HashMap},
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use app::assets::Assets;
use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
};

include!(concat!(env!("OUT_DIR"), "/embedded_site.rs"));

/// Names the hashed files, and a hash for every other one. Written by the build, never served.
const MANIFEST: &str = "manifest.txt";

/// Every file the browser may fetch, by its path without the leading slash.
#[derive(Debug)]
pub struct Site {
    files: HashMap<String, File>,
    assets: Assets,
}

#[derive(Debug)]
struct File {
    identity: Variant,
    br: Option<Variant>,
    gzip: Option<Variant>,
    content_type: HeaderValue,
    cache_control: HeaderValue,
}

/// One encoding of a file. A strong `ETag` stands for exact bytes, so each encoding has its own.
#[derive(Debug)]
struct Variant {
    bytes: Bytes,
    etag: Option<HeaderValue>,
}

impl Site {
    /// The site inside the executable; where there is none, the folder `IPAWARE_SITE_DIR`, or `target/site`.
    ///
    /// # Errors
    /// When the site was never built, or a file of it cannot be read.
    pub fn load() -> Result<Self> {
        if !EMBEDDED.is_empty() {
            return Self::from_files(
                EMBEDDED.iter().map(|(name, bytes)| ((*name).to_owned(), Bytes::from_static(bytes))),
            )
            .context("the site inside the executable is not usable");
        }
        let dir = env::var_os("IPAWARE_SITE_DIR").map_or_else(|| PathBuf::from("target/site"), PathBuf::from);
        Self::from_folder(&dir)
    }

    /// A site without files, for tests that look at pages and not at what the browser loads next.
    #[must_use]
    pub fn empty() -> Self {
        let name = |end: &str| format!("none.{end}");
        let assets = Assets { js: name("js"), wasm: name("wasm"), css: name("css"), pages: BTreeMap::new() };
        Self { files: HashMap::new(), assets }
    }

    /// The names that the page's `<head>` needs.
    #[must_use]
    pub fn assets(&self) -> Assets {
        self.assets.clone()
    }

    /// The file at `path`, in the encoding that the request's headers prefer, or 304 when the browser has it already.
    /// `None` when the site has no such file. The answer to `HEAD` is the same; the router drops its body.
    #[must_use]
    pub fn respond(&self, path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
        let file = self.files.get(path.strip_prefix('/').unwrap_or(path))?;
        let encoding = negotiate(headers, file.br.is_some(), file.gzip.is_some());
        let variant = match encoding {
            Encoding::Br => file.br.as_ref(),
            Encoding::Gzip => file.gzip.as_ref(),
            Encoding::Identity => None,
        }
        .unwrap_or(&file.identity);

        let unchanged = variant.etag.as_ref().is_some_and(|etag| is_known(headers, etag));
        let mut response = Response::new(if unchanged { Body::empty() } else { Body::from(variant.bytes.clone()) });
        let out = response.headers_mut();
        out.insert(CACHE_CONTROL, file.cache_control.clone());
        out.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(etag) = &variant.etag {
            out.insert(ETAG, etag.clone());
        }
        // In a 304 too: the router would say 0 there, but the length belongs to what the browser has.
        out.insert(CONTENT_LENGTH, HeaderValue::from(variant.bytes.len()));
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Some(response);
        }
        out.insert(CONTENT_TYPE, file.content_type.clone());
        if let Some(name) = encoding.name() {
            out.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        Some(response)
    }

    fn from_folder(dir: &Path) -> Result<Self> {
        if !dir.join(MANIFEST).is_file() {
            bail!(
                "there is no built site in {}: run `cargo xtask site`, or name its folder in IPAWARE_SITE_DIR",
                dir.display()
            );
        }
        let mut files = Vec::new();
        read_folder(dir, dir, &mut files)?;
        Self::from_files(files).with_context(|| format!("the site in {} is not usable", dir.display()))
    }

    fn from_files(files: impl IntoIterator<Item = (String, Bytes)>) -> Result<Self> {
        let mut all: HashMap<String, Bytes> = files.into_iter().collect();
        let manifest = all.remove(MANIFEST).with_context(|| format!("{MANIFEST} is missing"))?;
        let manifest = Manifest::parse(&manifest)?;

        let mut files = HashMap::with_capacity(all.len());
        for (name, bytes) in &all {
            if is_variant(name, &all) {
                continue;
            }
            let hash = manifest.hashes.get(name.as_str());
            let variant = |bytes: &Bytes, suffix: &str| -> Result<Variant> {
                let etag = hash.map(|hash| HeaderValue::try_from(format!("\"{hash}{suffix}\""))).transpose()?;
                Ok(Variant { bytes: bytes.clone(), etag })
            };
            let compressed = |extension: &str| -> Result<Option<Variant>> {
                all.get(&format!("{name}.{extension}")).map(|b| variant(b, &format!("-{extension}"))).transpose()
            };
            let file = File {
                identity: variant(bytes, "")?,
                br: compressed("br")?,
                gzip: compressed("gz")?,
                content_type: HeaderValue::from_static(content_type(name)),
                cache_control: HeaderValue::from_static(if is_immutable(name) {
                    "public, max-age=31536000, immutable"
                } else {
                    "no-cache"
                }),
            };
            files.insert(name.clone(), file);
        }
        let Assets { js, wasm, css, pages } = &manifest.assets;
        for name in [js, wasm, css].into_iter().chain(pages.values().flatten()) {
            if !files.contains_key(&format!("pkg/{name}")) {
                bail!("{MANIFEST} names pkg/{name}, which is not there");
            }
        }
        Ok(Self { files, assets: manifest.assets })
    }
}

struct Manifest<'a> {
    assets: Assets,
    hashes: HashMap<&'a str, &'a str>,
}

impl<'a> Manifest<'a> {
    /// Lines of words: `js <name>`, `wasm <name>`, `css <name>`, `page <component> <name> <name> …` for every page with
    /// code of its own, and `file <hash> <path>` for every file.
    fn parse(text: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(text).with_context(|| format!("{MANIFEST} is not UTF-8"))?;
        let named = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
                .map(str::to_owned)
                .with_context(|| format!("{MANIFEST} does not say what {key} is called"))
        };
        let pages = text
            .lines()
            .filter_map(|line| {
                let mut words = line.strip_prefix("page ")?.split(' ').map(str::to_owned);
                Some((words.next()?, words.collect()))
            })
            .collect();
        let assets = Assets { js: named("js")?, wasm: named("wasm")?, css: named("css")?, pages };
        let hashes = text
            .lines()
            .filter_map(|line| line.strip_prefix("file ")?.split_once(' '))
            .map(|(hash, path)| (path, hash))
            .collect();
        Ok(Self { assets, hashes })
    }
}

/// Whether `name` is a compressed form of another file, which the browser gets by negotiation alone.
fn is_variant(name: &str, all: &HashMap<String, Bytes>) -> bool {
    [".br", ".gz"].iter().any(|end| name.strip_suffix(end).is_some_and(|plain| all.contains_key(plain)))
}

/// Names under `pkg/` change with their content, except the snippets that generated JavaScript imports by fixed names.
fn is_immutable(name: &str) -> bool {
    name.strip_prefix("pkg/").is_some_and(|rest| !rest.starts_with("snippets/"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Br,
    Gzip,
    Identity,
}

impl Encoding {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Br => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// RFC 9110, section 12.5.3: the acceptable encoding of the greatest weight, the smaller one where weights are equal.
/// When nothing is acceptable the plain file is sent, which the RFC allows and every client understands.
fn negotiate(headers: &HeaderMap, br: bool, gzip: bool) -> Encoding {
    let mut weights = Weights::default();
    for item in list_items(headers, &ACCEPT_ENCODING) {
        weights.add(item);
    }
    let identity = weights.identity.or(weights.any).unwrap_or(0);
    let mut best = (Encoding::Identity, identity);
    for (there, encoding, weight) in [(gzip, Encoding::Gzip, weights.gzip), (br, Encoding::Br, weights.br)] {
        let weight = weight.or(weights.any).unwrap_or(0);
        // At equal weight the later, smaller encoding wins; a weight of zero means "not acceptable".
        if there && weight > 0 && weight >= best.1 {
            best = (encoding, weight);
        }
    }
    best.0
}

/// What `Accept-Encoding` says, in thousandths; `None` for what it does not name.
#[derive(Default)]
struct Weights {
    br: Option<u16>,
    gzip: Option<u16>,
    identity: Option<u16>,
    any: Option<u16>,
}

impl Weights {
    fn add(&mut self, item: &str) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight =
            parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q="))).map_or(1000, thousandths);
        let place = match name.as_str() {
            "br" => &mut self.br,
            "gzip" | "x-gzip" => &mut self.gzip,
            "identity" => &mut self.identity,
            "*" => &mut self.any,
            _ => return,
        };
        *place = Some(weight);
    }
}

/// A weight such as `0.8` in thousandths. What is not a weight counts as zero: better plain than unreadable.
fn thousandths(text: &str) -> u16 {
    match text.split_once('.').unwrap_or((text, "")) {
        ("1", rest) if rest.bytes().all(|b| b == b'0') => 1000,
        ("0", rest) if rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{rest:0<3}").parse().unwrap_or(0)
        }
        _ => 0,
    }
}

/// Whether `If-None-Match` holds `etag`. The comparison is the weak one, as section 13.1.2 of RFC 9110 asks.
fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    list_items(headers, &IF_NONE_MATCH)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item).as_bytes() == etag.as_bytes())
}

/// The members of a comma-separated header, over all its lines.
fn list_items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// By extension. `nosniff` makes browsers refuse scripts and styles of a wrong type, so the list is complete for what
/// the build can produce.
fn content_type(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|e| e.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("ico") => "image/x-icon",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("webmanifest") => "application/manifest+json",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        Some("xml") => "application/xml",
        _ => "application/octet-stream",
    }
}

fn read_folder(dir: &Path, root: &Path, files: &mut Vec<(String, Bytes)>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(&path, root, files)?;
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        files.push((name, bytes.into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{Router, extract::Request, http::Method, response::IntoResponse as _};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    const MANIFEST_TEXT: &str = "js a-1.js\nwasm a-2.wasm\ncss a-3.css\npage KeysPage a-4.wasm a-5.wasm\n\
                                 file 00aa pkg/a-1.js\nfile 00bb favicon.svg\nfile 00cc pkg/a-2.wasm\n";

    fn site() -> Site {
        let files = [
            (MANIFEST, MANIFEST_TEXT),
            ("pkg/a-1.js", "plain js"),
            ("pkg/a-1.js.br", "br js"),
            ("pkg/a-1.js.gz", "gz js"),
            ("pkg/a-2.wasm", "plain wasm"),
            ("pkg/a-2.wasm.gz", "gz wasm"),
            ("pkg/a-3.css", "plain css"),
            ("pkg/a-4.wasm", "shared code"),
            ("pkg/a-5.wasm", "a page's code"),
            ("pkg/snippets/x/inline0.js", "snippet"),
            ("favicon.svg", "<svg/>"),
            ("favicon.svg.br", "br svg"),
            ("notes.gz", "not a variant of anything"),
        ];
        Site::from_files(files.map(|(name, text)| (name.to_owned(), Bytes::from_static(text.as_bytes())))).unwrap()
    }

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name, HeaderValue::from_static(value));
        }
        map
    }

    fn choose(accept: &'static str) -> Encoding {
        negotiate(&headers(&[(ACCEPT_ENCODING, accept)]), true, true)
    }

    #[test]
    fn the_greatest_weight_wins_and_the_smaller_file_at_equal_weight() {
        for (accept, expected) in [
            ("gzip, deflate, br, zstd", Encoding::Br),
            ("br;q=0.5, gzip;q=0.8", Encoding::Gzip),
            ("BR", Encoding::Br),
            ("x-gzip", Encoding::Gzip),
            ("gzip;q=0.5, identity", Encoding::Identity),
            ("br;q=0.001", Encoding::Br),
            ("gzip;q=1.000, br;q=0.999", Encoding::Gzip),
            ("br ; q=0.9 , gzip ; Q=0.9", Encoding::Br),
            ("*", Encoding::Br),
            ("*;q=0.5, gzip", Encoding::Gzip),
        ] {
            assert_eq!(choose(accept), expected, "{accept}");
        }
    }

    #[test]
    fn weight_zero_is_a_refusal() {
        for (accept, expected) in [
            ("br;q=0, gzip", Encoding::Gzip),
            ("br;q=0.000, gzip;q=0.0", Encoding::Identity),
            ("*, br;q=0", Encoding::Gzip),
            ("*;q=0, gzip;q=0.1", Encoding::Gzip),
            ("identity;q=0, *;q=0", Encoding::Identity),
        ] {
            assert_eq!(choose(accept), expected, "{accept}");
        }
    }

    #[test]
    fn what_is_not_understood_is_answered_plainly() {
        for accept in ["", "zstd", "br;q=2", "br;q=-1", "br;q=0.1234", "br;q=", "broken", ",,;q=1"] {
            assert_eq!(choose(accept), Encoding::Identity, "{accept}");
        }
        assert_eq!(negotiate(&HeaderMap::new(), true, true), Encoding::Identity);
        let twice = headers(&[(ACCEPT_ENCODING, "gzip;q=0.5"), (ACCEPT_ENCODING, "br")]);
        assert_eq!(negotiate(&twice, true, true), Encoding::Br, "both lines of the header count");
        assert_eq!(negotiate(&twice, false, false), Encoding::Identity, "there is no variant");
        assert_eq!(negotiate(&twice, false, true), Encoding::Gzip, "there is no brotli variant");
    }

    #[tokio::test]
    async fn a_hashed_file_is_kept_for_ever_in_the_best_encoding() {
        let response = site().respond("/pkg/a-1.js", &headers(&[(ACCEPT_ENCODING, "gzip, br")])).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        for (name, value) in [
            (CONTENT_TYPE, "text/javascript; charset=utf-8"),
            (CONTENT_ENCODING, "br"),
            (CONTENT_LENGTH, "5"),
            (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (VARY, "accept-encoding"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (ETAG, "\"00aa-br\""),
        ] {
            assert_eq!(response.headers().get(&name).unwrap(), value, "{name}");
        }
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "br js");

        let wasm = site().respond("/pkg/a-2.wasm", &headers(&[(ACCEPT_ENCODING, "br, gzip;q=0.1")])).unwrap();
        assert_eq!(wasm.headers().get(CONTENT_TYPE).unwrap(), "application/wasm");
        assert_eq!(wasm.headers().get(CONTENT_ENCODING).unwrap(), "gzip");
        let plain = site().respond("/pkg/a-2.wasm", &HeaderMap::new()).unwrap();
        assert_eq!(plain.headers().get(CONTENT_ENCODING), None);
        assert_eq!(plain.headers().get(ETAG).unwrap(), "\"00cc\"");
    }

    #[test]
    fn other_files_are_asked_about_each_time() {
        let site = site();
        let first = site.respond("/favicon.svg", &HeaderMap::new()).unwrap();
        assert_eq!(first.headers().get(CACHE_CONTROL).unwrap(), "no-cache");
        assert_eq!(first.headers().get(ETAG).unwrap(), "\"00bb\"");
        let snippet = site.respond("/pkg/snippets/x/inline0.js", &HeaderMap::new()).unwrap();
        assert_eq!(snippet.headers().get(CACHE_CONTROL).unwrap(), "no-cache");
        for known in ["\"00bb\"", "W/\"00bb\"", "\"x\", \"00bb\"", "*"] {
            let again = site.respond("/favicon.svg", &headers(&[(IF_NONE_MATCH, known)])).unwrap();
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers().get(ETAG).unwrap(), "\"00bb\"");
            assert_eq!(again.headers().get(VARY).unwrap(), "accept-encoding");
            assert_eq!(again.headers().get(CONTENT_LENGTH).unwrap(), "6");
        }
        for unknown in ["\"00bb-br\"", "00bb", "\"\""] {
            let again = site.respond("/favicon.svg", &headers(&[(IF_NONE_MATCH, unknown)])).unwrap();
            assert_eq!(again.status(), StatusCode::OK, "{unknown}: another encoding is another file");
        }
    }

    #[test]
    fn only_files_of_the_site_are_served() {
        let site = site();
        for path in [
            "/",
            "",
            "/manifest.txt",
            "/pkg",
            "/pkg/",
            "/pkg/a-1.js.br",
            "/pkg/a-1.js.gz",
            "//favicon.svg",
            "/pkg/../favicon.svg",
            "/../Cargo.toml",
            "/nothing.js",
        ] {
            assert!(site.respond(path, &HeaderMap::new()).is_none(), "{path}");
        }
        assert!(site.respond("/notes.gz", &HeaderMap::new()).is_some());
        assert!(Site::empty().respond("/pkg/none.js", &HeaderMap::new()).is_none());
    }

    #[tokio::test]
    async fn head_has_the_headers_and_no_body() {
        let site = Arc::new(site());
        let router: Router =
            Router::new().fallback(move |request: Request| {
                let site = Arc::clone(&site);
                async move {
                    site.respond(request.uri().path(), request.headers()).ok_or(StatusCode::NOT_FOUND).into_response()
                }
            });
        let request = Request::builder().method(Method::HEAD).uri("/pkg/a-3.css").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.headers().get(CONTENT_LENGTH).unwrap(), "9");
        assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    }

    #[test]
    fn a_page_knows_its_files() {
        assert_eq!(site().assets().pages["KeysPage"], ["a-4.wasm", "a-5.wasm"]);
    }

    #[test]
    fn a_site_that_is_not_built_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let error = Site::from_folder(dir.path()).unwrap_err().to_string();
        assert!(error.contains("cargo xtask site") && error.contains("IPAWARE_SITE_DIR"), "{error}");

        fs::write(dir.path().join(MANIFEST), "js a.js\nwasm a.wasm\ncss a.css\n").unwrap();
        let error = format!("{:#}", Site::from_folder(dir.path()).unwrap_err());
        assert!(error.contains("pkg/a.js, which is not there"), "{error}");
    }
}
