//! Requests that are sent twice: the second one is answered as the first was, and nothing is done again.
//!
//! The row that remembers a request is written in the transaction of the change itself, under the organization's lock:
//! a request that was refused leaves none, and of two at the same moment one finds the other's. The answer follows right
//! after the commit, in a write of its own. A secret is never part of it.

use std::time::Duration;

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use shared::{KeyId, Timestamp};

use crate::{
    Backend,
    authz::{Actor, Operation, Permit},
    db::{
        anydb::{AnyConnection, Moment},
        column::{Digest32, Id},
        row::repeat::AnsweredRequestRow,
        schema::answered_requests,
    },
    failure::Failure,
};

/// For how long a request is remembered.
pub const KEEP_HOURS: i64 = 24;
/// For how long a request may be without its answer before that counts as lost. Between the commit and the answer there
/// is no waiting for anybody.
const ANSWER_SECONDS: i64 = 30;
/// How often, and how many times, somebody who waits for that answer looks again.
const LOOK_AGAIN: (Duration, u32) = (Duration::from_millis(25), 200);

/// What tells a request that is sent again from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Chosen by the caller, for one request.
    pub key: String,
    /// A digest of everything in the request that its effect depends on.
    pub fingerprint: [u8; 32],
}

/// What became of the same request before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// It was answered with this.
    Answered(String),
    /// It was carried out, and its answer never written down.
    AnswerLost,
    /// Under the same key there was another one.
    AnotherRequest,
}

impl Backend {
    /// What became of the request that `permit` is for, if it was sent before. Waits for an answer that is on its way.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn repeat_of<O: Operation>(&self, permit: &Permit<O>) -> Result<Option<Repeat>, Failure> {
        let authority = permit.authority();
        let (Some(once), Actor::Key { id, .. }) = (&authority.once, &authority.actor) else { return Ok(None) };
        let (pause, times) = LOOK_AGAIN;
        for _ in 0..times {
            let now = self.now();
            let row = row(&mut *self.inner.store.read().await?, *id, &once.key, now).await?;
            match row {
                None => return Ok(None),
                Some(row) if row.fingerprint.0 != once.fingerprint => return Ok(Some(Repeat::AnotherRequest)),
                Some(AnsweredRequestRow { answer: Some(answer), .. }) => return Ok(Some(Repeat::Answered(answer))),
                Some(row) if now.seconds_since(row.created_at.0) >= ANSWER_SECONDS => break,
                Some(_) => tokio::time::sleep(pause).await,
            }
        }
        Ok(Some(Repeat::AnswerLost))
    }

    /// Writes down what the request that `permit` is for was answered with.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn remember_answer<O: Operation>(&self, permit: &Permit<O>, answer: &str) -> Result<(), Failure> {
        let authority = permit.authority();
        let (Some(once), Actor::Key { id, .. }) = (&authority.once, &authority.actor) else { return Ok(()) };
        diesel::update(answered_requests::table.find((Id(*id), &once.key)))
            .set(answered_requests::answer.eq(answer))
            .execute(&mut *self.inner.store.write().await?)
            .await?;
        Ok(())
    }
}

/// Notes in the transaction of a change which request makes it.
///
/// # Errors
/// [`Failure::Repeated`] when there was one under that key already.
pub(crate) async fn note(
    connection: &mut AnyConnection,
    actor: &Actor,
    once: Option<&Once>,
    now: Timestamp,
) -> Result<(), Failure> {
    let (Some(once), Actor::Key { id, .. }) = (once, actor) else { return Ok(()) };
    if row(connection, *id, &once.key, now).await?.is_some() {
        return Err(Failure::Repeated);
    }
    // One that is too old to count may not have been swept yet.
    diesel::delete(answered_requests::table.find((Id(*id), &once.key))).execute(connection).await?;
    let row = AnsweredRequestRow {
        key_id: Id(*id),
        idempotency_key: once.key.clone(),
        fingerprint: Digest32(once.fingerprint),
        answer: None,
        created_at: Moment(now),
    };
    diesel::insert_into(answered_requests::table).values(&row).execute(connection).await?;
    Ok(())
}

/// From when on requests are remembered.
pub(crate) fn since(now: Timestamp) -> Timestamp {
    now.plus_seconds(-KEEP_HOURS * 3_600)
}

async fn row(
    connection: &mut AnyConnection,
    id: KeyId,
    key: &str,
    now: Timestamp,
) -> Result<Option<AnsweredRequestRow>, Failure> {
    let row = answered_requests::table
        .find((Id(id), key))
        .filter(answered_requests::created_at.gt(Moment(since(now))))
        .select(AnsweredRequestRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row)
}
