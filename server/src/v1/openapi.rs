//! `GET /v1/openapi.json`: the whole of `/v1`, described for programs (`OpenAPI` 3.1).
//!
//! Routes, parameters and bodies are described where they are. What follows from rules that hold for all, such as which
//! refusals a request with a body can meet, is added here by those rules.

#![expect(clippy::indexing_slicing, reason = "the one document that is indexed is ours; a test reads all of it")]

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};
use utoipa::openapi::{
    KnownFormat, OpenApi, SchemaFormat,
    schema::{Array, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, Type},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{engine, idempotency, management, rate_limit, reason};
use crate::state::AppState;

/// `/v1/openapi.json`
pub const PATH: &str = "/v1/openapi.json";

/// What stands at the beginning: what holds for every route.
const ABOUT: &str = include_str!("openapi.md");

/// A character that may stand in a text: no control character, nothing that turns the direction of reading.
const ANY: &str = r"\u0000-\u001F\u007F-\u009F\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF";
/// Besides: what no text begins or ends with.
const SPACES: &str = r" \u00A0\u1680\u2000-\u200A\u202F\u205F\u3000";
/// Besides: what nobody sees. A text needs something else, too.
const BLANKS: &str = concat!(
    r"\u00AD\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180E\u200C\u200D\u2800\u3164\uFE00-\uFE0F\uFFA0",
    "\u{E0000}-\u{E0FFF}"
);
/// HTML's rule (`<input type=email>`), with the length of a label.
const EMAIL: &str = concat!(
    r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@",
    r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$"
);
/// Lower-case words joined by dots; the first is none of the console's own.
const OWN_PERMISSION: &str =
    concat!(r"^(?!(?:api|audit|ip|organization|usage)\.)", r"[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)+$");
const ANY_PERMISSION: &str = r"^[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)+$";

/// An IPv4 address, or a range of them.
const NETWORK_V4: &str = concat!(
    r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])",
    r"(?:/(?:3[0-2]|[12]?[0-9]))?"
);
/// An IPv6 address, or a range of them: written out, or with `::` at any one place. (IPv4 in the last two groups is
/// understood, too.)
const NETWORK_V6: &str = concat!(
    r"(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,7}:|:(?::[0-9A-Fa-f]{1,4}){1,7}|::",
    r"|(?:[0-9A-Fa-f]{1,4}:){1,6}:[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,5}(?::[0-9A-Fa-f]{1,4}){2}",
    r"|(?:[0-9A-Fa-f]{1,4}:){1,4}(?::[0-9A-Fa-f]{1,4}){3}|(?:[0-9A-Fa-f]{1,4}:){1,3}(?::[0-9A-Fa-f]{1,4}){4}",
    r"|(?:[0-9A-Fa-f]{1,4}:){1,2}(?::[0-9A-Fa-f]{1,4}){5}|[0-9A-Fa-f]{1,4}:(?::[0-9A-Fa-f]{1,4}){6})",
    r"(?:/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9]))?"
);

/// The pattern of `shared::field::line`, without the length.
fn line_pattern() -> String {
    let any = format!("[^{ANY}]");
    let end = format!("[^{ANY}{SPACES}]");
    let seen = format!("[^{ANY}{SPACES}{BLANKS}]");
    // Something to be seen: alone, first, last, or in between.
    format!("^(?:{seen}|{seen}{any}*{end}|{end}{any}*{seen}|{end}{any}*{seen}{any}*{end})$")
}

fn text(pattern: String, min: usize, max: usize) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .min_length((min > 0).then_some(min))
        .max_length(Some(max))
        .build()
}

fn line(max: usize) -> Object {
    text(line_pattern(), 1, max)
}

fn optional_line(max: usize) -> Object {
    text(format!("^$|{}", line_pattern()), 0, max)
}

pub(super) fn key_name() -> Object {
    line(shared::key::NAME_MAX)
}

