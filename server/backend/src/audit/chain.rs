//! Proves that the trail is as it was written: every entry follows the one before, and the last is the one that the
//! organization's own row names.
//!
//! It asks the database alone and needs no server. Whoever can write to the database can also write a whole new chain;
//! then the hash at its end is another one than it was. So that is told: noted elsewhere, it proves even that.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use diesel::{ExpressionMethods as _, QueryDsl as _, Selectable};
use diesel_async::RunQueryDsl as _;
use shared::OrganizationId;

use super::{chain_hash, hex};
use crate::{
    db::{
        anydb::{AnyConnection, AnyDb},
        column::{Digest32, Id},
        pool,
        row::audit::AuditRow,
        schema::{audit_entries, organizations},
    },
    failure::Failure,
};

/// What was found of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Whose trail.
    pub organization: OrganizationId,
    /// How many entries were proven: all, or those before the first broken one.
    pub entries: i64,
    /// The hash of the last of them, in hexadecimal digits.
    pub hash: String,
    /// The first entry that is wrong.
    pub broken: Option<Broken>,
}

/// An entry that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its number.
    pub seq: i64,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What can be wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It is not there, and later ones are.
    Missing,
    /// It is not there, nor is any later one, up to this number.
    CutOff(i64),
    /// It says something else than when it was written.
    Altered,
    /// It was written after another entry than the one before it.
    OutOfLine,
    /// It is behind what the organization's row says is the last one.
    Beyond,
    /// It is the last, and the organization's row has another hash for it.
    AnotherHead,
    /// It cannot be read.
    Unreadable(String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is missing"),
            Self::CutOff(last) => write!(f, "it and all up to {last} are missing from the end"),
            Self::Altered => f.write_str("it was altered: its hash does not fit what it says"),
            Self::OutOfLine => f.write_str("it does not follow the entry before: it carries another hash"),
            Self::Beyond => f.write_str("it was added behind the last one that the organization knows of"),
            Self::AnotherHead => f.write_str("it is not the last one that the organization knows of: the hash differs"),
            Self::Unreadable(cause) => write!(f, "it cannot be read: {cause}"),
        }
    }
}

/// Proves the trail of every organization, or of one, and hands each result to `each`. Nothing is written, and a server
/// may go on writing: what is read is one state of the database.
///
/// # Errors
/// When the database cannot be read at all, or there is no such organization.
pub async fn verify(
    database_url: &str,
    organization: Option<OrganizationId>,
    mut each: impl FnMut(Proof),
) -> Result<(), Failure> {
    let mut connection = pool::connect_to_read(database_url).await?;
    let mut heads = organizations::table
        .select((organizations::id, organizations::audit_seq, organizations::audit_hash))
        .order(organizations::id)
        .into_boxed();
    if let Some(organization) = organization {
        heads = heads.filter(organizations::id.eq(Id(organization)));
    }
    let heads: Vec<(Id<OrganizationId>, i64, Digest32)> = heads.load(&mut connection).await?;
    if heads.is_empty()
        && let Some(organization) = organization
    {
        return Err(Failure::broken(format!("there is no organization {organization} in this database")));
    }
    for (id, seq, hash) in heads {
        each(prove(&mut connection, id.0, (seq, hash)).await?);
    }
    Ok(())
}

/// How far the chain was followed.
struct Link {
    seq: i64,
    hash: Digest32,
    broken: Option<Broken>,
}

impl Link {
    /// Goes on to the next entry. `Err` when it is wrong.
    fn follow(&mut self, row: &AuditRow) -> Result<(), Failure> {
        let next = self.seq + 1;
        let (seq, flaw) = if row.seq != next {
            // A number below the first is none that was ever given.
            if row.seq < next { (row.seq, Flaw::Altered) } else { (next, Flaw::Missing) }
        } else if chain_hash(row) != row.hash.0 {
            (next, Flaw::Altered)
        } else if row.previous_hash != self.hash {
            (next, Flaw::OutOfLine)
        } else {
            (self.seq, self.hash) = (row.seq, row.hash);
            return Ok(());
        };
        self.broken = Some(Broken { seq, flaw });
        Err(Failure::broken("the chain is broken"))
    }
}

async fn prove(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    (last, head): (i64, Digest32),
) -> Result<Proof, Failure> {
    let link = Arc::new(Mutex::new(Link { seq: 0, hash: Digest32([0; 32]), broken: None }));
    let follow = {
        let link = Arc::clone(&link);
        move |rows: Vec<AuditRow>| {
            let mut link = link.lock().unwrap_or_else(PoisonError::into_inner);
            rows.iter().try_for_each(|row| link.follow(row))
        }
    };
    let entries = audit_entries::table
        .filter(audit_entries::organization_id.eq(Id(organization)))
        .order(audit_entries::seq)
        .select(<AuditRow as Selectable<AnyDb>>::construct_selection());
    // One at a time: should one be unreadable, all before it were looked at.
    let scanned = connection.scan(entries, 1, follow).await;
    let Link { seq, hash, broken } = &*link.lock().unwrap_or_else(PoisonError::into_inner);
    let at = |seq, flaw| Some(Broken { seq, flaw });
    let broken = match (broken, scanned) {
        (Some(broken), _) => Some(broken.clone()),
        (None, Err(Failure::Query(diesel::result::Error::DeserializationError(cause)))) => {
            at(seq + 1, Flaw::Unreadable(cause.to_string()))
        }
        (None, Err(failure)) => return Err(failure),
        (None, Ok(())) if *seq < last => at(seq + 1, Flaw::CutOff(last)),
        (None, Ok(())) if *seq > last => at(last + 1, Flaw::Beyond),
        (None, Ok(())) if *hash != head => at(*seq, Flaw::AnotherHead),
        (None, Ok(())) => None,
    };
    Ok(Proof { organization, entries: *seq, hash: hex(&hash.0), broken })
}
