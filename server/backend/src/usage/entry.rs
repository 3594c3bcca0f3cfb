//! The bytes of an entry of the journal: in postcard's format, one item after the other.

use std::{collections::VecDeque, net::IpAddr};

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    keyring::{
        record::RefusalNote,
        totals::{KeyTotals, Totals},
    },
};

/// How many refusals may wait with their details; the oldest are forgotten first.
const REFUSALS_MAX: usize = 20_000;

#[derive(Serialize)]
enum Item<'a> {
    Key(#[serde(with = "postcard::fixint::le")] u128, &'a KeyTotals),
    Refused(&'a Refused),
}

#[derive(Deserialize)]
enum OwnItem {
    Key(#[serde(with = "postcard::fixint::le")] u128, KeyTotals),
    Refused(Refused),
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
}

impl From<RefusalNote> for Refused {
    fn from(note: RefusalNote) -> Self {
        let RefusalNote { key, at, refusal, address, user_agent, request_id, permissions } = note;
        let reason = refusal.reason().into();
        Self { key: key.bits(), at: at.micros(), reason, address, user_agent, request_id, permissions }
    }
}

/// Everything that the database does not have yet.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) totals: Totals,
    pub(super) refusals: VecDeque<Refused>,
}

impl Gathered {
    /// How many keys and refusals.
    pub(super) fn len(&self) -> usize {
        self.totals.len() + self.refusals.len()
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
            match item {
                OwnItem::Key(key, totals) => self.totals.add(key, &totals),
                OwnItem::Refused(refused) => self.add_refusal(refused),
            }
            entry = rest;
        }
        Ok(())
    }

    /// All of it as one entry.
    pub(super) fn write(&self, entry: &mut Vec<u8>) -> Result<(), Failure> {
        for (key, totals) in self.totals.iter() {
            write_key(entry, *key, totals)?;
        }
        self.refusals.iter().try_for_each(|refused| write_refused(entry, refused))
    }
}

pub(super) fn write_key(entry: &mut Vec<u8>, key: u128, totals: &KeyTotals) -> Result<(), Failure> {
    write(entry, &Item::Key(key, totals))
}

pub(super) fn write_refused(entry: &mut Vec<u8>, refused: &Refused) -> Result<(), Failure> {
    write(entry, &Item::Refused(refused))
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