/// Like a line, but also with line feeds and tabs inside, and of nothing but what nobody sees if somebody likes.
pub(super) fn key_notes() -> Object {
    let any = format!(r"(?:[^{ANY}]|[\t\n])");
    let end = format!("[^{ANY}{SPACES}]");
    text(format!("^(?:{end}(?:{any}*{end})?)?$"), 0, shared::key::NOTES_MAX)
}

pub(super) fn key_deployed_to() -> Object {
    optional_line(shared::key::DEPLOYED_TO_MAX)
}

pub(super) fn reason() -> Object {
    optional_line(shared::key::REASON_MAX)
}

/// Where there has to be one.
pub(super) fn needed_reason() -> Object {
    line(shared::key::REASON_MAX)
}

pub(super) fn role_name() -> Object {
    line(shared::role::NAME_MAX)
}

pub(super) fn role_description() -> Object {
    optional_line(shared::role::DESCRIPTION_MAX)
}

pub(super) fn organization_name() -> Object {
    line(shared::account::ORGANIZATION_NAME_MAX)
}

pub(super) fn due_days() -> Object {
    let days =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(shared::rotation::DUE_DAYS_MAX));
    days.description(Some("After how many days keys in production, or all others, are due for rotation.")).build()
}

pub(super) fn permission_description() -> Object {
    line(shared::permission::DESCRIPTION_MAX)
}

pub(super) fn own_permission_name() -> Object {
    text(OWN_PERMISSION.to_owned(), shared::permission::NAME_MIN, shared::permission::NAME_MAX)
}

pub(super) fn any_permission_name() -> Object {
    text(ANY_PERMISSION.to_owned(), shared::permission::NAME_MIN, shared::permission::NAME_MAX)
}

pub(super) fn permission_names() -> Array {
    ArrayBuilder::new().items(any_permission_name()).build()
}

pub(super) fn email() -> Object {
    text(EMAIL.to_owned(), 3, shared::account::EMAIL_MAX)
}

pub(super) fn role_ids() -> Array {
    use utoipa::PartialSchema as _;
    ArrayBuilder::new().items(shared::RoleId::schema()).min_items(Some(1)).build()
}

pub(super) fn whitelist_label() -> Object {
    optional_line(shared::whitelist::LABEL_MAX)
}

pub(super) fn network() -> Object {
    text(format!("^(?:{NETWORK_V4}|{NETWORK_V6})$"), 2, 64)
}

pub(super) fn networks() -> Array {
    ArrayBuilder::new().items(network()).max_items(Some(shared::whitelist::KEY_NETWORKS_MAX)).build()
}

pub(super) fn limit() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(backend::slice::LIMIT_MAX))
        .default(Some(backend::slice::LIMIT_DEFAULT.into()))
        .build()
}

pub(super) fn cursor() -> Object {
    text("^[A-Za-z0-9_-]+$".to_owned(), 1, backend::slice::CURSOR_MAX)
}

pub(super) fn webhook_url() -> Object {
    text(
        r"^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~/=&?-]*)?$".to_owned(),
        1,
        shared::webhook::URL_MAX,
    )
}

pub(super) fn webhook_description() -> Object {
    optional_line(shared::webhook::DESCRIPTION_MAX)
}

pub(super) fn kind_to_mute() -> Object {
    let kinds = shared::alert::AlertKind::ALL.iter().filter(|kind| kind.can_be_muted());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(kinds.map(|kind| kind.code()))).build()
}

pub(super) fn threshold() -> Object {
    let (min, max) = shared::alert::THRESHOLD_BOUNDS;
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max)).build()
}

fn of_format(format: KnownFormat) -> Object {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format))).build()
}

pub(super) fn address() -> Schema {
    Schema::OneOf(OneOfBuilder::new().item(of_format(KnownFormat::Ipv4)).item(of_format(KnownFormat::Ipv6)).build())
}

