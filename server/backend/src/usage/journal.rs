//! The file that usage is added to until the database has it.
//!
//! A folder of its own for each process, `0` and, should several share a data folder, `1` and so on: a lock tells
//! whether somebody is using it. In it are numbered segments, the last of them open. An entry is its length, its CRC-32
//! and its content ([`super::entry`]); an entry that was cut off by the end of the process, and whatever comes after
//! it, counts as never written.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use shared::Timestamp;

use super::entry::Gathered;
use crate::{behind::pause, failure::Failure, random};

/// From this length on a segment is rewritten as the sum of its entries, which is short unless ever more keys are used.
const LONG: u64 = 64 << 20;
/// How much is written at once: a quarter of a millisecond's work.
const AT_ONCE: usize = 1 << 18;
/// How many processes may share a data folder.
const PROCESSES_MAX: usize = 64;

/// The folder that this process writes to.
#[derive(Debug)]
pub(super) struct Journal {
    home: Arc<Home>,
    number: i64,
    file: File,
    bytes: u64,
    /// When to compact next.
    long: u64,
}

/// A folder in use.
#[derive(Debug)]
struct Home {
    path: PathBuf,
    /// What the database calls it.
    name: String,
    /// Locked as long as this lives.
    _lock: File,
}

/// A segment that nothing is added to any more.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    home: Arc<Home>,
    number: i64,
}

impl Journal {
    /// Takes the first folder that nobody uses, and finds what was left in it and in others that nobody uses.
    ///
    /// Segments are numbered on from `now`, so that no number is ever used twice, whatever was deleted here.
    pub(super) fn open(folder: &Path, now: Timestamp) -> Result<(Self, Vec<Segment>), Failure> {
        let cannot = |error: io::Error| {
            Failure::broken(format!("the journal of usage in {} cannot be opened: {error}", folder.display()))
        };
        let mut homes = Vec::new();
        for place in 0..PROCESSES_MAX {
            let path = folder.join(place.to_string());
            // The first free one is needed; those after it only if somebody left something there.
            if !homes.is_empty() && !path.exists() {
                break;
            }
            homes.extend(Home::take(path).map_err(cannot)?.map(Arc::new));
        }
        let home = homes.first().ok_or_else(|| {
            Failure::broken(format!("{PROCESSES_MAX} processes use the data folder of {}", folder.display()))
        })?;
        let mut left = Vec::new();
        for home in &homes {
            left.extend(home.segments().map_err(cannot)?);
        }
        let number = left.iter().filter(|segment| segment.home.path == home.path).map(|segment| segment.number).max();
        let number = number.map_or(0, |last| last + 1).max(now.micros());
        let journal = Self::begin(Arc::clone(home), number).map_err(cannot)?;
        Ok((journal, left))
    }

    fn begin(home: Arc<Home>, number: i64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(home.segment(number))?;
        let bytes = file.metadata()?.len();
        Ok(Self { home, number, file, bytes, long: LONG })
    }

    /// Adds an entry. One that says nothing is none.
    pub(super) fn append(&mut self, content: &[u8]) -> Result<(), Failure> {
        if content.is_empty() {
            return Ok(());
        }
        let written = head(content).and_then(|head| {
            write_slowly(&mut self.file, &head, content)?;
            Ok(head.len() + content.len())
        });
        match written {
            Ok(length) => self.bytes += length as u64,
            Err(error) => {
                // Half an entry would hide those after it.
                _ = self.file.set_len(self.bytes);
                return Err(Failure::broken(format!("the journal of usage cannot be written: {error}")));
            }
        }
        Ok(())
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) const fn is_long(&self) -> bool {
        self.bytes >= self.long
    }

