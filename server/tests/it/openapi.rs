//! `/v1/openapi.json`: what it says is what there is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::both_databases;

/// Where it lies in the repository, for whoever reads it without a server.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

fn document() -> Value {
    serde_json::from_str(server::v1::openapi::document()).expect("JSON")
}

/// Method, path, description.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("operations").iter();
            methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
        })
        .collect()
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let served = server::v1::openapi::document();
    // `cargo xtask openapi` asks for it.
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, served).expect("docs/openapi.json can be written");
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(committed == served, "docs/openapi.json is not what the code says. Write it anew: cargo xtask openapi");
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let document = document();
    let described: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    // Any method and any path below it: the description of the operation above says so in words.
    let routes = server::v1::ROUTES.iter().filter(|(_, path)| *path != server::v1::verify::PREFIX_PATH);
    let there: BTreeSet<_> = routes.map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(described, there);
}

#[test]
fn every_operation_has_a_name_a_sentence_and_the_refusals_that_follow_from_what_it_is() {
    let document = document();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name.to_owned()), "{name} twice");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{method} {path}");
        let answers = |status: &str| operation["responses"].get(status).is_some();
        assert!(answers("200") || answers("201"), "{method} {path}");
        assert_eq!(answers("401"), !matches!(path.as_str(), "/v1/health" | "/v1/openapi.json"), "{method} {path}");
        assert_eq!(answers("428"), matches!(method.as_str(), "PATCH" | "PUT"), "{method} {path}");
        assert_eq!(answers("415"), operation.get("requestBody").is_some(), "{method} {path}");
    }
}

#[test]
fn nothing_is_null_and_nothing_is_said_in_the_words_of_the_code() {
    fn check(at: &str, value: &Value) {
        assert!(!value.is_null(), "{at}");
        let fields = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "example");
        fields.for_each(|(name, value)| check(&format!("{at}/{name}"), value));
        value.as_array().into_iter().flatten().for_each(|value| check(at, value));
    }
    check("", &document());
    let document = server::v1::openapi::document();
    for word in ["[`", "only described"] {
        assert!(!document.contains(word), "{word}");
    }
    // Between two names; in an address it is no word of the code.
    let is_name = |beside: Option<&u8>| beside.is_some_and(u8::is_ascii_alphabetic);
    let bytes = document.as_bytes();
    let paths = document.match_indices("::").filter(|(at, _)| is_name(bytes.get(at - 1)) && is_name(bytes.get(at + 2)));
    assert_eq!(paths.count(), 0);
}

#[test]
fn every_good_answer_and_every_body_has_an_example_without_gaps() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let body = operation.pointer("/requestBody/content/application~1json/schema/$ref");
        if let Some(name) = body.and_then(Value::as_str) {
            let schema = document.pointer(name.trim_start_matches('#')).expect("a schema");
            assert!(schema["example"].is_object(), "{method} {path}");
        }
        for (status, response) in operation["responses"].as_object().expect("answers") {
            let Some(content) = response.pointer("/content/application~1json") else { continue };
            if path != "/v1/openapi.json" {
                assert_eq!(content["example"]["code"].to_string(), *status, "{method} {path}");
                assert!(!content["example"].to_string().contains("\"…\""), "{method} {path}: {}", content["example"]);
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_str() {
                Some(target) if name == "$ref" => found.push(target),
                _ => walk(value, found),
            }),
            Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(found.len() > 100);
    for target in found {
        let pointer = target.strip_prefix('#').expect("a place in this document");
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}

both_databases! {
    async fn it_is_served_to_anybody(app) {
        let answer = app.visitor().get("/v1/openapi.json").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        assert_eq!(answer.json()["openapi"], "3.1.0");
    }
}