pub(super) fn address_or_null() -> Schema {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    Schema::OneOf(
        OneOfBuilder::new().item(of_format(KnownFormat::Ipv4)).item(of_format(KnownFormat::Ipv6)).item(null).build(),
    )
}

pub(super) fn asked_permissions() -> Object {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(shared::explain::PERMISSIONS_MAX)).build()
}

pub(super) fn zone() -> Object {
    let kinds = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];
    let examples = kinds.map(Value::from);
    ObjectBuilder::new().schema_type(Type::String).examples(examples).build()
}

pub(super) fn asked_permission() -> Schema {
    let name = || ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(100));
    Schema::OneOf(
        OneOfBuilder::new()
            .item(name())
            .item(ArrayBuilder::new().items(name()).max_items(Some(50)))
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .build(),
    )
}

/// The document, as it is served.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| serde_json::to_string_pretty(&*VALUE).unwrap_or_default() + "\n");
static VALUE: LazyLock<Value> = LazyLock::new(|| {
    let described: OpenApi = engine().merge(management()).into_openapi();
    complete(serde_json::to_value(described).unwrap_or_default())
});

/// The document as text.
#[must_use]
pub fn document() -> &'static str {
    &DOCUMENT
}

/// The document as JSON.
#[must_use]
pub fn value() -> &'static Value {
    &VALUE
}

/// Read this description
#[utoipa::path(
    get, path = PATH, operation_id = "get_openapi", tag = "Service", security(()),
    responses((status = 200, description = "This document.", body = Object, content_type = "application/json"))
)]
async fn openapi() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], document()).into_response()
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(openapi))
}

/// The groups, in the order in which they are read, with a sentence for each.
const TAGS: &[(&str, &str)] = &[
    ("Verification", "Ask whether a key is allowed. Answered from memory; not counted as management."),
    ("IPAware API", "The protected example."),
    ("Keys", "The organization's API keys."),
    ("Roles", "Named sets of permissions. A key has exactly one, a member may have several."),
    ("Permissions", "What a role can hold: the console's catalogue, and the names of your own application."),
    (
        "Members",
        "Who belongs to the organization. What only a person may do is not here: leaving, handing the ownership on, their own account.",
    ),
    ("Invitations", "People who were invited and have not accepted yet."),
    (
        "Whitelist",
        "The addresses that keys may be used from: off, only reporting, or on. A key can have a list of its own, too.",
    ),
    ("Alerts", "What somebody should look at, from when on, and who hears of it."),
    ("Webhooks", "Where alerts are posted to, in the format of Standard Webhooks, and what became of each message."),
    ("Organization", "The organization that the calling key belongs to."),
    ("Usage", "How much is used, what is refused, and why."),
    ("Audit", "Who did what, and who tried what they may not. Every entry carries the hash of the one before."),
    ("Service", "The server itself."),
];

/// Which of them manage something.
const MANAGEMENT: &[&str] = &[
    "Keys",
    "Roles",
    "Permissions",
    "Members",
    "Invitations",
    "Whitelist",
    "Alerts",
    "Webhooks",
    "Organization",
    "Usage",
    "Audit",
];

/// Every refusal there is, by its status, with the name of its description.
const REFUSALS: &[(u16, &str)] = &[
    (400, "BadRequest"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "NotFound"),
    (405, "MethodNotAllowed"),
    (408, "RequestTimeout"),
    (409, "Conflict"),
    (412, "PreconditionFailed"),
    (413, "PayloadTooLarge"),
    (415, "UnsupportedMediaType"),
    (422, "UnprocessableEntity"),
    (428, "PreconditionRequired"),
    (429, "TooManyRequests"),
    (500, "InternalServerError"),
    (503, "ServiceUnavailable"),
];

