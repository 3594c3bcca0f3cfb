//! Puts the built site into the executable.
//!
//! `EMBED_SITE=<folder>` names the site that `cargo xtask build` has made. Without it the table is empty and the server
//! reads the folder when it starts, so that a change of style or page does not link the server again.
use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=EMBED_SITE");

    let mut table = String::from("static EMBEDDED: &[(&str, &[u8])] = &[\n");
    if let Some(dir) = env::var_os("EMBED_SITE").filter(|dir| !dir.is_empty()) {
        let dir = fs::canonicalize(&dir).map_err(|e| format!("EMBED_SITE={}: {e}", Path::new(&dir).display()))?;
        // For a folder cargo looks at everything below it.
        println!("cargo::rerun-if-changed={}", dir.display());
        list(&dir, &dir, &mut table)?;
    }
    table.push_str("];\n");

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("embedded_site.rs"), table)?;
    Ok(())
}

/// One line per file, by its path inside the site with forward slashes, in an order that does not depend on the disk.
fn list(dir: &Path, root: &Path, table: &mut String) -> Result<(), Box<dyn Error>> {
    let mut paths = fs::read_dir(dir)?.map(|e| Ok(e?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            list(&path, root, table)?;
            continue;
        }
        let file = path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))?;
        let name = path.strip_prefix(root)?.to_str().ok_or("a file name is not UTF-8")?.replace('\\', "/");
        writeln!(table, "    ({name:?}, include_bytes!({file:?})),")?;
    }
    Ok(())
}
