//! Mail: queued with the change that causes it, sent after its commit.
//!
//! A row of the outbox says which letter goes to whom; what it says is put together when it is sent, so that no link is
//! stored. A try that fails is followed by others, further and further apart; what the mail server said last is shown
//! beside the invitation. Without a mail server the letters lie as files in the data folder.
//!
//! Several servers on one database share the outbox: whoever moves a mail's next try into the future sends it. Should
//! that server die in between, the mail is tried again after the pause, so a mail may arrive twice but is not lost.

mod letter;
mod transport;

use std::{path::PathBuf, time::Duration};

use diesel::{ExpressionMethods as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use serde_json::Value;
use shared::{MailId, OrganizationId, Timestamp};
use tokio::sync::Notify;

pub(crate) use self::letter::Letter;
use self::transport::{Sent, Transport, Trouble};
use crate::{
    Backend,
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::{account::InvitationRow, mail::MailRow},
        schema::mails,
        tx::WriteTx,
    },
    failure::Failure,
    random::fresh_id,
};

/// How long to wait after the first failed try, the second, and so on; after the last one the mail has failed.
const PAUSES_SECONDS: [i64; 8] = [30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800];
/// For how long a mail belongs to the server that is sending it. Longer than any try takes.
const CLAIM_SECONDS: i64 = 120;
/// How many mails are looked at together.
const BATCH: i64 = 20;
/// How often the outbox is looked at when nobody says that there is something in it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `smtp://` or `smtps://` with user, password, host and port; `None` for files.
    pub smtp_url: Option<String>,
    /// Who the mails are from: `IPAware <keys@example.com>`.
    pub from: String,
    /// Where the files go.
    pub outbox: PathBuf,
    /// Scheme, host and port as people reach us, without a slash at the end: links start with it.
    pub public_url: String,
}

impl MailSettings {
    /// No mail server: letters lie as files in `outbox`, and links start with this machine's own address.
    #[must_use]
    pub fn files(outbox: PathBuf) -> Self {
        Self {
            smtp_url: None,
            from: "IPAware <ipaware@localhost>".to_owned(),
            outbox,
            public_url: "http://127.0.0.1:3000".to_owned(),
        }
    }
}

/// Whoever sends.
#[derive(Debug)]
pub(crate) struct Mailer {
    transport: Transport,
    public_url: String,
    wake: Notify,
}

impl Mailer {
    pub(crate) fn new(settings: MailSettings) -> Result<Self, Failure> {
        let MailSettings { smtp_url, from, outbox, public_url } = settings;
        Ok(Self { transport: Transport::new(smtp_url.as_deref(), &from, outbox)?, public_url, wake: Notify::new() })
    }

    /// Whether mails reach people without anybody's help.
    pub(crate) const fn has_server(&self) -> bool {
        self.transport.is_smtp()
    }

    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// There is something in the outbox.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until there may be something to do.
    pub(crate) async fn something_to_do(&self) {
        _ = tokio::time::timeout(LOOK_EVERY, self.wake.notified()).await;
    }
}

/// Queues a mail with the change under way. One about an invitation is about that sending of it.
pub(crate) async fn queue(
    tx: &mut WriteTx,
    letter: Letter,
    recipient: &str,
    detail: Value,
    invitation: Option<&InvitationRow>,
) -> Result<(), Failure> {
    let (organization, now) = (tx.organization_id(), tx.now);
    queue_on(tx.connection()?, organization, letter, recipient, detail, invitation, now).await
}

/// The same in a transaction that is nobody's change.
pub(crate) async fn queue_on(
    connection: &mut AnyConnection,
    organization: Id<OrganizationId>,
    letter: Letter,
    recipient: &str,
    detail: Value,
    invitation: Option<&InvitationRow>,
    now: Timestamp,
) -> Result<(), Failure> {
    let row = MailRow {
        id: Id(fresh_id!(MailId, now)),
        organization_id: organization,
        letter: letter.code().to_owned(),
        recipient: recipient.to_owned(),
        detail: detail.to_string(),
        invitation_id: invitation.map(|row| row.id),
        serial: invitation.map(|row| row.serial),
        status: "queued".to_owned(),
        attempts: 0,
        next_at: Moment(now),
        problem: None,
        created_at: Moment(now),
    };
    diesel::insert_into(mails::table).values(row).execute(connection).await?;
    Ok(())
}

impl Backend {
    /// Sends whatever is due. Errors of the mail server end up in the outbox, not here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deliver_mail(&self) -> Result<(), Failure> {
        loop {
            let now = self.now();
            let due: Vec<MailRow> = mails::table
                .filter(mails::status.eq("queued"))
                .filter(mails::next_at.le(Moment(now)))
                .order((mails::next_at, mails::id))
                .limit(BATCH)
                .select(MailRow::as_select())
                .load(&mut self.inner.store.read().await?)
                .await?;
            if due.is_empty() {
                return Ok(());
            }
            for mail in due {
                if self.claim(&mail, now).await? {
                    self.deliver(mail).await?;
                }
            }
        }
    }

    /// Whether this server is the one to send it.
    async fn claim(&self, mail: &MailRow, now: Timestamp) -> Result<bool, Failure> {
        let unclaimed = mails::table
            .filter(mails::id.eq(mail.id))
            .filter(mails::status.eq("queued"))
            .filter(mails::attempts.eq(mail.attempts));
        let claimed = diesel::update(unclaimed)
            .set((mails::attempts.eq(mail.attempts + 1), mails::next_at.eq(Moment(now.plus_seconds(CLAIM_SECONDS)))))
            .execute(&mut self.inner.store.write().await?)
            .await?;
        Ok(claimed == 1)
    }

    async fn deliver(&self, mail: MailRow) -> Result<(), Failure> {
        let outcome = match self.compose(&mail).await? {
            Some(words) => Some(self.inner.mailer.transport.send(&mail.id.0.to_string(), &mail.recipient, words).await),
            None => None,
        };
        let now = self.now();
        let (status, next_at, problem) = match outcome {
            None => ("dropped", now, None),
            Some(Ok(Sent::ToServer)) => ("sent", now, None),
            Some(Ok(Sent::ToFile)) => ("written", now, None),
            Some(Err(Trouble { permanent, problem })) => {
                let tried = usize::try_from(mail.attempts).unwrap_or(usize::MAX);
                let pause = PAUSES_SECONDS.get(tried).filter(|_| !permanent);
                tracing::warn!(mail = %mail.id.0, attempt = tried + 1, problem, "a mail could not be sent");
                match pause {
                    Some(pause) => ("queued", now.plus_seconds(*pause), Some(problem)),
                    None => ("failed", now, Some(problem)),
                }
            }
        };
        diesel::update(mails::table.find(mail.id))
            .set((mails::status.eq(status), mails::next_at.eq(Moment(next_at)), mails::problem.eq(problem)))
            .execute(&mut self.inner.store.write().await?)
            .await?;
        Ok(())
    }
}