/// Adds what follows from the rules.
fn complete(mut document: Value) -> Value {
    document["info"] = json!({
        "title": "IPAware API Keys",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Manage API keys, and ask whether they are allowed.",
        "description": ABOUT,
        "license": { "name": "Apache License 2.0", "identifier": "Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/", "description": "This server." }]);
    document["security"] = json!([{ "bearer": [] }]);
    document["tags"] = TAGS.iter().map(|(name, says)| json!({ "name": name, "description": says })).collect();
    document["components"]["securitySchemes"] = json!({ "bearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "ipaware_<prod|stage|dev>_…",
        "description": "The secret of a key, as `Authorization: Bearer <secret>`. In a query or a cookie it is not looked at.",
    } });
    document["components"]["headers"] = headers();
    document["components"]["responses"] =
        REFUSALS.iter().map(|(status, name)| ((*name).to_owned(), refusal(*status))).collect();
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            describe(path, method, operation);
        }
    }
    name_what_is_enveloped(&mut document);
    link(&mut document);
    // A change that names nothing to change is refused.
    for body in [
        "KeyUpdate",
        "RoleUpdate",
        "WhitelistEntryUpdate",
        "AlertSettingsUpdate",
        "WebhookUpdate",
        "OrganizationUpdate",
    ] {
        document["components"]["schemas"][body]["minProperties"] = 1.into();
    }
    // Described by hand, since it is read by hand.
    document["components"]["schemas"]["Question"]["additionalProperties"] = false.into();
    show_answers(&mut document);
    document
}

/// Puts a reference in place of what was written out inside of an envelope and has a name of its own.
fn name_what_is_enveloped(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let names: Vec<String> = schemas.keys().cloned().collect();
    for envelope in &names {
        let Some(name) = envelope.strip_prefix("Envelope_") else { continue };
        let (name, place) = match name.strip_prefix("Page_") {
            Some(row) => (row, "/properties/data/properties/items/items"),
            None => (name, "/properties/data"),
        };
        let place = schemas.get_mut(envelope).and_then(|schema| schema.pointer_mut(place));
        if let (Some(place), true) = (place, names.iter().any(|other| other == name)) {
            *place = reference("schemas", name);
        }
    }
}

/// Gives every good answer an example.
fn show_answers(document: &mut Value) {
    let components = json!({ "components": document["components"] });
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            let Some(content) = response.pointer_mut("/content/application~1json") else { continue };
            let is_enveloped = content["schema"]["$ref"].as_str().is_some_and(|name| name.contains("/Envelope_"));
            if is_enveloped && content.get("example").is_none() {
                let mut example = super::example::of(&components, &content["schema"]);
                if let Ok(status) = status.parse::<StatusCode>() {
                    example["code"] = status.as_u16().into();
                    example["output"] = status.canonical_reason().into();
                }
                content["example"] = example;
            }
        }
    }
}