    /// Replaces all entries of the open segment by this one.
    pub(super) fn replace(&mut self, content: &[u8]) -> Result<(), Failure> {
        let cannot = |error: io::Error| Failure::broken(format!("the journal of usage cannot be shortened: {error}"));
        // Should that fail, it is tried again when it has grown as much again.
        self.long = self.bytes.saturating_mul(2).max(LONG);
        let (path, aside) = (self.home.segment(self.number), self.home.path.join("aside"));
        let mut file = File::create(&aside).map_err(cannot)?;
        let head = head(content).map_err(cannot)?;
        write_slowly(&mut file, &head, content).map_err(cannot)?;
        fs::rename(&aside, &path).map_err(cannot)?;
        self.file = OpenOptions::new().append(true).open(&path).map_err(cannot)?;
        self.bytes = (head.len() + content.len()) as u64;
        self.long = LONG.max(self.bytes.saturating_mul(2));
        Ok(())
    }

    /// Begins the next segment and gives away the one before.
    pub(super) fn close(&mut self) -> Result<Segment, Failure> {
        let next = Self::begin(Arc::clone(&self.home), self.number + 1)
            .map_err(|error| Failure::broken(format!("the journal of usage cannot go on: {error}")))?;
        let before = std::mem::replace(self, next);
        Ok(Segment { home: before.home, number: before.number })
    }
}

/// The system copies some megabytes in one go, and nobody else gets the processor meanwhile.
fn write_slowly(file: &mut File, head: &[u8], content: &[u8]) -> io::Result<()> {
    file.write_all(head)?;
    content.chunks(AT_ONCE).try_for_each(|part| {
        pause();
        file.write_all(part)
    })
}

/// What stands before the content of an entry.
fn head(content: &[u8]) -> io::Result<[u8; 8]> {
    let length = u32::try_from(content.len()).map_err(io::Error::other)?;
    let mut head = [0; 8];
    let (first, second) = head.split_at_mut(4);
    first.copy_from_slice(&length.to_le_bytes());
    second.copy_from_slice(&crc32fast::hash(content).to_le_bytes());
    Ok(head)
}

impl Home {
    /// `None`: somebody uses it.
    fn take(path: PathBuf) -> io::Result<Option<Self>> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        let lock = OpenOptions::new().create(true).write(true).truncate(false).open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let named = path.join("name");
        let name = match fs::read_to_string(&named) {
            Ok(name) if !name.is_empty() => name,
            _ => {
                let name = random::bytes::<16>().map(|byte| format!("{byte:02x}")).concat();
                fs::write(&named, &name)?;
                name
            }
        };
        Ok(Some(Self { path, name, _lock: lock }))
    }

    fn segment(&self, number: i64) -> PathBuf {
        self.path.join(format!("{number}.journal"))
    }

    /// What is left, the oldest first.
    fn segments(self: &Arc<Self>) -> io::Result<Vec<Segment>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.strip_suffix(".journal")?.parse::<i64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers.into_iter().map(|number| Segment { home: Arc::clone(self), number }).collect())
    }
}

impl Segment {
    /// What the database calls the journal it belongs to.
    pub(super) fn journal(&self) -> &str {
        &self.home.name
    }

    /// Later segments of a journal have higher numbers.
    pub(super) const fn number(&self) -> i64 {
        self.number
    }

    /// The sum of its entries, up to the first that is not whole.
    pub(super) fn read(&self) -> Result<Gathered, Failure> {
        let path = self.home.segment(self.number);
        let bytes =
            fs::read(&path).map_err(|error| Failure::broken(format!("{} cannot be read: {error}", path.display())))?;
        let (mut gathered, mut rest) = (Gathered::default(), bytes.as_slice());
        while let Some((content, after)) = read_entry(rest) {
            gathered.add_entry(content)?;
            rest = after;
        }
        if !rest.is_empty() {
            tracing::warn!(bytes = rest.len(), "the journal of usage breaks off; its last second is lost");
        }
        Ok(gathered)
    }

    /// The database has it all.
    pub(super) fn delete(&self) {
        if let Err(error) = fs::remove_file(self.home.segment(self.number)) {
            // The mark in the database keeps it from being counted again.
            tracing::warn!(%error, "a written segment of the journal of usage cannot be deleted");
        }
    }
}

fn read_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (checksum, rest) = rest.split_first_chunk()?;
    let (content, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    (crc32fast::hash(content) == u32::from_le_bytes(*checksum)).then_some((content, rest))
}
