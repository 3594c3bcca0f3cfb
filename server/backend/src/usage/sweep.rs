//! What of the usage is too old, or too much, for anybody to look at.

use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use shared::Timestamp;

use crate::{
    db::{
        anydb::{AnyConnection, Moment, UtcMoment},
        schema::{key_traces, refusals},
    },
    failure::Failure,
};

/// For how long, and how many for each key, refusals are kept with their details.
const KEEP_REFUSALS_DAYS: i64 = 30;
const KEEP_REFUSALS: u32 = 200;
/// Refusals of that long ago are not counted for alerts any more.
const COUNTED_SECONDS: i64 = 3_600;
/// For how long it is known from where a key was used and what for; and of one key and day, how much of it one by one.
/// Whoever asks from ever new addresses leaves no more than that behind.
const KEEP_TRACES_DAYS: i64 = 90;
const KEEP_TRACES_OF_A_DAY: u32 = 1_000;

pub(crate) async fn sweep(connection: &mut AnyConnection, now: Timestamp) -> Result<(), Failure> {
    sweep_refusals(connection, now).await?;
    sweep_traces(connection, now.day_number()).await
}

async fn sweep_refusals(connection: &mut AnyConnection, now: Timestamp) -> Result<(), Failure> {
    let old = Moment(now.plus_days(-KEEP_REFUSALS_DAYS));
    diesel::delete(refusals::table.filter(refusals::at.lt(old))).execute(connection).await?;
    // Of a key that is refused all day long, the last ones are enough.
    diesel::sql_query(format!(
        "DELETE FROM refusals WHERE (key_id, at, request_id) IN (SELECT key_id, at, request_id FROM (SELECT key_id, \
         at, request_id, row_number() OVER (PARTITION BY key_id ORDER BY at DESC, request_id) AS place FROM \
         refusals) AS placed WHERE place > {KEEP_REFUSALS} AND at < $1)"
    ))
    .bind::<UtcMoment, _>(Moment(now.plus_seconds(-COUNTED_SECONDS)))
    .execute(connection)
    .await?;
    Ok(())
}

/// The numbers stay exact: what is not kept one by one is added up without its address.
async fn sweep_traces(connection: &mut AnyConnection, today: i64) -> Result<(), Failure> {
    diesel::delete(key_traces::table.filter(key_traces::day.lt(today - KEEP_TRACES_DAYS))).execute(connection).await?;
    let too_many = format!(
        "(SELECT *, row_number() OVER (PARTITION BY key_id, day ORDER BY last_at DESC, address, asked) AS place \
         FROM key_traces WHERE day >= {yesterday} AND address <> '') AS placed WHERE place > {KEEP_TRACES_OF_A_DAY}",
        yesterday = today - 1
    );
    let add_up = format!(
        "INSERT INTO key_traces (organization_id, day, key_id, address, asked, first_at, last_at, allowed, refused, \
         reported) SELECT organization_id, day, key_id, '', '', min(first_at), max(last_at), sum(allowed), \
         sum(refused), sum(reported) FROM {too_many} GROUP BY organization_id, day, key_id \
         ON CONFLICT (organization_id, day, key_id, address, asked) DO UPDATE SET \
         first_at = CASE WHEN excluded.first_at < key_traces.first_at THEN excluded.first_at ELSE key_traces.first_at END, \
         last_at = CASE WHEN excluded.last_at > key_traces.last_at THEN excluded.last_at ELSE key_traces.last_at END, \
         allowed = key_traces.allowed + excluded.allowed, refused = key_traces.refused + excluded.refused, \
         reported = key_traces.reported + excluded.reported"
    );
    let delete = format!(
        "DELETE FROM key_traces WHERE day >= {yesterday} AND (organization_id, day, key_id, address, asked) IN \
         (SELECT organization_id, day, key_id, address, asked FROM {too_many})",
        yesterday = today - 1
    );
    connection
        .transaction(async |connection| -> Result<(), Failure> {
            diesel::sql_query(add_up).execute(connection).await?;
            diesel::sql_query(delete).execute(connection).await?;
            Ok(())
        })
        .await
}