fn describe(path: &str, method: &str, operation: &mut Value) {
    let tag = operation["tags"][0].as_str().unwrap_or_default().to_owned();
    let is_management = MANAGEMENT.contains(&tag.as_str());
    let has_body = operation.get("requestBody").is_some();
    let is_read = matches!(method, "get" | "head");
    if method == "head" {
        operation["operationId"] = "verify_own_key_head".into();
        operation["summary"] = "The same without a body".into();
    }
    // A parameter that may be left out is not therefore one that may be `null`.
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        not_null(&mut parameter["schema"]);
    }
    if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json/schema") {
        not_null(body);
    }

    let mut statuses = vec![400, 500];
    if tag != "Service" {
        statuses.extend([401, 403, 429]);
    }
    // All but one wait for the keys.
    if path != super::HEALTH {
        statuses.push(503);
    }
    if !is_read {
        statuses.extend([408, 413]);
    }
    if has_body {
        statuses.extend([415, 422]);
    }
    if is_management {
        if path.contains('{') {
            statuses.push(404);
        }
        match method {
            "post" => statuses.extend([409, 422]),
            "patch" | "put" => statuses.extend([409, 412, 428]),
            "delete" => statuses.extend([409, 412]),
            _ => {}
        }
    }
    // Counts have no state that an edit could be meant for.
    let has_tag = is_management && tag != "Usage" && shows_one_thing(operation);
    let mut parameters = Vec::new();
    match method {
        "post" if is_management => parameters.push(idempotency_key()),
        "patch" | "put" => parameters.push(if_match(true)),
        "delete" => parameters.push(if_match(false)),
        "get" if has_tag => parameters.push(json!({
            "name": "If-None-Match", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "The `ETag` of what is known already: 304 when nothing has changed.",
        })),
        _ => {}
    }
    if !parameters.is_empty() {
        let all = operation.as_object_mut().map(|o| o.entry("parameters").or_insert_with(|| json!([])));
        if let Some(Value::Array(all)) = all {
            all.extend(parameters);
        }
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses.iter_mut() {
        let mut names = vec!["X-Request-Id"];
        if tag != "Service" {
            names.extend(["RateLimit-Policy", "RateLimit"]);
        }
        if is_management {
            if has_tag {
                names.push("ETag");
            }
            if status == "201" {
                names.push("Location");
            }
            if method == "post" {
                names.push("Idempotency-Replayed");
            }
        }
        if operation_verifies(path, method) {
            names.extend(["X-Key-Id", "X-Key-Role", "X-Organization-Id"]);
        }
        response["headers"] = names.into_iter().map(|name| (name.to_owned(), reference("headers", name))).collect();
        if method == "head" {
            response.as_object_mut().map(|response| response.remove("content"));
        }
    }
    if has_tag && method == "get" {
        responses.insert(
            "304".to_owned(),
            json!({
                "description": "Nothing has changed.", "headers": { "ETag": reference("headers", "ETag") },
            }),
        );
    }
    for (status, name) in REFUSALS.iter().filter(|(status, _)| statuses.contains(status)) {
        let response = match method {
            // What answers to HEAD has no body.
            "head" => json!({ "description": StatusCode::from_u16(*status).ok().and_then(|s| s.canonical_reason()) }),
            _ => reference("responses", name),
        };
        responses.insert(status.to_string(), response);
    }
}

/// Says where the ids come from that paths ask for: whatever is made or listed can be read, changed and so on.
fn link(document: &mut Value) {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations: Vec<(String, String, String)> = paths
        .flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |(_, operation)| (path, operation)))
        .filter_map(|(path, operation)| {
            let name = operation["operationId"].as_str()?.to_owned();
            let parameter = path.split_once('{')?.1.split_once('}')?.0.to_owned();
            Some((path.split("/{").next()?.to_owned(), parameter, name))
        })
        .collect();
    for (path, method, status, place) in [
        ("/v1/keys", "post", "201", "key/id"),
        ("/v1/keys", "get", "200", "items/0/id"),
        ("/v1/roles", "post", "201", "id"),
        ("/v1/roles", "get", "200", "items/0/id"),
        ("/v1/permissions", "post", "201", "name"),
        ("/v1/permissions", "get", "200", "items/0/name"),
        ("/v1/members", "get", "200", "items/0/id"),
        ("/v1/invitations", "post", "201", "invitation/id"),
        ("/v1/invitations", "get", "200", "items/0/id"),
        ("/v1/audit", "get", "200", "items/0/seq"),
        ("/v1/whitelist", "post", "201", "id"),
        ("/v1/whitelist", "get", "200", "items/0/id"),
        ("/v1/alerts", "get", "200", "items/0/id"),
        ("/v1/alert-mutes", "get", "200", "items/0/id"),
        ("/v1/webhooks", "post", "201", "webhook/id"),
        ("/v1/webhooks", "get", "200", "items/0/id"),
    ] {
        let next = operations.iter().filter(|(folder, ..)| folder == path).map(|(_, parameter, name)| {
            let from = format!("$response.body#/data/{place}");
            (name.clone(), json!({ "operationId": name, "parameters": { parameter: from } }))
        });
        document["paths"][path][method]["responses"][status]["links"] = next.collect();
    }
}

