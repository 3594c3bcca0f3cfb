//! What the routes that manage something share: the key that calls becomes an actor with its role's permissions, under
//! the same rules as a person.
//!
//! A handler asks for a [`Call`] with the operation that it is about, so it cannot run without a key that does not call
//! too often and holds the permission that this takes. [`tell_standing`] stands around all of them.

use std::{
    str::FromStr,
    sync::{Arc, OnceLock},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts as _, MatchedPath, Query, RawPathParams, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use backend::{
    Backend, Failure,
    audit::Tried,
    authz::{Operation, Permit},
    context::RequestInfo,
    expected::{Expected, Target, Thing},
    keyring::{Holder, allowance},
    repeat::Repeat,
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{ETAG, RETRY_AFTER},
    request::Parts,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use shared::{AppError, field::FieldError, verify::Refusal};

use super::{
    alert_mutes, alert_settings::AlertSettings, answer::Answer, authenticate::identify, conditional, envelope::Problem,
    idempotency, invitations::Invitation, key_networks::Networks, keys::Key, limits, members::Member,
    organization::Organization, permissions::Permission, rate_limit, rate_limits, reason, roles::Role,
    webhooks::Webhook, whitelist,
};
use crate::{
    middleware::limits::{BODY_MAX, check_content_type},
    state::AppState,
};

/// How the key that calls stands, once that is known.
#[derive(Clone, Default)]
struct Told(Arc<OnceLock<(rate_limit::Standing, allowance::Standing)>>);

/// Says how much the key that calls has left, whatever becomes of its call.
pub(super) async fn tell_standing(mut request: Request, next: Next) -> Response {
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let mut response = next.run(request).await;
    if let Some((standing, own)) = told.0.get() {
        standing.write(response.headers_mut());
        limits::write(own, response.headers_mut());
    }
    response
}

/// Lets a genuine key in that does not call too often. One that does not hold the permission for `O` is counted as refused,
/// and told so by whoever asks for the rows.
fn let_in<O: Operation>(state: &AppState, parts: &Parts) -> Result<Holder, Problem> {
    let holder = identify(state, parts, O::PERMISSION)?;
    let standing = state.management.count(holder.key);
    if let Some(told) = parts.extensions.get::<Told>() {
        _ = told.0.set((standing, holder.standing.clone()));
    }
    let Some(seconds) = standing.retry_after else { return Ok(holder) };
    let detail = format!("This key calls the management API too often. Try again in {seconds} seconds.");
    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
        .with(RETRY_AFTER, HeaderValue::from(seconds)))
}

/// A request of a key that may do `O`.
pub(super) struct Call<O> {
    backend: Backend,
    /// The proof.
    pub(super) permit: Permit<O>,
    parts: Parts,
    segment: Option<String>,
    body: Bytes,
}

impl<O: Operation> FromRequest<AppState> for Call<O> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let holder = let_in::<O>(state, &parts)?;
        let info = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
        let params = RawPathParams::from_request_parts(&mut parts, state).await.ok();
        let segment = params.and_then(|params| params.iter().next().map(|(_, value)| value.to_owned()));
        // The edge has read it and checked its length.
        let body = to_bytes(body, BODY_MAX).await.map_err(|_error| Problem::internal())?;
        let actor = state.backend.key_context(&holder, info).await.map_err(|failure| refused(&parts, failure))?;
        let actor = match idempotency::read(&parts, &body)? {
            Some(once) if parts.method == Method::POST => actor.once(once),
            _ => actor,
        };
        let permit = actor.authorize().map_err(|error| {
            let failure = error.into();
            actor.note_refusal(tried(&parts, segment.as_deref()), &failure);
            refused(&parts, failure)
        })?;
        Ok(Self { backend: state.backend.clone(), permit, parts, segment, body })
    }
}

impl<O: Operation> Call<O> {
    pub(super) const fn backend(&self) -> &Backend {
        &self.backend
    }

    /// What stands in the path. What can be no id of ours names nothing.
    pub(super) fn id<I: FromStr>(&self, what: &str) -> Result<I, Problem> {
        let named = self.segment.as_deref().and_then(|text| text.parse().ok());
        named.ok_or_else(|| self.refused(AppError::not_found(what)))
    }

