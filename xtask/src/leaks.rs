//! Looks through everything that a run of the tests has put out for what must never be there: every secret, session and
//! password that the tests came by, and anything that looks like one of our secrets, whoever made it.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result, bail, ensure};
use regex::bytes::Regex;

/// Where the tests note what they came by.
const MINTED: &str = "minted";
/// As `backend::keyring::secret::PATTERN` has it, anywhere in a line.
const SECRET: &str = "ipaware_(prod|stage|dev)_[0-9A-Za-z]{49}";

/// What was looked through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Searched {
    pub(crate) hidden: usize,
    pub(crate) files: usize,
    pub(crate) lines: usize,
}

/// Fails when one of them is in a file of `folder`, and says where, but not what.
pub(crate) fn search(folder: &Path) -> Result<Searched> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        files.push(entry?.path());
    }
    files.sort();
    let (minted, outputs): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|path| path.extension().is_some_and(|extension| extension == MINTED));
    let mut hidden = BTreeSet::new();
    for path in &minted {
        hidden.extend(read(path)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec));
    }
    let (known, looks_like_one) = (AhoCorasick::new(&hidden)?, Regex::new(SECRET)?);
    let (mut lines, mut leaks) = (0, Vec::new());
    for path in &outputs {
        for (number, line) in read(path)?.split(|byte| *byte == b'\n').enumerate() {
            lines += 1;
            if known.is_match(line) || looks_like_one.is_match(line) {
                leaks.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    if !leaks.is_empty() {
        bail!("a secret, a session or a password is in the output of the tests:\n{}", leaks.join("\n"));
    }
    Ok(Searched { hidden: hidden.len(), files: outputs.len(), lines })
}

/// The same, for a run that must have minted and put out something: if not, this finds nothing for a wrong reason.
pub(crate) fn search_well(folder: &Path) -> Result<Searched> {
    let searched = search(folder)?;
    ensure!(searched.hidden > 100 && searched.lines > 1000, "this says too little to be all: {searched:?}");
    Ok(searched)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn what_was_minted_is_found_wherever_it_was_put_out() {
        let minted = ("1.minted", "a session\na password\n");
        let clean = folder(&[minted, ("2.log", "nothing\nhere\n")]);
        assert_eq!(search(clean.path()).unwrap(), Searched { hidden: 2, files: 1, lines: 3 });
        let leaking = folder(&[minted, ("2.log", "nothing\nhere\n"), ("3.log", "x\nit was a password.\n")]);
        let error = search(leaking.path()).unwrap_err().to_string();
        assert!(error.contains("3.log:2") && !error.contains("2.log:1") && !error.contains("a password."), "{error}");
    }

    #[test]
    fn what_looks_like_a_secret_is_found_though_nobody_noted_it() {
        let secret = format!("ipaware_dev_{}", "a".repeat(49));
        let leaking = folder(&[("1.log", &format!("{{\"x\":\"{secret}\"}}"))]);
        assert!(search(leaking.path()).is_err());
    }
}
