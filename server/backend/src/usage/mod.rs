//! From memory to the database: what verifications have left behind.
//!
//! Each second everything that has gathered in memory ([`crate::keyring::record`]) is added to a file, the
//! [`journal`]: that is quick however many keys were used, and survives the end of the process, whatever the database
//! does. From there it goes into the database in small transactions ([`write`]): at once when it is little, and once a
//! minute, added up, when a hundred thousand keys are busy. Verification waits for none of this.
//!
//! A killed process loses at most its last second of counts. (Files are not forced to the disk: a power cut may cost what
//! the system had not written yet, some seconds more.) Nothing is counted twice: the database keeps a mark of how far
//! each journal has been written, in the transaction that writes it.

mod entry;
mod journal;
mod others;
mod pace;
mod sweep;
mod write;

use std::{
    collections::{HashMap, VecDeque},
    path::Path,
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use shared::{OrganizationId, Timestamp};
use tokio::sync::Mutex;

pub(crate) use self::sweep::sweep;
use self::{
    entry::{Gathered, Refused, write_notes, write_refused},
    journal::{Journal, Segment},
    others::Others,
    pace::{Hurry, Pace},
    write::Unwritten,
};
use crate::{
    Backend,
    behind::{behind, pause},
    db::pool::Store,
    failure::Failure,
    keyring::{
        Keyring,
        index::ById,
        record::Notes,
        tally::{Seen, What},
    },
};

/// So much is written into the database at once; more waits until it is worth the effort.
const LITTLE: usize = 2_000;
/// For how long it waits, in seconds.
const WAIT_SECONDS: i64 = 60;
/// So many rows are added in one go: a quarter of a millisecond's work.
const AT_ONCE: usize = 1_024;

/// What is on its way to the database.
#[derive(Debug)]
pub(crate) struct Usage {
    /// Held for as long as the journal takes, and never while the database is waited for.
    kept: Arc<std::sync::Mutex<Kept>>,
    /// Segments that are complete, the oldest first. Held by whoever writes them.
    closed: Mutex<VecDeque<Unwritten>>,
    /// Held only by whoever holds `closed`.
    others: Mutex<Others>,
    pace: Pace,
    gauges: Gauges,
}

/// What no closed segment says.
#[derive(Debug)]
struct Kept {
    journal: Journal,
    /// What the open segment says, and what it could not take.
    gathered: Gathered,
    /// Whether the segment lacks something of that.
    is_behind: bool,
    opened_at: Option<Timestamp>,
    /// Memory that is used again each second.
    entry: Vec<u8>,
}

/// How far the database lags behind, for whoever watches over the server.
#[derive(Debug, Default)]
struct Gauges {
    /// Numbers and notes that the database does not have yet.
    unwritten: AtomicU64,
    /// Since when the oldest of them waits, in microseconds since 1970; 0: nothing waits.
    waiting_since: AtomicI64,
    journal_bytes: AtomicU64,
    /// How often the journal could not be written to.
    journal_failures: AtomicU64,
}

/// What [`Usage::lag`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageLag {
    /// Numbers and notes that the database does not have yet.
    pub unwritten: u64,
    /// For how many seconds the oldest of them has been waiting.
    pub seconds: u64,
    /// How large the open part of the journal is.
    pub journal_bytes: u64,
    /// How often the journal could not be written to since the start.
    pub journal_failures: u64,
}

impl Usage {
    /// Opens the journal in `folder`, with what an earlier life of this server may have left there.
    pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Self, Failure> {
        let (journal, left) = Journal::open(folder, now)?;
        Ok(Self {
            kept: Arc::new(std::sync::Mutex::new(Kept {
                journal,
                gathered: Gathered::default(),
                is_behind: false,
                opened_at: None,
                entry: Vec::new(),
            })),
            closed: Mutex::new(left.into_iter().map(Unwritten::new).collect()),
            others: Mutex::default(),
            pace: Pace::default(),
            gauges: Gauges::default(),
        })
    }

    /// Adds what an earlier life left behind to the counts that limits are held against. To be called once, when the
    /// organizations are in the index with what the database says.
    pub(crate) async fn recover(&self, keyring: &Keyring, store: &Store) -> Result<(), Failure> {
        for segment in &mut *self.closed.lock().await {
            for (organization, hour, requests) in segment.unwritten_requests(store).await? {
                if let Some(slot) = keyring.index.organization(organization) {
                    slot.add_requests(hour, requests);
                }
            }
        }
        Ok(())
    }