    /// The same, with the state that `If-Match` asks for, which has to be there.
    pub(super) fn to_change<I: FromStr>(&self, what: &str) -> Result<Target<I>, Problem> {
        Ok(Target { id: self.id(what)?, expected: conditional::required(&self.parts.headers)? })
    }

    /// The same, where `If-Match` may be missing.
    pub(super) fn to_delete<I: FromStr>(&self, what: &str) -> Result<Target<I>, Problem> {
        let expected = conditional::expected(&self.parts.headers)?.unwrap_or_default();
        Ok(Target { id: self.id(what)?, expected })
    }

    /// The state that `If-Match` asks for, of what needs no name.
    pub(super) fn expected(&self) -> Result<Expected, Problem> {
        conditional::required(&self.parts.headers)
    }

    /// The parameters of the query; unknown ones are refused, since a mistyped filter would let everything through.
    pub(super) fn query<Q: DeserializeOwned>(&self) -> Result<Q, Problem> {
        let Query(query) = Query::try_from_uri(&self.parts.uri).map_err(|rejection| {
            use std::error::Error as _;
            let why = rejection.source().map_or_else(|| rejection.to_string(), ToString::to_string);
            Problem::bad_request("invalid_parameter", format!("The query cannot be read: {why}."))
        })?;
        Ok(query)
    }

    /// The JSON body, whose fields are known.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        check_content_type(&self.parts.headers, &["application/json"])?;
        read(&self.body)
    }

    /// The same, where no body stands for an empty object.
    pub(super) fn read_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.body.is_empty() { Ok(T::default()) } else { self.read() }
    }

    /// Turns what an operation said into an answer. What the key may not do is noted for the audit trail.
    pub(super) fn refused(&self, failure: impl Into<Failure>) -> Problem {
        let failure = failure.into();
        self.backend.note_refusal(&self.permit, tried(&self.parts, self.segment.as_deref()), &failure);
        refused(&self.parts, failure)
    }

    /// The answer, or 304 when the caller has it already.
    pub(super) fn show(&self, answer: Answer) -> Response {
        answer.unless_known(&self.parts.headers)
    }

    /// Carries a change out, unless the same request was carried out before: then it is answered as it was.
    pub(super) fn once<'c>(
        &'c self,
        change: impl Future<Output = Result<Answer, Failure>> + Send + 'c,
    ) -> impl Future<Output = Result<Response, Problem>> + Send + 'c {
        let change = Box::pin(change);
        async move {
            if let Some(answer) = self.before().await? {
                return Ok(answer.into_response());
            }
            let answer = match change.await {
                Ok(answer) => answer,
                Err(Failure::Repeated) => {
                    let answer = self.before().await?;
                    return answer.map(Answer::into_response).ok_or_else(Problem::internal);
                }
                Err(failure) => return Err(self.refused(failure)),
            };
            if let Err(cause) = self.backend.remember_answer(&self.permit, &answer.to_keep()).await {
                // The change is made, and whoever made it is told. Only a repetition will find no answer.
                tracing::error!(request_id = request_id(&self.parts), %cause, "the answer could not be remembered");
            }
            Ok(answer.into_response())
        }
    }

    async fn before(&self) -> Result<Option<Answer>, Problem> {
        match self.backend.repeat_of(&self.permit).await.map_err(|failure| self.refused(failure))? {
            None => Ok(None),
            Some(Repeat::Answered(kept)) => Answer::replay(&kept).map(Some).ok_or_else(Problem::internal),
            Some(Repeat::AnswerLost) => Err(idempotency::answer_lost()),
            Some(Repeat::AnotherRequest) => Err(idempotency::reused()),
        }
    }
}

/// What the request wanted, in the words of the audit trail: `DELETE /v1/roles/{id}` is `role.delete`.
fn tried(parts: &Parts, segment: Option<&str>) -> Tried {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    Tried::new(action(&parts.method, route), segment)
}

