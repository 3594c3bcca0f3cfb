//! `/v1/verify`: may this key do that?
//!
//! Asked in two ways. *Forward-auth* (`GET`, `HEAD`): a proxy passes the client's own `Authorization` header on, and
//! the status is the answer; this is what nginx `auth_request`, Caddy `forward_auth`, Traefik `ForwardAuth` and Envoy
//! `ext_authz` speak. *Question* (`POST`): a service asks about a secret that it was given, with a key of its own.
//!
//! Envoy asks with the client's own method, and writes the client's path and query behind a prefix of the address. So
//! below `/v1/verify/` every method is forward-auth, and what is asked stands in the next segment of the path.

use std::net::IpAddr;

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::Response,
    routing::any,
};
use backend::{
    context::RequestInfo,
    keyring::{AskedPermission, Holder, Question, secret::WellFormed},
};
use http::{Method, Uri, request::Parts};
use serde::Serialize;
use serde_json::Value;
use shared::{KeyId, OrganizationId, Permission, verify::Refusal};
use smallvec::{SmallVec, smallvec};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    allowed::Allowed,
    authenticate::{self, authenticate},
    envelope::{self, Envelope, Problem},
    limits, openapi,
};
use crate::{
    middleware::{headers::Headers, limits::check_content_type, user_agent},
    state::AppState,
};

/// `/v1/verify`
pub const PATH: &str = "/v1/verify";
/// The same with the client's request behind it: `question` is written as the query of [`PATH`] is, and what follows is
/// not looked at.
pub const PREFIX_PATH: &str = "/v1/verify/{question}/{*request}";

/// The longest text that is looked at as a secret; ours have 62 characters at most.
const SECRET_MAX: usize = 512;
/// The longest name of a permission.
const PERMISSION_MAX: usize = 100;
/// How many permissions one question may ask for.
const PERMISSIONS_MAX: usize = 50;

/// A question, read from the body.
struct In {
    secret: String,
    permissions: SmallVec<[AskedPermission; 1]>,
    address: Option<IpAddr>,
}

/// What a proxy may ask. Only described; [`question_of_query`] reads it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is a description")]
struct ForwardAuthIn {
    /// What the role has to hold. May be repeated: all are needed then.
    #[param(style = Form, explode, required = false)]
    permission: Option<Vec<String>>,
    /// Only keys of this organization; any other is unknown.
    organization: Option<OrganizationId>,
}

/// A question about somebody else's secret.
// Only described; [`In`] reads it.
#[derive(ToSchema)]
#[schema(as = Question, example = json!({
    "secret": "ipaware_prod_…", "permission": "ip.lookup", "ip": "203.0.113.9"
}))]
#[expect(dead_code, reason = "it is a description")]
struct QuestionIn {
    /// What somebody presented as a secret.
    #[schema(max_length = 512)]
    secret: String,
    /// What the role has to hold: one name, or a list of them that are all needed.
    #[schema(schema_with = openapi::asked_permission, required = false)]
    permission: Option<Value>,
    /// From where it was presented. Without it, a key that is bound to addresses is refused.
    #[schema(schema_with = openapi::address_or_null, required = false)]
    ip: Option<String>,
}

/// An allowed request.
// Only described; [`Allowed`] writes it.
#[derive(ToSchema)]
#[schema(as = Allowed, example = json!({
    "allowed": true, "key_id": "key_0352dK7XqzWJ2VYb1m8RsT", "role": "API Client",
    "organization_id": "org_0352dJSq0Tn6xEw2kYzBhM"
}))]
#[expect(dead_code, reason = "it is a description")]
struct ForwardAuthOut {
    /// Always true.
    allowed: bool,
    /// Which key it is.
    key_id: KeyId,
    /// The name of its role.
    role: String,
    /// Whose key it is.
    organization_id: OrganizationId,
}

/// The answer to a question.
#[derive(Serialize, ToSchema)]
#[schema(as = Verdict, example = json!({
    "allowed": false, "reason": "expired", "key_id": "key_0352dK7XqzWJ2VYb1m8RsT", "role": "API Client", "limits": []
}))]
struct QuestionOut {
    allowed: bool,
    /// Why not; `null` when allowed.
    #[schema(required = true)]
    reason: Option<Refusal>,
    /// Whose secret it is, when it is genuine.
    #[schema(required = true)]
    key_id: Option<KeyId>,
    /// Its role's name.
    #[schema(required = true)]
    role: Option<String>,
    /// What it has left of each of its limits; empty when it has none, or is refused for another reason than them.
    limits: Vec<limits::Out>,
}