fn operation_verifies(path: &str, method: &str) -> bool {
    path == super::verify::PATH && method != "post"
}

/// Whether the good answer is about one thing, so that it has an `ETag`.
fn shows_one_thing(operation: &Value) -> bool {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let mut schemas =
        responses.filter_map(|(_, response)| response["content"]["application/json"]["schema"]["$ref"].as_str());
    schemas.all(|name| !["Page_", "Deleted", "Link"].iter().any(|part| name.contains(part)))
}

fn not_null(schema: &mut Value) {
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("oneOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [only] = choices.as_slice() {
            *schema = only.clone();
        }
    }
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Chosen by you for this one request. Sent again within 24 hours, the request is not carried out again, and is answered as before.",
        "schema": { "type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": idempotency::MAX },
    })
}

fn if_match(required: bool) -> Value {
    let says = if required {
        "The `ETag` that you have read: the change is refused if somebody else was quicker. `*` stands for any state."
    } else {
        "The `ETag` that you have read: nothing is deleted if somebody has changed it since."
    };
    json!({
        "name": "If-Match", "in": "header", "required": required, "description": says,
        "schema": { "type": "string", "pattern": r#"^(?:\*|"[!#-~]+")$"#, "examples": ["*"] },
    })
}

fn headers() -> Value {
    let text = |says: &str| json!({ "description": says, "schema": { "type": "string" } });
    let quota = rate_limit::PER_MINUTE;
    json!({
        "X-Request-Id": { "description": "Ties the answer to our log.", "schema": { "type": "string", "pattern": "^req_[0-9A-Za-z]{22}$" } },
        "ETag": { "description": "Which state this is; for `If-Match` and `If-None-Match`.", "schema": { "type": "string", "pattern": r#"^"[!#-~]+"$"# } },
        "Location": text("Where the new thing is."),
        "Idempotency-Replayed": { "description": "Set when this was answered before.", "schema": { "type": "string", "enum": ["true"] } },
        "RateLimit-Policy": text(&format!("How many requests (q) in how many seconds (w): `\"management\";q={quota};w=60` of what manages something; `second`, `minute`, `hour`, `day` of the key; `month` of the organization. Only what there is a limit for.")),
        "RateLimit": text("How many are left of each (r), and in how many seconds all are there again (t): `\"management\";r=599;t=1`."),
        "Retry-After": { "description": "After how many seconds to try again.", "schema": { "type": "string", "pattern": "^[0-9]+$" } },
        "WWW-Authenticate": text("RFC 6750, section 3."),
        "Allow": text("The methods that the path answers to."),
        "X-Key-Id": text("Which key it is."),
        "X-Key-Role": text("The name of its role."),
        "X-Organization-Id": text("Whose key it is."),
    })
}

/// What every refusal with this status looks like.
fn refusal(status: u16) -> Value {
    let words: Vec<_> = reason::of_status(status).collect();
    let in_words = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let meanings: String = words.iter().map(|(word, means)| format!("\n- `{word}`: {means}")).collect();
    let mut names = vec!["X-Request-Id"];
    names.extend(match status {
        400 | 403 => &["WWW-Authenticate"][..],
        401 => &["WWW-Authenticate"],
        405 => &["Allow"],
        412 => &["ETag"],
        429 => &["Retry-After", "RateLimit-Policy", "RateLimit"],
        _ => &[],
    });
    let names: Map<String, Value> =
        names.into_iter().map(|name| (name.to_owned(), reference("headers", name))).collect();
    json!({
        "description": format!("{in_words}.\n{meanings}"),
        "headers": names,
        "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["code", "data", "output", "error"],
            "additionalProperties": false,
            "properties": {
                "code": { "type": "integer", "const": status },
                "data": { "type": "null" },
                "output": { "type": "string", "description": "The status in words." },
                "error": {
                    "type": "object",
                    "required": ["reason", "detail", "request_id"],
                    "additionalProperties": false,
                    "properties": {
                        "reason": {
                            "type": "string", "enum": words.iter().map(|(word, _)| word).collect::<Vec<_>>(),
                            "description": "A word for programs.",
                        },
                        "detail": { "type": "string", "description": "A sentence for people." },
                        "request_id": { "type": "string", "pattern": "^req_[0-9A-Za-z]{22}$" },
                        "fields": {
                            "type": "array", "description": "The fields that are wrong.",
                            "items": {
                                "type": "object",
                                "required": ["field", "message"],
                                "additionalProperties": false,
                                "properties": { "field": { "type": "string" }, "message": { "type": "string" } },
                            },
                        },
                    },
                },
            },
        } } },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;
    use shared::{account, field, network::Network, permission};

    use super::*;

    /// The crate has no look-ahead, so the one that some names need is asked for apart.
    fn matches(pattern: &str, text: &str) -> bool {
        let (reserved, pattern) = match pattern.strip_prefix("^(?!") {
            Some(rest) => {
                rest.split_once("\\.)").map(|(words, rest)| (Some(format!("^{words}\\.")), format!("^{rest}")))
            }
            None => Some((None, pattern.to_owned())),
        }
        .expect("a look-ahead");
        let is = |pattern: &str| Regex::new(pattern).expect("a pattern").is_match(text);
        is(&pattern) && !reserved.is_some_and(|reserved| is(&reserved))
    }

    fn is_kept(rule: Result<String, String>, text: &str) -> bool {
        rule.is_ok_and(|kept| kept == text)
    }

    /// Texts with everything in them that the rules look at.
    fn odd_text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            ' ',
            '\t',
            '\n',
            '\0',
            'a',
            'Z',
            '9',
            '-',
            '_',
            '.',
            '@',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{202f}',
            '\u{205f}',
            '\u{2060}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{feff}',
            '\u{fe0f}',
            '\u{e0020}',
            '\u{e1000}',
            '👩',
        ]);
        prop::collection::vec(prop_oneof![4 => odd, 1 => any::<char>()], 0..6).prop_map(String::from_iter)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_patterns_say_what_the_rules_say(text in odd_text()) {
            prop_assert_eq!(matches(&line_pattern(), &text), is_kept(field::line("x", &text, 80), &text), "{:?}", text);
        }

        #[test]
        fn the_pattern_of_an_email_says_what_its_rule_says(text in "[a-c.@ -]{0,12}") {
            let text = text.as_str();
            prop_assert_eq!(matches(EMAIL, text), is_kept(account::email(text), text), "{:?}", text);
        }

        #[test]
        fn the_pattern_of_a_permission_says_what_its_rule_says(text in "(api|usage|orders|[a-c1._-]{0,3})[a-cA.0 _-]{0,8}") {
            let long_enough = text.len() >= permission::NAME_MIN;
            let kept = is_kept(permission::application_permission_name(&text), &text);
            prop_assert_eq!(matches(OWN_PERMISSION, &text) && long_enough, kept, "{:?}", text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// What the pattern knows is understood. More is: IPv4 inside of IPv6.
        #[test]
        fn the_pattern_of_a_network_says_what_its_rule_says(text in "([0-9]{1,3}\\.){3}[0-9]{1,3}(/[0-9]{1,3})?|[0-9a-f:]{2,20}(/[0-9]{1,3})?") {
            let network = network().pattern.expect("a pattern");
            let is_mapped = text.parse::<std::net::Ipv6Addr>().is_ok_and(|v6| v6.to_ipv4_mapped().is_some());
            if !is_mapped {
                prop_assert_eq!(matches(&network, &text), Network::read(&text).is_ok(), "{}", text);
            }
        }
    }

    #[test]
    fn every_name_of_the_catalogue_can_stand_in_a_role() {
        for permission in shared::Permission::ALL {
            assert!(matches(ANY_PERMISSION, permission.name()), "{permission}");
        }
    }
}