fn action(method: &Method, route: &str) -> String {
    let mut parts = route.trim_start_matches("/v1/").split('/');
    let noun = parts.next().unwrap_or_default().trim_end_matches('s');
    let (has_id, verb) = (parts.next().is_some_and(|part| part.starts_with('{')), parts.next());
    let verb = match (verb, noun) {
        (Some(verb), _) => verb,
        (None, "member") if *method == Method::DELETE => "remove",
        (None, "invitation") if *method == Method::DELETE => "withdraw",
        (None, _) => match *method {
            Method::POST => "create",
            Method::PATCH | Method::PUT => "update",
            Method::DELETE => "delete",
            _ if has_id => "get",
            _ => "list",
        },
    };
    format!("{noun}.{verb}")
}

fn request_id(parts: &Parts) -> &str {
    parts.extensions.get::<RequestInfo>().map_or("", |info| info.request_id.as_str())
}

/// Turns what an operation said into an answer. Causes go to the log.
fn refused(parts: &Parts, failure: impl Into<Failure>) -> Problem {
    let unfit = match failure.into() {
        Failure::Outdated(current) => return outdated(*current),
        Failure::ForeignCursor => {
            return Problem::bad_request(
                "invalid_cursor",
                "This cursor does not belong to this list with these filters. Begin again without a cursor.",
            );
        }
        Failure::Unfit(AppError::Invalid { fields }) => Ok(fields),
        failure => Err(failure),
    };
    let error = match unfit {
        Ok(fields) => return on_fields(StatusCode::CONFLICT, "conflict", fields),
        Err(failure) => failure.report(request_id(parts)),
    };
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = match error {
        AppError::Invalid { fields } => return on_fields(status, "invalid_field", fields),
        // The key was there when the request began.
        AppError::SignedOut => {
            return Problem::new(status, Refusal::Unknown.reason(), Refusal::Unknown.detail())
                .saying(super::authenticate::INVALID);
        }
        AppError::Forbidden { .. } => Refusal::PermissionMissing.reason(),
        AppError::AboveCeiling { .. } => "above_ceiling",
        AppError::SystemRoleLocked => "system_role_locked",
        AppError::OwnerOnly => "owner_only",
        AppError::NotFound { .. } => "not_found",
        AppError::LastOwner => "last_owner",
        AppError::RoleInUse { .. } => "role_in_use",
        AppError::WrongState { .. } => "wrong_state",
        AppError::KeyLimitReached { .. } | AppError::WhitelistFull { .. } | AppError::TooMany { .. } => "limit_reached",
        AppError::WhitelistEmpty => "whitelist_empty",
        AppError::Unavailable | AppError::RefusedButNotSaved => reason::UNAVAILABLE,
        _ if status == StatusCode::CONFLICT => "conflict",
        _ => return Problem::internal(),
    };
    Problem::new(status, reason, error.to_string())
}

/// Fields by their names in the API, which says of an id that it is one.
fn on_fields(status: StatusCode, reason: &'static str, mut fields: Vec<FieldError>) -> Problem {
    for field in &mut fields {
        match field.field.as_str() {
            "role" => "role_id".clone_into(&mut field.field),
            "roles" => "role_ids".clone_into(&mut field.field),
            "key" => "key_id".clone_into(&mut field.field),
            _ => {}
        }
    }
    let detail: Vec<_> = fields.iter().map(|field| field.message.as_str()).collect();
    Problem::new(status, reason, detail.join(" ")).on(fields)
}