/// What a request is about.
#[derive(Debug, Clone, Copy)]
pub struct Target<'r> {
    /// Begins with a slash.
    pub path: &'r str,
    /// Empty if there is none.
    pub query: &'r str,
}

impl<'r> From<&'r Uri> for Target<'r> {
    fn from(uri: &'r Uri) -> Self {
        Self { path: uri.path(), query: uri.query().unwrap_or_default() }
    }
}

/// Whether the request is one that [`forward_auth`] answers.
#[must_use]
pub fn is_forward_auth(method: &Method, path: &str) -> bool {
    match path.strip_prefix(PATH) {
        Some("") => matches!(*method, Method::GET | Method::HEAD),
        Some(rest) => rest.starts_with('/'),
        None => false,
    }
}

/// Decides about the key in the request's own header. The edge calls this before routing, and writes the answer out
/// ([`Allowed`]).
///
/// # Errors
/// The refusal.
pub fn forward_auth(
    state: &AppState,
    address: IpAddr,
    request_id: &str,
    target: Target<'_>,
    headers: &(impl Headers + ?Sized),
) -> Result<Holder, Problem> {
    let mut question = match target.path.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/')) {
        None => question_of_query(target.query)?,
        Some(rest) => question_of_prefix(rest)?,
    };
    question.address = Some(address);
    question.blamed = Some(address);
    question.request_id = request_id;
    question.user_agent = user_agent(headers);
    authenticate::verify(state, headers, &question)
}

/// `permission` may be repeated. What is not known here is left alone: proxies add parameters of their own.
fn question_of_query(query: &str) -> Result<Question<'static>, Problem> {
    let mut question = Question::default();
    // The usual question needs no decoding, and that takes a fifth of a microsecond.
    if let Some(name) = query.strip_prefix("permission=")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    {
        question.permissions.push(AskedPermission::read(name));
        return Ok(question);
    }
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "permission" => question.permissions.push(AskedPermission::read(&value)),
            "organization" if question.organization.is_some() => {
                return Err(Problem::bad_request("invalid_parameter", "The parameter organization may be given once."));
            }
            "organization" => {
                let id = value.parse().map_err(|problem| {
                    Problem::bad_request(
                        "invalid_parameter",
                        format!("The parameter organization is malformed: {problem}."),
                    )
                })?;
                question.organization = Some(id);
            }
            _ => {}
        }
    }
    Ok(question)
}

/// The client's own path and query follow, and are none of our business. Other names than ours are refused: a proxy whose
/// prefix lacks the question, or misspells it, would otherwise let in whoever has any key.
fn question_of_prefix(rest: &str) -> Result<Question<'static>, Problem> {
    let (segment, _request) = rest.split_once('/').unwrap_or((rest, ""));
    if form_urlencoded::parse(segment.as_bytes()).any(|(name, _)| !matches!(&*name, "permission" | "organization")) {
        return Err(Problem::bad_request(
            "invalid_parameter",
            "After /v1/verify/ comes what is asked, such as permission=orders.read, and then the client's own path.",
        ));
    }
    question_of_query(segment)
}

/// Ask whether the request's own key is allowed
///
/// *Forward-auth*: a proxy passes the client's `Authorization` header on, and the status is the answer. `X-Key-Id`,
/// `X-Key-Role` and `X-Organization-Id` say whose key it is. Parameters that are not known are left alone: proxies add
/// some of their own.
///
/// For proxies that ask with the client's own method and write the client's path and query behind an address of their
/// choice, as Envoy does, the question is a segment of the path: whatever the method, `/v1/verify/permission=orders.read/`
/// and all below it is answered like this.
// What the edge has taken out already reaches this only when the router is used without it.
#[utoipa::path(
    method(get, head), path = PATH, operation_id = "verify_own_key", tag = "Verification", params(ForwardAuthIn),
    responses((status = 200, description = "It is allowed.", body = Envelope<ForwardAuthOut>))
)]
async fn forward_auth_routed(State(state): State<AppState>, parts: Parts) -> Result<Response, Problem> {
    let info = parts.extensions.get::<RequestInfo>().ok_or_else(Problem::internal)?;
    let address = info.address.ok_or_else(Problem::internal)?;
    let holder = forward_auth(&state, address, &info.request_id, Target::from(&parts.uri), &parts.headers)?;
    Ok(Allowed::new(&holder, &info.request_id).into_response().map(Body::from))
}

