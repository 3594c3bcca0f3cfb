//! The bytes of an entry of the journal: in postcard's format, one item after the other. Only the rows of a tally, of
//! which there are a hundred thousand in a busy second, have a form of fixed length, which is written five times as fast.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};
use shared::Timestamp;

use crate::{
    failure::Failure,
    keyring::{
        record::{Notes, RefusalNote},
        tally::{Circumstances, Seen, Tally, What},
        totals::{KeyTotals, hour},
    },
};

/// How many refusals may wait with their details; the oldest are forgotten first.
const REFUSALS_MAX: usize = 20_000;

#[derive(Serialize)]
enum Item<'a> {
    Key(#[serde(with = "postcard::fixint::le")] u128, &'a KeyTotals),
    Refused(&'a Refused),
    /// What the rows refer to, and how many rows there are behind this item.
    Rows(&'a [Circumstances], u32),
    /// A refusal that stands for so many.
    Repeated(&'a Refused, u64),
}

#[derive(Deserialize)]
enum OwnItem {
    Key(#[serde(with = "postcard::fixint::le")] u128, KeyTotals),
    Refused(Refused),
    Rows(Vec<Circumstances>, u32),
    Repeated(Refused, u64),
}

/// One refusal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) key: u128,
    pub(super) at: i64,
    pub(super) reason: Box<str>,
    pub(super) address: Option<IpAddr>,
    pub(super) user_agent: Option<Box<str>>,
    pub(super) request_id: Box<str>,
    pub(super) permissions: Box<str>,
    /// For how many it stands.
    #[serde(skip, default = "once")]
    pub(super) times: u64,
}

const fn once() -> u64 {
    1
}

impl From<RefusalNote> for Refused {
    fn from(note: RefusalNote) -> Self {
        let RefusalNote { key, at, refusal, address, user_agent, request_id, permissions, times } = note;
        let reason = refusal.reason().into();
        Self { key: key.bits(), at: at.micros(), reason, address, user_agent, request_id, permissions, times }
    }
}

/// Everything that the database does not have yet.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) tally: Tally,
    pub(super) refusals: VecDeque<Refused>,
}

impl Gathered {
    /// How many rows and refusals.
    pub(super) fn len(&self) -> usize {
        self.tally.len() + self.refusals.len()
    }

    pub(super) fn add_refusal(&mut self, refused: Refused) {
        if self.refusals.len() >= REFUSALS_MAX {
            self.refusals.pop_front();
        }
        self.refusals.push_back(refused);
    }

    /// Adds what an entry says.
    ///
    /// # Errors
    /// When it is not one of ours; what came before that is added.
    pub(super) fn add_entry(&mut self, mut entry: &[u8]) -> Result<(), Failure> {
        while !entry.is_empty() {
            let (item, rest) = postcard::take_from_bytes(entry).map_err(Failure::broken)?;
            entry = rest;
            match item {
                OwnItem::Key(key, totals) => self.tally.add_sum(key, &totals),
                OwnItem::Refused(refused) => self.add_refusal(refused),
                OwnItem::Repeated(refused, times) => self.add_refusal(Refused { times, ..refused }),
                OwnItem::Rows(circumstances, count) => {
                    let rows = (0..count).map(|_| read_row(&mut entry)).collect::<Option<Vec<_>>>();
                    let rows = rows.ok_or_else(|| Failure::broken("an entry of the journal of usage is too short"))?;
                    self.tally.add_rows(&circumstances, rows);
                }
            }
        }
        Ok(())
    }

    /// All of it as one entry.
    pub(super) fn write(&self, entry: &mut Vec<u8>) -> Result<(), Failure> {
        write_tally(entry, &self.tally)?;
        self.refusals.iter().try_for_each(|refused| write_refused(entry, refused))
    }
}

pub(super) fn write_notes(entry: &mut Vec<u8>, notes: &Notes) -> Result<(), Failure> {
    write_rows(entry, notes.circumstances(), notes.rows())?;
    write_tally(entry, notes.summed())
}

fn write_tally(entry: &mut Vec<u8>, tally: &Tally) -> Result<(), Failure> {
    write_rows(entry, tally.circumstances(), tally.rows())?;
    tally.sums().try_for_each(|(key, totals)| write(entry, &Item::Key(*key, totals)))
}

fn write_rows(
    entry: &mut Vec<u8>,
    circumstances: &[Circumstances],
    rows: impl ExactSizeIterator<Item = (What, Seen)>,
) -> Result<(), Failure> {
    if rows.len() == 0 {
        return Ok(());
    }
    write(entry, &Item::Rows(circumstances, u32::try_from(rows.len()).map_err(Failure::broken)?))?;
    entry.reserve(rows.len() * ROW);
    for (what, seen) in rows {
        entry.extend_from_slice(&row(&what, &seen));
    }
    Ok(())
}

/// How many bytes a row has.
const ROW: usize = 4 * 16 + 3 * 8 + 4 + 3;

/// Numbers begin with their lowest byte.
fn row(what: &What, seen: &Seen) -> [u8; ROW] {
    let (family, address) = match what.address {
        None => (0, 0),
        Some(IpAddr::V4(address)) => (4, u128::from(address.to_bits())),
        Some(IpAddr::V6(address)) => (6, address.to_bits()),
    };
    let mut row = [0; ROW];
    let mut rest = row.as_mut_slice();
    for number in [what.key, what.secret, seen.organization, address] {
        put(&mut rest, number.to_le_bytes());
    }
    for moment in [seen.first_at, seen.last_at] {
        put(&mut rest, moment.to_le_bytes());
    }
    put(&mut rest, seen.count.to_le_bytes());
    put(&mut rest, what.circumstances.to_le_bytes());
    put(&mut rest, [family, what.outcome, u8::from(what.reported)]);
    row
}

fn put<const N: usize>(rest: &mut &mut [u8], bytes: [u8; N]) {
    if let Some((place, after)) = std::mem::take(rest).split_first_chunk_mut() {
        *place = bytes;
        *rest = after;
    }
}

/// `None`: there is no whole row.
fn read_row(rest: &mut &[u8]) -> Option<(What, Seen)> {
    let [key, secret, organization, address] =
        [get(rest)?, get(rest)?, get(rest)?, get(rest)?].map(u128::from_le_bytes);
    let [first_at, last_at] = [get(rest)?, get(rest)?].map(i64::from_le_bytes);
    let count = u64::from_le_bytes(get(rest)?);
    let circumstances = u32::from_le_bytes(get(rest)?);
    let [family, outcome, reported] = get(rest)?;
    let address = match family {
        0 => None,
        4 => Some(IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(address).ok()?))),
        _ => Some(IpAddr::V6(Ipv6Addr::from_bits(address))),
    };
    let hour = hour(Timestamp::from_micros(last_at));
    let what = What { key, secret, address, hour, circumstances, outcome, reported: reported != 0 };
    Some((what, Seen { organization, first_at, last_at, count }))
}