fn outdated(current: Thing) -> Problem {
    let tag = match current {
        Thing::Key(view) => conditional::tag(&view.clone(), &Key::from(view)),
        Thing::Role(view) => conditional::tag(&view.clone(), &Role::from(view)),
        Thing::Member(view) => conditional::tag(&view.clone(), &Member::from(view)),
        Thing::Invitation(view) => conditional::tag(&view.clone(), &Invitation::from(view)),
        Thing::Permission(own) => conditional::tag(&own.clone(), &Permission::from(own)),
        Thing::Organization(view) => conditional::tag(&view.clone(), &Organization::from(view)),
        Thing::RateLimits(view) => conditional::tag(&view.clone(), &rate_limits::Out::from(view)),
        Thing::WhitelistEntry(entry) => conditional::tag(&entry.clone(), &whitelist::Entry::from(entry)),
        Thing::Whitelist(standing) => conditional::tag(&standing.clone(), &whitelist::Whitelist::from(standing)),
        Thing::KeyNetworks(list) => conditional::tag(&list.clone(), &Networks::from(list)),
        Thing::AlertSettings(view) => conditional::tag(&view.clone(), &AlertSettings::from(view)),
        Thing::AlertMute(view) => conditional::tag(&view.clone(), &alert_mutes::Mute::from(view)),
        Thing::Webhook(view) => conditional::tag(&view.clone(), &Webhook::from(view)),
    };
    let problem = Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "precondition_failed",
        "Somebody else changed it in the meantime. Nothing was saved; look at it as it is now and try again.",
    );
    match HeaderValue::try_from(tag) {
        Ok(tag) => problem.with(ETAG, tag),
        Err(_) => problem,
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde would take a list for an object, its values in the order of the fields.
    if !body.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(body).is_ok() {
        return Err(Problem::field("The body must be a JSON object."));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let not_json = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        let detail = format!("The body is not JSON: it breaks at line {line}, column {column}.");
        Problem::bad_request("invalid_json", detail)
    };
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if !error.is_data() {
            return not_json(error);
        }
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
        match path.as_str() {
            "." => Problem::field(format!("The body has a wrong field: {said}.")),
            field => {
                let message = format!("The field {field} is wrong: {said}.");
                Problem::field(message.clone()).on(vec![FieldError::new(field, message)])
            }
        }
    })?;
    json.end().map_err(not_json)?;
    Ok(value)
}

/// The rules of a body's texts, all of them checked before any is complained about. A text is kept as it was sent:
/// spaces around it are refused here, where a form would cut them off.
#[derive(Default)]
pub(super) struct Rules(Vec<FieldError>);

impl Rules {
    pub(super) fn text<T>(&mut self, field: &str, text: &str, rule: impl FnOnce(&str) -> Result<T, String>) {
        if let Err(message) = rule(text) {
            self.0.push(FieldError::new(field, message));
        } else if text.trim().len() != text.len() {
            self.0.push(FieldError::new(field, format!("The field {field} must not begin or end with a space.")));
        }
    }

    /// A field that stands there only to be changed.
    pub(super) fn if_given<T>(
        &mut self,
        field: &str,
        text: Option<&String>,
        rule: impl FnOnce(&str) -> Result<T, String>,
    ) {
        if let Some(text) = text {
            self.text(field, text, rule);
        }
    }

    /// A list of texts, which are judged together.
    pub(super) fn list<T>(&mut self, field: &str, texts: &[String], rule: impl FnOnce(&[String]) -> Result<T, String>) {
        match texts.iter().find(|text| text.trim().len() != text.len()) {
            Some(_) => {
                self.0.push(FieldError::new(field, format!("No text in {field} may begin or end with a space.")))
            }
            None => self.0.extend(rule(texts).err().map(|message| FieldError::new(field, message))),
        }
    }

    pub(super) fn check(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(on_fields(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", self.0))
        }
    }
}

/// Refuses a change that names nothing to change.
pub(super) fn check_not_empty(is_empty: bool, fields: &str) -> Result<(), Problem> {
    if is_empty {
        Err(Problem::field(format!("The body must have at least one of the fields {fields}.")))
    } else {
        Ok(())
    }
}

/// For a field that may be missing and must not be `null`.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_the_actions_that_the_trail_knows() {
        for (method, route, right) in [
            (Method::GET, "/v1/keys", "key.list"),
            (Method::POST, "/v1/keys", "key.create"),
            (Method::GET, "/v1/keys/{id}", "key.get"),
            (Method::PATCH, "/v1/roles/{id}", "role.update"),
            (Method::POST, "/v1/keys/{id}/revoke", "key.revoke"),
            (Method::DELETE, "/v1/members/{id}", "member.remove"),
            (Method::DELETE, "/v1/invitations/{id}", "invitation.withdraw"),
            (Method::PATCH, "/v1/organization", "organization.update"),
        ] {
            assert_eq!(action(&method, route), right);
        }
    }
}