/// Ask about somebody else's secret
///
/// Answers 200 whatever the answer is; only the caller's own key and the question itself can be refused. Secrets of other
/// organizations are unknown.
#[utoipa::path(
    post, path = PATH, operation_id = "verify_secret", tag = "Verification", request_body = QuestionIn,
    extensions(("x-permission" = json!("api.key.verify"))),
    responses((status = 200, description = "The answer.", body = Envelope<QuestionOut>))
)]
async fn question(State(state): State<AppState>, parts: Parts, body: Bytes) -> Result<Response, Problem> {
    let caller = authenticate(&state, &parts, Some(Permission::KeyVerify))?;
    check_content_type(&parts.headers, &["application/json"])?;
    let asked = In::read(&body)?;
    let info = parts.extensions.get::<RequestInfo>();
    let question = Question {
        permissions: asked.permissions,
        address: asked.address,
        organization: Some(caller.organization),
        // The caller passes on what others sent, and asks for the truth about each.
        blamed: None,
        user_agent: None,
        request_id: info.map_or("", |info| &info.request_id),
    };
    let verdict = state.backend.verify(WellFormed::read(&asked.secret), &question);
    let holder = verdict.holder.as_ref();
    let answer = envelope::ok(QuestionOut {
        allowed: verdict.outcome.is_ok(),
        reason: verdict.outcome.err(),
        key_id: holder.map(|holder| holder.key),
        role: holder.map(|holder| holder.role.name().to_owned()),
        limits: holder.map(|holder| limits::Out::all(&holder.standing)).unwrap_or_default(),
    });
    Ok(limits::told(&caller.standing, answer))
}

impl In {
    /// By hand, so that every refusal names its field and none repeats the secret. A field that is not known is
    /// refused: a mistyped `permission` would otherwise ask for nothing and be allowed.
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            Problem::bad_request("invalid_json", format!("The body is not JSON: {}.", place(&error)))
        })?;
        let Value::Object(mut fields) = value else {
            return Err(Problem::field("The body must be a JSON object with the field secret."));
        };
        let secret = match fields.remove("secret") {
            Some(Value::String(secret)) if secret.len() <= SECRET_MAX => secret,
            Some(Value::String(_)) => {
                return Err(Problem::field(format!("The field secret may have at most {SECRET_MAX} bytes.")));
            }
            Some(_) => return Err(Problem::field("The field secret must be a text.")),
            None => return Err(Problem::field("The field secret is missing: the secret key to ask about.")),
        };
        let permissions = match fields.remove("permission") {
            None | Some(Value::Null) => SmallVec::new(),
            Some(Value::Array(names)) if names.len() <= PERMISSIONS_MAX => {
                names.iter().map(permission).collect::<Result<_, _>>()?
            }
            Some(Value::Array(_)) => {
                return Err(Problem::field(format!("The field permission may list at most {PERMISSIONS_MAX} names.")));
            }
            Some(name) => smallvec![permission(&name)?],
        };
        let address = match fields.remove("ip") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(authenticate::address("The field ip", &text).map_err(Problem::field)?),
            Some(_) => return Err(Problem::field("The field ip must be a text.")),
        };
        match fields.keys().next() {
            None => Ok(Self { secret, permissions, address }),
            Some(name) => {
                let name: String = name.chars().take(40).collect();
                Err(Problem::field(format!("There is no field {name:?}; the fields are secret, permission and ip.")))
            }
        }
    }
}

fn permission(value: &Value) -> Result<AskedPermission, Problem> {
    match value {
        Value::String(name) if !name.is_empty() && name.len() <= PERMISSION_MAX => Ok(AskedPermission::read(name)),
        Value::String(_) => {
            Err(Problem::field(format!("A name in the field permission must have 1 to {PERMISSION_MAX} bytes.")))
        }
        _ => Err(Problem::field("The field permission must be a text or a list of texts.")),
    }
}

/// Where the JSON breaks, without what stands there.
fn place(error: &serde_json::Error) -> String {
    format!("it breaks at line {}, column {}", error.line(), error.column())
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    let asked = OpenApiRouter::default().routes(routes!(forward_auth_routed, question));
    // Any method, and any path behind it: nothing that an OpenAPI document could say.
    asked.route(PREFIX_PATH, any(forward_auth_routed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_body_and_any_query_is_read_without_a_panic(body: Vec<u8>, query: String) {
            _ = In::read(&body);
            _ = question_of_query(&query);
            _ = question_of_prefix(&query);
        }
    }
}