fn get<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}

pub(super) fn write_refused(entry: &mut Vec<u8>, refused: &Refused) -> Result<(), Failure> {
    match refused.times {
        1 => write(entry, &Item::Refused(refused)),
        times => write(entry, &Item::Repeated(refused, times)),
    }
}

fn write(entry: &mut Vec<u8>, item: &Item<'_>) -> Result<(), Failure> {
    postcard::serialize_with_flavor(item, Appended(entry)).map_err(Failure::broken)
}

/// To the end of a vector that is used again and again.
struct Appended<'v>(&'v mut Vec<u8>);

impl Flavor for Appended<'_> {
    type Output = ();

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row() -> impl Strategy<Value = (What, Seen)> {
        let ids = any::<[u128; 3]>();
        let when_and_how_often = any::<(i64, i64, u64)>();
        let kind = (any::<Option<IpAddr>>(), 0..2_u32, 0..7_u8, any::<bool>());
        (ids, when_and_how_often, kind).prop_map(|(ids, (first_at, last_at, count), kind)| {
            let ([key, secret, organization], (address, circumstances, outcome, reported)) = (ids, kind);
            let hour = hour(Timestamp::from_micros(last_at));
            let what = What { key, secret, address, hour, circumstances, outcome, reported };
            (what, Seen { organization, first_at, last_at, count })
        })
    }

    fn refused(times: u64) -> Refused {
        let [reason, request_id, permissions] = ["revoked", "req_1", ""].map(Into::into);
        Refused { key: 1, at: 2, reason, address: None, user_agent: None, request_id, permissions, times }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            rows in prop::collection::vec(row(), 0..20),
            times in prop::collection::vec(1..4_u64, 0..3),
        ) {
            let circumstances = [("ip.lookup", Some("curl/8".into())), ("", None)]
                .map(|(asked, user_agent)| Circumstances { asked: asked.into(), user_agent });
            let mut gathered = Gathered::default();
            gathered.tally.add_rows(&circumstances, rows);
            times.iter().for_each(|times| gathered.add_refusal(refused(*times)));
            let mut entry = Vec::new();
            gathered.write(&mut entry).expect("written");
            let mut again = Gathered::default();
            again.add_entry(&entry).expect("read");
            prop_assert_eq!(again.refusals.iter().map(|refused| refused.times).collect::<Vec<_>>(), times);
            prop_assert_eq!(again.tally.into_sorted(), gathered.tally.into_sorted());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            _ = Gathered::default().add_entry(&bytes);
        }
    }
}
