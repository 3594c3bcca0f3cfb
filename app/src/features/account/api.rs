//! Signing up, in and out. These are the only functions that set cookies or send the browser elsewhere.

use leptos::prelude::*;
use shared::account::{self, Viewer};

use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use backend::Failure;
#[cfg(feature = "ssr")]
use shared::AppError;

#[cfg(feature = "ssr")]
use crate::{features::account::cookie, server_context::respond_anonymous};

/// The person whose session came with the request; `None` when there is none.
#[server(endpoint = "session", output = Json)]
pub async fn session() -> ApiResult<Option<Viewer>> {
    respond_anonymous(async |visitor| match visitor.authenticate().await {
        Ok(context) => context.viewer().await.map(Some),
        Err(Failure::Told(AppError::SignedOut)) => Ok(None),
        Err(failure) => Err(failure),
    })
    .await
}

/// Whether a stranger may make an account right now.
#[server(endpoint = "sign_up_policy", output = Json)]
pub async fn sign_up_policy() -> ApiResult<account::SignUp> {
    respond_anonymous(async |visitor| visitor.sign_up_policy().await).await
}

/// Makes an account and an organization with it as the Owner, and signs in.
#[server(endpoint = "sign_up", output = Json)]
pub async fn sign_up(email: String, password: String, organization_name: String) -> ApiResult<()> {
    respond_anonymous(async |visitor| {
        let session = visitor.sign_up(&email, password, &organization_name).await?;
        cookie::set(&session);
        cookie::go_to(shared::path::KEYS);
        Ok(())
    })
    .await
}

/// Signs in with a new session; the one the browser had before, if any, ends.
#[server(endpoint = "sign_in", output = Json)]
pub async fn sign_in(email: String, password: String, #[server(default)] next: Option<String>) -> ApiResult<()> {
    respond_anonymous(async |visitor| {
        let session = visitor.sign_in(&email, password).await?;
        cookie::set(&session);
        cookie::go_to(shared::path::after_sign_in(next.as_deref()));
        Ok(())
    })
    .await
}

/// Ends the session. Signing out twice is fine.
#[server(endpoint = "sign_out", output = Json)]
pub async fn sign_out() -> ApiResult<()> {
    respond_anonymous(async |visitor| {
        visitor.sign_out().await?;
        cookie::clear(visitor.cookie());
        cookie::go_to(shared::path::SIGN_IN);
        Ok(())
    })
    .await
}
