//! The reference of `/v1`, made of the same document that `/v1/openapi.json` is.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a name or a place that is not there is null")]

use std::iter;

use http::StatusCode;
use maud::{Markup, html};
use serde_json::Value;
use shared::path;

use super::{Page, anchor, body, markdown};
use crate::v1::{example, openapi, reason};

const REFUSALS: &str = "/docs/refusals";
const OBJECTS: &str = "/docs/objects";

/// All pages: what there is, each group of operations, the refusals and the objects. One page of everything would be
/// a hundred screens long, which phones are slow to lay out and readers to find their place in.
pub(super) fn pages() -> Vec<Page> {
    let reference = Reference(openapi::value());
    let index = Chapter {
        path: path::REFERENCE.to_owned(),
        title: "API reference",
        places: Vec::new(),
        main: reference.index(),
    };
    let chapters: Vec<_> = iter::once(index)
        .chain(reference.groups().map(|group| reference.group(&group)))
        .chain([refusals(), reference.objects()])
        .collect();
    chapters
        .iter()
        .map(|chapter| Page {
            path: chapter.path.clone(),
            title: chapter.title.to_owned(),
            body: body(&contents(&chapters, chapter), &chapter.main).into_string(),
        })
        .collect()
}

/// A page before it has the contents beside it.
struct Chapter<'d> {
    path: String,
    title: &'d str,
    /// What there is to jump to, by its anchor.
    places: Vec<(&'d str, &'d str)>,
    main: Markup,
}

/// Every page, and what is on the one that is shown.
fn contents(chapters: &[Chapter<'_>], shown: &Chapter<'_>) -> Markup {
    html! {
        @for Chapter { path, title, places, .. } in chapters {
            @let is_shown = *path == shown.path;
            li {
                a href=(path) aria-current=[is_shown.then_some("page")] { (title) }
                @if is_shown && !places.is_empty() {
                    ul { @for (anchor, name) in places { li { a href=(format!("#{anchor}")) { (name) } } } }
                }
            }
        }
    }
}

/// The document, of which every part of the page is made.
struct Reference<'d>(&'d Value);

/// A route, by what it is called, and where and how it is reached.
struct Operation<'d> {
    path: &'d str,
    method: &'d str,
    about: &'d Value,
}

impl<'d> Operation<'d> {
    fn id(&self) -> &'d str {
        text(&self.about["operationId"])
    }

    fn tag(&self) -> &'d str {
        text(&self.about["tags"][0])
    }

    fn summary(&self) -> &'d str {
        text(&self.about["summary"])
    }
}

/// Operations that belong together.
struct Group<'d> {
    name: &'d str,
    description: &'d str,
}

impl Group<'_> {
    fn path(&self) -> String {
        format!("{}/{}", path::REFERENCE, anchor(self.name))
    }
}

