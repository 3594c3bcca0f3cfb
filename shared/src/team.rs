//! The team: members of an organization, and people who were invited.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    InvitationId, MemberId, RoleId, Timestamp, field,
    page::Page,
    role::{KeyHolder, RoleChoice, RoleRef},
};

/// For how many days an invitation can be accepted.
pub const INVITATION_DAYS: i64 = 7;
/// How many invitations of an organization may be open at once.
pub const INVITATIONS_MAX: usize = 200;
/// How long a search text may be; more is cut off.
pub const SEARCH_MAX: usize = 100;
/// How many of a member's keys are listed before they are removed.
pub const KEYS_SHOWN: usize = 20;

/// A member as the table shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Who.
    pub id: MemberId,
    /// How they sign in.
    pub email: String,
    /// Their roles; at least one.
    pub roles: Vec<RoleRef>,
    /// Whether they are the Owner.
    pub is_owner: bool,
    /// Whether this is the person looking.
    pub is_you: bool,
    /// When they joined.
    pub joined_at: Timestamp,
    /// Why the person looking may neither change nor remove them though their role allows managing members; `None`
    /// when they may.
    pub locked: Option<String>,
}

/// An invitation that was not accepted yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    /// Which.
    pub id: InvitationId,
    /// Who was invited.
    pub email: String,
    /// What they will be.
    pub role: RoleRef,
    /// Who invited them.
    pub invited_by: String,
    /// When, or when it was last sent again.
    pub sent_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// Whether that has passed at the moment of the answer.
    pub expired: bool,
    /// What became of the mail.
    pub delivery: Delivery,
    /// Why the person looking may neither change, resend nor withdraw it though their role allows inviting; `None` when
    /// they may.
    pub locked: Option<String>,
}

/// What became of an invitation's mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It waits for its first try.
    Queued,
    /// The mail server has taken it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// No mail server is set up, so it lies as a file in the data folder. The link has to be handed on by hand.
    Written {
        /// When.
        at: Timestamp,
    },
    /// The last try failed; another one follows.
    Retrying {
        /// What the mail server said.
        problem: String,
        /// When the next try is.
        next_at: Timestamp,
    },
    /// Every try failed.
    Failed {
        /// What the mail server said last.
        problem: String,
    },
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRow {
    /// Somebody who was invited.
    Invitation(InvitationView),
    /// Somebody who belongs to the organization.
    Member(MemberView),
}

/// Which rows the table shows: the part of the page that lives in its URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamListParams {
    /// Part of an email. Empty: no search.
    pub search: String,
    /// Only people with this role.
    pub role: Option<RoleId>,
    /// Which page, from 1.
    pub page: u32,
}

impl Default for TeamListParams {
    fn default() -> Self {
        Self { search: String::new(), role: None, page: 1 }
    }
}

impl TeamListParams {
    /// Reads the query of `/team`. A link may be old or mistyped: what it does not understand, it leaves at its default.
    pub fn from_query<'q>(get: impl Fn(&str) -> Option<Cow<'q, str>>) -> Self {
        Self {
            search: get("q").map(|v| field::search(&v, SEARCH_MAX)).unwrap_or_default(),
            role: get("role").and_then(|v| v.parse().ok()),
            page: get("page").and_then(|v| v.parse().ok()).unwrap_or(1).max(1),
        }
    }

    /// The fields that differ from the default, as query pairs; the inverse of [`Self::from_query`].
    #[must_use]
    pub fn to_query(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if !self.search.is_empty() {
            pairs.push(("q", self.search.clone()));
        }
        if let Some(role) = self.role {
            pairs.push(("role", role.to_string()));
        }
        if self.page > 1 {
            pairs.push(("page", self.page.to_string()));
        }
        pairs
    }

    /// Whether anything narrows the list.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !self.search.is_empty() || self.role.is_some()
    }
}

/// One page of the team, and what the page around it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Invitations first, newest on top; then members by email.
    pub page: Page<TeamRow>,
    /// The roles there are, and which of them the person may give.
    pub roles: Vec<RoleChoice>,
    /// When this was read.
    pub now: Timestamp,
}

/// A member, for the dialog that removes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberDetail {
    /// The member.
    pub member: MemberView,
    /// Keys they created that are not revoked, newest first, at most [`KEYS_SHOWN`]; `None` when the person looking may
    /// not see keys.
    pub keys: Option<Vec<KeyHolder>>,
    /// How many there are.
    pub keys_total: u64,
}

/// What `Save Changes` of `Manage Roles` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberUpdateParams {
    /// Who.
    pub id: MemberId,
    /// The roles they had when the dialog was opened: somebody else may have changed them since.
    pub before: Vec<RoleId>,
    /// The roles they get; at least one.
    pub roles: Vec<RoleId>,
}

/// What `Send Invite` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationCreateParams {
    /// The address, as typed.
    pub email: String,
    /// What they will be.
    pub role: RoleId,
}

/// An invitation that was just sent, with its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationSent {
    /// The invitation.
    pub invitation: InvitationView,
    /// Where it can be accepted: whoever has it can become the invited person's account here.
    pub link: String,
    /// Whether a mail server is set up, so that the person gets the link by mail.
    pub by_mail: bool,
}

/// What somebody is shown who follows an invitation's link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationOffer {
    /// The organization that invites.
    pub organization_name: String,
    /// Who invited.
    pub invited_by: String,
    /// Whom: the account will have this email and no other.
    pub email: String,
    /// What they will be, with the permissions that go with it.
    pub role: RoleChoice,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// Whether there is an account with this email already.
    pub has_account: bool,
    /// Who is signed in in this browser, if anybody.
    pub signed_in_as: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_reads_back_as_it_was_written() {
        let params = TeamListParams { search: "ada".to_owned(), role: Some(RoleId::from_bits(7)), page: 3 };
        let pairs = params.to_query();
        let read = TeamListParams::from_query(|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| Cow::Borrowed(value.as_str()))
        });
        assert_eq!(read, params);
        assert_eq!(TeamListParams::from_query(|_| None), TeamListParams::default());
    }
}