    /// As long as this is held, writing into the database does not rest.
    pub(crate) fn hurry(&self) -> Hurry<'_> {
        self.pace.hurry()
    }

    /// Takes what has gathered in memory and keeps it in the journal. With a hundred thousand busy keys this takes some
    /// hundredths of a second, so verifications go first.
    ///
    /// # Errors
    /// When the journal does not take it. Then it stays in memory until the journal does.
    pub(crate) async fn keep(&self, keyring: &Arc<Keyring>, now: Timestamp) -> Result<(), Failure> {
        let (kept, keyring) = (Arc::clone(&self.kept), Arc::clone(keyring));
        let mut lists = keyring.recorder.take();
        let keeping = behind(move || {
            let outcome = keep(&mut locked(&kept), &keyring, &mut lists, now);
            keyring.recorder.give_back(lists);
            outcome
        });
        let outcome = keeping.await?;
        if outcome.is_err() {
            self.gauges.journal_failures.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    /// Writes what is due into the database; with `all`, everything is. Then looks at what other servers have written.
    ///
    /// # Errors
    /// When the database does not take it. Nothing is lost by that: it is tried again the next time.
    pub(crate) async fn write(&self, backend: &Backend, now: Timestamp, all: bool) -> Result<(), Failure> {
        let (keyring, store) = (&backend.inner.keyring, &backend.inner.store);
        let _hurry = all.then(|| self.hurry());
        let mut closed = self.closed.lock().await;
        let mut others = self.others.lock().await;
        let mut note = |organization, then, requests| others.note_written(keyring, organization, then, requests, now);
        let mut written = write_closed(&mut closed, backend, &self.pace, &mut note).await;
        if written.is_ok()
            && let Some((segment, gathered)) = self.close_what_is_due(now, all)?
        {
            closed.push_back(Unwritten::new(segment));
            if let Some(segment) = closed.back_mut() {
                segment.learn(gathered).await;
            }
            written = write_closed(&mut closed, backend, &self.pace, &mut note).await;
        }
        self.gauge(&closed, now);
        written?;
        others.learn(keyring, store, now).await
    }

    fn close_what_is_due(&self, now: Timestamp, all: bool) -> Result<Option<(Segment, Gathered)>, Failure> {
        let mut kept = locked(&self.kept);
        let waits = kept.opened_at.map_or(0, |since| now.seconds_since(since));
        let is_due = all || kept.gathered.len() <= LITTLE || waits >= WAIT_SECONDS;
        if kept.gathered.len() == 0 || kept.is_behind || !is_due {
            return Ok(None);
        }
        let segment = kept.journal.close()?;
        kept.opened_at = None;
        Ok(Some((segment, std::mem::take(&mut kept.gathered))))
    }

    fn gauge(&self, closed: &VecDeque<Unwritten>, now: Timestamp) {
        let kept = locked(&self.kept);
        let unwritten = kept.gathered.len() + closed.iter().map(Unwritten::remaining).sum::<usize>();
        self.gauges.unwritten.store(unwritten as u64, Ordering::Relaxed);
        self.gauges.journal_bytes.store(kept.journal.bytes(), Ordering::Relaxed);
        let since = match (unwritten, self.gauges.waiting_since.load(Ordering::Relaxed)) {
            (0, _) => 0,
            (_, 0) => now.micros(),
            (_, since) => since,
        };
        self.gauges.waiting_since.store(since, Ordering::Relaxed);
    }

    /// How far the database lags behind.
    pub(crate) fn lag(&self, now: Timestamp) -> UsageLag {
        let since = self.gauges.waiting_since.load(Ordering::Relaxed);
        let seconds = if since == 0 { 0 } else { now.seconds_since(Timestamp::from_micros(since)) };
        UsageLag {
            unwritten: self.gauges.unwritten.load(Ordering::Relaxed),
            seconds: u64::try_from(seconds).unwrap_or(0),
            journal_bytes: self.gauges.journal_bytes.load(Ordering::Relaxed),
            journal_failures: self.gauges.journal_failures.load(Ordering::Relaxed),
        }
    }
}

fn locked(kept: &std::sync::Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(kept: &mut Kept, keyring: &Keyring, lists: &mut [Notes], now: Timestamp) -> Result<(), Failure> {
    let Kept { journal, gathered, is_behind, opened_at, entry } = kept;
    let mut allowed = HashMap::<_, u64, ById>::default();
    for list in &*lists {
        let mut count = |(what, seen): &(What, Seen)| {
            if what.outcome == 0 {
                *allowed.entry(seen.organization).or_default() += seen.count;
            }
        };
        let mut rows = list.rows();
        while rows.len() > 0 {
            gathered.tally.add_rows(list.circumstances(), rows.by_ref().take(AT_ONCE).inspect(&mut count));
            pause();
        }
        list.summed().rows().for_each(|row| count(&row));
        for (_, totals) in list.summed().sums() {
            let requests = totals.allowed().map(|(_, requests)| requests).sum::<u64>();
            *allowed.entry(totals.organization).or_default() += requests;
        }
        gathered.tally.merge(list.summed());
    }
    let noted: usize = lists.iter().map(|list| list.rows().len() + list.summed().len()).sum();
    entry.clear();
    let mut written = Ok(());
    for refused in lists.iter_mut().flat_map(Notes::take_refusals).map(Refused::from) {
        written = written.and_then(|()| write_refused(entry, &refused));
        gathered.add_refusal(refused);
    }
    for (organization, requests) in allowed {
        if let Some(slot) = keyring.index.organization(OrganizationId::from_bits(organization)) {
            slot.catch_up(now, requests);
        }
    }
    if gathered.len() == 0 {
        return Ok(());
    }
    opened_at.get_or_insert(now);
    // What an earlier second could not add goes with everything else into an entry that replaces all others. And where few
    // keys are used again and again, all that is known of them is shorter than what this second says.
    let outcome = if *is_behind || journal.is_long() || gathered.len() * 2 < noted {
        entry.clear();
        gathered.write(entry).and_then(|()| journal.replace(entry))
    } else {
        let written = lists.iter().fold(written, |written, list| written.and_then(|()| write_notes(entry, list)));
        written.and_then(|()| journal.append(entry))
    };
    *is_behind = outcome.is_err();
    outcome
}

/// One segment after the other; what was written is forgotten.
async fn write_closed(
    closed: &mut VecDeque<Unwritten>,
    backend: &Backend,
    pace: &Pace,
    note: &mut impl FnMut(OrganizationId, Timestamp, u64),
) -> Result<(), Failure> {
    while let Some(segment) = closed.front_mut() {
        segment.write(backend, pace, note).await?;
        if let Some(done) = closed.pop_front() {
            done.into_segment().delete();
        }
    }
    Ok(())
}