impl<'d> Reference<'d> {
    /// Every operation by its method and path, so that whoever knows either finds it by the browser's search.
    fn index(&self) -> Markup {
        let Self(document) = self;
        html! {
            h1 { "API reference" }
            p.muted { "Version " (text(&document["info"]["version"])) }
            (markdown(text(&document["info"]["description"])))
            @for group in self.groups() {
                section aria-labelledby=(anchor(group.name)) {
                    h2 id=(anchor(group.name)) { a href=(group.path()) { (group.name) } }
                    (markdown(group.description))
                    ul.docs-index {
                        @for operation in self.operations().filter(|operation| operation.tag() == group.name) {
                            li {
                                (route(&operation))
                                a href=(format!("{}#{}", group.path(), operation.id())) { (operation.summary()) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn groups(&self) -> impl Iterator<Item = Group<'d>> {
        each(&self.0["tags"]).map(|tag| Group { name: text(&tag["name"]), description: text(&tag["description"]) })
    }

    fn operations(&self) -> impl Iterator<Item = Operation<'d>> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        let all = paths.flat_map(|(path, item)| {
            let methods = ["get", "head", "post", "put", "patch", "delete"];
            methods.into_iter().filter_map(move |method| Some(Operation { path, method, about: item.get(method)? }))
        });
        // HEAD is GET without a body, and is said there.
        all.filter(|operation| operation.method != "head")
    }

    fn group(&self, group: &Group<'d>) -> Chapter<'d> {
        let operations: Vec<_> = self.operations().filter(|operation| operation.tag() == group.name).collect();
        Chapter {
            path: group.path(),
            title: group.name,
            places: operations.iter().map(|operation| (operation.id(), operation.summary())).collect(),
            main: html! {
                h1 { (group.name) }
                (markdown(group.description))
                @for operation in &operations { (self.operation(operation)) }
            },
        }
    }

    fn operation(&self, operation: &Operation<'_>) -> Markup {
        let Operation { path, method, about } = operation;
        let also_head = self.0["paths"][path].get("head").is_some() && *method == "get";
        let body = about.pointer("/requestBody/content/application~1json/schema");
        html! {
            article.docs-operation aria-labelledby=(operation.id()) {
                h2 id=(operation.id()) {
                    a href=(format!("#{}", operation.id())) { (operation.summary()) }
                }
                (route(operation))
                @if also_head { p.muted { "HEAD is answered alike, without a body." } }
                (markdown(text(&about["description"])))
                p { (permission(about)) }
                @if about["parameters"].get(0).is_some() {
                    h3 { "Parameters" }
                    dl.docs-fields {
                        @for parameter in each(&about["parameters"]) {
                            (self.field(
                                text(&parameter["name"]),
                                &parameter["schema"],
                                text(&parameter["description"]),
                                &format!("{}, {}", text(&parameter["in"]), needed(parameter["required"] == true)),
                            ))
                        }
                    }
                }
                @if let Some(schema) = body {
                    h3 { "Body" }
                    p { (self.kind(schema)) @if about["requestBody"]["required"] != true { ", which may be left out" } }
                    (self.fields(self.resolved(schema)))
                }
                h3 { "Answers" }
                (self.answers(about))
                h3 { "Example" }
                (listing(&self.curl(operation)))
                @if let Some(example) = good(about).and_then(|(_, response)| example_of(response)) {
                    (listing(&pretty(example)))
                }
            }
        }
    }

    fn answers(&self, about: &Value) -> Markup {
        let responses = about["responses"].as_object().into_iter().flatten();
        let (good, refused): (Vec<_>, Vec<_>) = responses
            .partition(|(status, response)| status.starts_with(['2', '3']) || response.get("content").is_some());
        html! {
            dl.docs-fields {
                @for (status, response) in good {
                    dt { code { (status) } }
                    dd {
                        p { (text(&response["description"])) }
                        @if let Some(data) = self.data(response) { p { code { "data" } ": " (self.kind(data)) } }
                        @if let Some(headers) = response["headers"].as_object() {
                            p.muted {
                                "Headers: "
                                @for (at, name) in headers.keys().enumerate() { @if at > 0 { ", " } code { (name) } }
                            }
                        }
                    }
                }
                dt { "Refusals" }
                dd {
                    p {
                        @for (at, (status, _)) in refused.iter().enumerate() {
                            @if at > 0 { ", " }
                            a href=(format!("{REFUSALS}#refusal-{status}")) { (status) }
                        }
                    }
                }
            }
        }
    }

    /// What a good answer's envelope holds.
    fn data(&self, response: &'d Value) -> Option<&'d Value> {
        let envelope = self.resolved(response.pointer("/content/application~1json/schema")?);
        envelope.pointer("/properties/data")
    }

    fn objects(&self) -> Chapter<'d> {
        let schemas = self.0["components"]["schemas"].as_object().into_iter().flatten();
        Chapter {
            path: OBJECTS.to_owned(),
            title: "Objects",
            places: Vec::new(),
            main: html! {
                h1 { "Objects" }
                p { "What bodies and answers are made of, by name." }
                @for (name, schema) in schemas.filter(|(name, _)| !name.starts_with("Envelope_")) {
                    article.docs-operation aria-labelledby=(format!("object-{name}")) {
                        h2 id=(format!("object-{name}")) { (name) }
                        (markdown(text(&schema["description"])))
                        @if schema.get("properties").is_some() {
                            (self.fields(schema))
                        } @else {
                            p { (self.kind(schema)) }
                            @if let Some(pattern) = schema["pattern"].as_str() { p.muted { code { (pattern) } } }
                        }
                    }
                }
            },
        }
    }

    /// The fields of an object.
    fn fields(&self, schema: &Value) -> Markup {
        let needs = |name: &str| each(&schema["required"]).any(|required| required == name);
        html! {
            dl.docs-fields {
                @for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                    // What stands beside a reference, or beside the one choice that is not `null`.
                    @let says = field["description"].as_str().or_else(|| {
                        each(&field["oneOf"]).find_map(|choice| choice["description"].as_str())
                    });
                    (self.field(name, field, says.unwrap_or_default(), needed(needs(name))))
                }
            }
        }
    }

    fn field(&self, name: &str, schema: &Value, says: &str, more: &str) -> Markup {
        html! {
            dt { code { (name) } }
            dd {
                p.muted { (self.kind(schema)) ", " (more) }
                (markdown(says))
            }
        }
    }

    /// What kind of value it is, in words.
    fn kind(&self, schema: &Value) -> Markup {
        if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
            return html! { a href=(format!("{OBJECTS}#object-{name}")) { (name) } };
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return html! {
                @for (at, choice) in choices.iter().enumerate() { @if at > 0 { " or " } (self.kind(choice)) }
            };
        }
        if let Some(words) = schema["enum"].as_array() {
            return html! {
                @for (at, word) in words.iter().enumerate() { @if at > 0 { ", " } code { (text(word)) } }
            };
        }
        let kinds: Vec<_> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().map(text).collect(),
            kind => vec![text(kind)],
        };
        html! {
            @for (at, kind) in kinds.into_iter().enumerate() {
                @if at > 0 { " or " }
                @match kind {
                    "array" => { "list of " (self.kind(&schema["items"])) }
                    "object" if schema.get("properties").is_some() => {
                        "object with "
                        @for (at, (name, field)) in schema["properties"].as_object().into_iter().flatten().enumerate() {
                            @if at > 0 { ", " }
                            code { (name) } ": " (self.kind(field))
                        }
                    }
                    "string" => { (schema["format"].as_str().unwrap_or("text")) (lengths(schema)) }
                    "integer" => { "number" (bounds(schema)) }
                    kind => (kind)
                }
            }
        }
    }

    fn resolved(&self, schema: &'d Value) -> &'d Value {
        let target = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        target.and_then(|pointer| self.0.pointer(pointer)).unwrap_or(schema)
    }

    /// How it is called from a shell.
    fn curl(&self, operation: &Operation<'_>) -> String {
        let Operation { path, method, about } = operation;
        let mut path = (*path).to_owned();
        let mut lines = Vec::new();
        if about["security"] != serde_json::json!([{}]) {
            lines.push("-H \"Authorization: Bearer $IPAWARE_SECRET\"".to_owned());
        }
        for parameter in each(&about["parameters"]) {
            let name = text(&parameter["name"]);
            match text(&parameter["in"]) {
                "path" => {
                    let value = example::of(self.0, &parameter["schema"]);
                    let value = if name == "name" { "orders.read" } else { text(&value) };
                    path = path.replace(&format!("{{{name}}}"), value);
                }
                "header" if name == "Idempotency-Key" => lines.push("-H \"Idempotency-Key: $(uuidgen)\"".to_owned()),
                "header" if parameter["required"] == true => lines.push(format!("-H \"{name}: $ETAG\"")),
                _ => {}
            }
        }
        if let Some(schema) = about.pointer("/requestBody/content/application~1json/schema") {
            let body = example::of(self.0, schema).to_string().replace('\'', r"'\''");
            lines.push("-H \"Content-Type: application/json\"".to_owned());
            lines.push(format!("-d '{body}'"));
        }
        let method = if *method == "get" { String::new() } else { format!("-X {} ", method.to_uppercase()) };
        lines.insert(0, format!("curl {method}\"$IPAWARE_URL{path}\""));
        lines.join(" \\\n  ")
    }
}

/// Every status that refuses, with its words.
fn refusals() -> Chapter<'static> {
    let statuses = (400..600).filter_map(|status| {
        let words: Vec<_> = reason::of_status(status).collect();
        let name = StatusCode::from_u16(status).ok()?.canonical_reason()?;
        (!words.is_empty()).then_some((status, name, words))
    });
    Chapter {
        path: REFUSALS.to_owned(),
        title: "Refusals",
        places: Vec::new(),
        main: html! {
            h1 { "Refusals" }
            p { "What " code { "error.reason" } " says, by status." }
            @for (status, name, words) in statuses {
                article.docs-operation aria-labelledby=(format!("refusal-{status}")) {
                    h2 id=(format!("refusal-{status}")) { (status) " " (name) }
                    dl.docs-fields {
                        @for (word, means) in words {
                            dt { code { (word) } }
                            dd { (markdown(means)) }
                        }
                    }
                }
            }
        },
    }
}

fn route(Operation { path, method, .. }: &Operation<'_>) -> Markup {
    html! {
        p.docs-route {
            span.docs-method data-method=(method) { (method.to_uppercase()) }
            code { (path) }
        }
    }
}

fn permission(about: &Value) -> Markup {
    match about["x-permission"].as_str() {
        Some(name) => html! { "Needs the permission " code { (name) } "." },
        None if about.get("security").is_some() => html! { "Anybody may ask." },
        None => html! { "Needs a key, and no permission." },
    }
}

/// The answer to a request that was carried out.
fn good(about: &Value) -> Option<(&String, &Value)> {
    about["responses"].as_object()?.iter().find(|(status, _)| status.starts_with('2'))
}

fn example_of(response: &Value) -> Option<&Value> {
    response.pointer("/content/application~1json/example")
}

fn needed(is_required: bool) -> &'static str {
    if is_required { "required" } else { "optional" }
}

fn lengths(schema: &Value) -> String {
    match (schema["minLength"].as_u64(), schema["maxLength"].as_u64()) {
        (Some(min), Some(max)) if min == max => format!(" of {max} characters"),
        (Some(min), Some(max)) => format!(" of {min} to {max} characters"),
        (None, Some(max)) => format!(" of at most {max} characters"),
        _ => String::new(),
    }
}

fn bounds(schema: &Value) -> String {
    let mut out = match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        _ => String::new(),
    };
    if let Some(default) = schema["default"].as_i64() {
        out += &format!(", {default} by default");
    }
    out
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Can be scrolled with the keyboard where it is wider than the page.
fn listing(text: &str) -> Markup {
    html! { pre tabindex="0" { code { (text) } } }
}
