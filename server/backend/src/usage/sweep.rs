//! What of the usage is too old, or too much, for anybody to look at.

use diesel::{
    ExpressionMethods as _, QueryDsl as _,
    dsl::count_star,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use shared::{KeyId, Timestamp, incident::ADDED_UP};

use super::write::{TraceRow, insert_traces};
use crate::{
    db::{
        anydb::{AnyConnection, Moment, UtcMoment},
        column::Id,
        pool::Store,
        schema::{key_traces, refusals},
    },
    failure::Failure,
};

/// For how long, and how many for each key, refusals are kept with their details.
const KEEP_REFUSALS_DAYS: i64 = 30;
const KEEP_REFUSALS: i64 = 200;
/// Refusals of that long ago are not counted for alerts any more.
const COUNTED_SECONDS: i64 = 3_600;
/// For how long it is known from where a key was used and what for; and of one key and day, how much of it one by one.
/// Whoever asks from ever new addresses leaves no more than that behind.
const KEEP_TRACES_DAYS: i64 = 90;
const KEEP_TRACES_OF_A_DAY: i64 = 1_000;

/// Looks first for what there is too much of, which is mostly nothing: whatever is written makes others wait.
pub(crate) async fn sweep(store: &Store, now: Timestamp) -> Result<(), Failure> {
    let today = now.day_number();
    let (old, counted) = (Moment(now.plus_days(-KEEP_REFUSALS_DAYS)), Moment(now.plus_seconds(-COUNTED_SECONDS)));
    let mut connection = store.write().await?;
    diesel::delete(refusals::table.filter(refusals::at.lt(old))).execute(&mut *connection).await?;
    diesel::delete(key_traces::table.filter(key_traces::day.lt(today - KEEP_TRACES_DAYS)))
        .execute(&mut *connection)
        .await?;
    drop(connection);

    let mut connection = store.read().await?;
    let refused: Vec<Id<KeyId>> = refusals::table
        .group_by(refusals::key_id)
        .having(count_star().gt(KEEP_REFUSALS))
        .select(refusals::key_id)
        .load(&mut *connection)
        .await?;
    let traced: Vec<(Id<KeyId>, i64)> = key_traces::table
        .filter(key_traces::day.ge(today - 1))
        .group_by((key_traces::key_id, key_traces::day))
        .having(count_star().gt(KEEP_TRACES_OF_A_DAY))
        .select((key_traces::key_id, key_traces::day))
        .load(&mut *connection)
        .await?;
    drop(connection);
    for key in refused {
        keep_last_refusals(&mut *store.write().await?, key, counted).await?;
    }
    for (key, day) in traced {
        keep_last_traces(&mut *store.write().await?, key, day).await?;
    }
    Ok(())
}

/// Of a key that is refused all day long, the last ones are enough.
async fn keep_last_refusals(connection: &mut AnyConnection, key: Id<KeyId>, counted: Moment) -> Result<(), Failure> {
    diesel::sql_query(format!(
        "DELETE FROM refusals WHERE key_id = $1 AND (at, request_id) IN (SELECT at, request_id FROM (SELECT at, \
         request_id, row_number() OVER (ORDER BY at DESC, request_id) AS place FROM refusals WHERE key_id = $1) \
         AS placed WHERE place > {KEEP_REFUSALS} AND at < $2)"
    ))
    .bind::<Text, _>(key)
    .bind::<UtcMoment, _>(counted)
    .execute(connection)
    .await?;
    Ok(())
}

/// The numbers stay exact: what is not kept one by one is added up. It is deleted first, and what was deleted is what is
/// added: somebody else may be adding to these rows, or sweeping them, at the same moment.
async fn keep_last_traces(connection: &mut AnyConnection, key: Id<KeyId>, day: i64) -> Result<(), Failure> {
    let delete = format!(
        "DELETE FROM key_traces WHERE key_id = $1 AND day = $2 AND asked <> '{ADDED_UP}' AND (address, asked) IN \
         (SELECT address, asked FROM (SELECT address, asked, row_number() OVER (ORDER BY last_at DESC, address, asked) \
         AS place FROM key_traces WHERE key_id = $1 AND day = $2 AND asked <> '{ADDED_UP}') AS placed \
         WHERE place > {KEEP_TRACES_OF_A_DAY}) \
         RETURNING *"
    );
    connection
        .transaction(async |connection| -> Result<(), Failure> {
            let swept: Vec<TraceRow> =
                diesel::sql_query(delete).bind::<Text, _>(key).bind::<BigInt, _>(day).load(connection).await?;
            let sum = swept.into_iter().map(TraceRow::added_up).reduce(|mut sum, row| {
                sum.add(row);
                sum
            });
            insert_traces(connection, sum.into_iter().collect()).await
        })
        .await
}
