//! Who is asking: a visitor with perhaps a session, and then somebody with permissions.

use std::net::IpAddr;

use shared::{
    AppError, OrganizationId,
    account::{SignUp, Viewer},
    team::InvitationOffer,
};

use crate::{
    Backend,
    authn::session::{CookiePolicy, NewSession, SessionToken},
    authz::{Actor, Authority, Held, Operation, Permit},
    failure::Failure,
    keyring::Holder,
    repeat::Once,
};

/// What is known about a request before anybody is authenticated.
#[derive(Debug, Clone, Default)]
pub struct RequestInfo {
    /// Ties log lines, audit entries and the answer together.
    pub request_id: String,
    /// The client's address: the socket's, or what a trusted proxy says.
    pub address: Option<IpAddr>,
    /// At most 200 characters of it, without control characters.
    pub user_agent: Option<String>,
}

/// Whether somebody asks, or a page that was left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    /// Keeps their session alive.
    OfAPerson,
    /// Does not: a session that nobody uses ends, whatever is open.
    OfAPage,
}

/// A request that has not been authenticated.
#[derive(Debug, Clone)]
pub struct Anonymous {
    pub(crate) backend: Backend,
    pub(crate) request: RequestInfo,
    pub(crate) token: Option<SessionToken>,
}

impl Anonymous {
    /// Finds out whose session this is.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] when there is no session, or it has ended.
    pub async fn authenticate(self) -> Result<Context, Failure> {
        let token = self.token.as_ref().ok_or(AppError::SignedOut)?;
        self.backend.session_context(token, self.request, Visit::OfAPerson).await
    }

    /// The same for what a page asks by itself, which keeps no session alive.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub async fn authenticate_page(self) -> Result<Context, Failure> {
        let token = self.token.as_ref().ok_or(AppError::SignedOut)?;
        self.backend.session_context(token, self.request, Visit::OfAPage).await
    }

    /// Whether a stranger may make an account.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn sign_up_policy(&self) -> Result<SignUp, Failure> {
        self.backend.sign_up_policy().await
    }

    /// Makes an account and its organization, and signs in.
    ///
    /// # Errors
    /// [`AppError::Invalid`], [`AppError::SignUpClosed`] or [`AppError::TooManyAttempts`].
    pub async fn sign_up(&self, email: &str, password: String, organization: &str) -> Result<NewSession, Failure> {
        self.backend.sign_up(&self.request, email, password, organization).await
    }

    /// Signs in. The session the browser had before, if any, ends.
    ///
    /// # Errors
    /// [`AppError::WrongCredentials`], in the same words and time whether or not there is such an account, or
    /// [`AppError::TooManyAttempts`].
    pub async fn sign_in(&self, email: &str, password: String) -> Result<NewSession, Failure> {
        self.backend.sign_in(&self.request, self.token.as_ref(), email, password).await
    }

    /// Ends the session, if there is one.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn sign_out(&self) -> Result<(), Failure> {
        match &self.token {
            Some(token) => self.backend.sign_out(&self.request, token).await,
            None => Ok(()),
        }
    }

    /// What the holder of an invitation's link is offered.
    ///
    /// # Errors
    /// [`AppError::InvitationGone`] when the link does not work, or no longer.
    pub async fn invitation_offer(&self, token: &str) -> Result<InvitationOffer, Failure> {
        self.backend.invitation_offer(&self.request, self.token.as_ref(), token).await
    }

    /// Accepts an invitation and signs in to its organization.
    ///
    /// # Errors
    /// [`AppError::InvitationGone`], [`AppError::InvitationForAnother`], [`AppError::Invalid`] for a weak or a wrong
    /// password, or [`AppError::TooManyAttempts`].
    pub async fn invitation_accept(&self, token: &str, password: String) -> Result<NewSession, Failure> {
        self.backend.invitation_accept(&self.request, self.token.as_ref(), token, password).await
    }

    /// Goes on in another organization of the person's, in a new session.
    ///
    /// # Errors
    /// [`AppError::SignedOut`], or [`AppError::NotFound`] for an organization that they do not belong to.
    pub async fn organization_switch(&self, organization: OrganizationId) -> Result<NewSession, Failure> {
        let token = self.token.as_ref().ok_or(AppError::SignedOut)?;
        self.backend.organization_switch(&self.request, token, organization).await
    }

    /// How the session cookie is set.
    #[must_use]
    pub fn cookie(&self) -> &CookiePolicy {
        self.backend.cookie_policy()
    }

    /// The request's id.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request.request_id
    }
}

/// Somebody in an organization, with what their roles allow.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) backend: Backend,
    pub(crate) authority: Authority,
    pub(crate) held: Held,
}

impl Context {
    /// The backend.
    #[must_use]
    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    /// The person, for the page.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] for a key, or when the database fails.
    pub async fn viewer(&self) -> Result<Viewer, Failure> {
        self.backend.viewer(&self.authority, &self.held).await
    }

    /// The same, for a request that is carried out once, however often it is sent.
    #[must_use]
    pub fn once(mut self, once: Once) -> Self {
        self.authority.once = Some(once);
        self
    }

    /// Proof that they may do `O`.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] names the permission that is missing.
    pub fn authorize<O: Operation>(&self) -> Result<Permit<O>, AppError> {
        Permit::grant(&self.authority, &self.held.grants)
    }
}

impl Backend {
    /// Somebody who presented a genuine key, for operations that its role allows.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] when there is no such key any more, or when the database fails.
    pub async fn key_context(&self, holder: &Holder, request: RequestInfo) -> Result<Context, Failure> {
        let name = self.key_name(holder.organization, holder.key).await?;
        let authority = Authority {
            organization: holder.organization,
            actor: Actor::Key { id: holder.key, name },
            session: None,
            once: None,
            request,
        };
        let held = Held {
            role_names: vec![holder.role.name().to_owned()],
            is_owner: false,
            grants: holder.role.permissions().clone(),
        };
        Ok(Context { backend: self.clone(), authority, held })
    }
}
