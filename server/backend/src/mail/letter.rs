//! What the letters say.

use diesel::{ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use serde::Deserialize;
use shared::{AlertId, path};

use crate::{
    Backend,
    db::{
        row::{account::InvitationRow, mail::MailRow},
        schema::{invitations, organizations, roles},
    },
    failure::Failure,
};

/// A kind of letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letter {
    /// To whoever was invited.
    Invitation,
    /// To whoever was the Owner.
    OwnershipGiven,
    /// To whoever is the Owner now.
    OwnershipReceived,
    /// To the Owner and the Admins.
    Alerts,
}

impl Letter {
    const ALL: [Self; 4] = [Self::Invitation, Self::OwnershipGiven, Self::OwnershipReceived, Self::Alerts];

    /// The word in the database.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::OwnershipGiven => "ownership_given",
            Self::OwnershipReceived => "ownership_received",
            Self::Alerts => "alerts",
        }
    }

    fn of(mail: &MailRow) -> Result<Self, Failure> {
        Self::ALL
            .into_iter()
            .find(|letter| letter.code() == mail.letter)
            .ok_or_else(|| Failure::broken(format!("{} is a letter {:?}", mail.id.0, mail.letter)))
    }
}

/// A letter, put together.
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) body: String,
}

#[derive(Deserialize)]
struct Transfer {
    from: String,
    to: String,
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<AlertId>,
}

impl Backend {
    /// Puts a letter together; `None` when there is no reason for it any more.
    pub(super) async fn compose(&self, mail: &MailRow) -> Result<Option<Words>, Failure> {
        let letter = Letter::of(mail)?;
        let organization: String = organizations::table
            .find(mail.organization_id)
            .select(organizations::name)
            .first(&mut self.inner.store.read().await?)
            .await?;
        let console = self.inner.mailer.public_url();
        if letter == Letter::Invitation {
            return self.compose_invitation(mail, &organization).await;
        }
        if letter == Letter::Alerts {
            return self.compose_alerts(mail, &organization).await;
        }
        let Transfer { from, to } = serde_json::from_str(&mail.detail).map_err(Failure::broken)?;
        let words = match letter {
            Letter::OwnershipReceived => Words {
                subject: format!("You are the Owner of {organization} now"),
                body: format!(
                    "{from} has made you the Organization Owner of {organization}.\n\n\
                     You may do everything there now, and {from} has become an Organization Admin.\n\n\
                     {console}{}\n",
                    path::TEAM
                ),
            },
            _ => Words {
                subject: format!("{to} is the Owner of {organization} now"),
                body: format!(
                    "You have handed the ownership of {organization} on to {to}, and are an Organization Admin now.\n\n\
                     If that was not you, ask {to} to look into it at once, and change your password:\n\
                     {console}{}\n",
                    path::SETTINGS
                ),
            },
        };
        Ok(Some(words))
    }

    async fn compose_alerts(&self, mail: &MailRow, organization: &str) -> Result<Option<Words>, Failure> {
        let Alerts { alerts } = serde_json::from_str(&mail.detail).map_err(Failure::broken)?;
        let lines = self.alert_lines(alerts).await?;
        let subject = match &*lines {
            [] => return Ok(None),
            [_] => format!("An alert of {organization}"),
            several => format!("{} alerts of {organization}", several.len()),
        };
        let console = self.inner.mailer.public_url();
        let (alerts, settings) = (path::ALERTS, path::ALERT_SETTINGS);
        Ok(Some(Words {
            subject,
            body: format!(
                "- {}\n\nLook at them and acknowledge them here:\n{console}{alerts}\n\n\
                 Which kinds of alerts are mailed is set here:\n{console}{settings}\n",
                lines.join("\n- ")
            ),
        }))
    }

    async fn compose_invitation(&self, mail: &MailRow, organization: &str) -> Result<Option<Words>, Failure> {
        let Some(id) = mail.invitation_id else { return Ok(None) };
        let found: Option<(InvitationRow, String)> = invitations::table
            .inner_join(roles::table.on(roles::id.eq(invitations::role_id)))
            .filter(invitations::id.eq(id))
            .select((InvitationRow::as_select(), roles::name))
            .first(&mut self.inner.store.read().await?)
            .await
            .optional()?;
        // Accepted, withdrawn or sent again since.
        let Some((invitation, role)) = found.filter(|(row, _)| Some(row.serial) == mail.serial) else {
            return Ok(None);
        };
        let link = self.join_link(&self.token_of(&invitation)?);
        Ok(Some(Words {
            subject: format!("Join {organization} on IPAware"),
            body: format!(
                "{} invites you to {organization} as {role}.\n\n\
                 Follow this link to accept, until {}:\n\n{link}\n\n\
                 The link works once, and for {} alone. If you did not expect it, do nothing: it ends by itself.\n",
                invitation.invited_by,
                invitation.expires_at.0.exact(),
                invitation.email,
            ),
        }))
    }
}
