//! An example of anything that the document describes, so that nobody has to write one for each answer.
//!
//! It is put together from the examples that stand at the schemas, large or small; what says nothing of itself is left
//! to its type.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a name or a place that is not there is null")]

use serde_json::{Map, Value, json};

/// An example of what `schema` describes. `document` is where references lead.
pub(crate) fn of(document: &Value, schema: &Value) -> Value {
    if let Some(target) = schema["$ref"].as_str() {
        let target = target.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        return target.map_or(Value::Null, |target| of(document, target));
    }
    if let Some(given) = schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema.get("const")) {
        return given.clone();
    }
    if let Some(first) = schema["enum"].get(0).or_else(|| schema.get("default")) {
        return first.clone();
    }
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    if let Some(choice) = choices.clone().find(|choice| choice["type"] != "null") {
        return of(document, choice);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            Value::Object(fields.map(|(name, field)| (name.clone(), of(document, field))).collect::<Map<_, _>>())
        }
        Some("array") => json!([of(document, &schema["items"])]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(false),
        Some("string") => match schema["format"].as_str() {
            Some("ipv4") => json!("8.8.8.8"),
            _ => json!("…"),
        },
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_wins_over_what_is_put_together() {
        let document = json!({ "components": {
            "Id": { "type": "string", "examples": ["key_1"] },
            "Row": { "type": "object", "properties": {
                "id": { "$ref": "#/components/Id" }, "count": { "type": "integer", "minimum": 3 },
                "next": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/Id" }] }, "is_new": { "type": "boolean" },
            } },
        } });
        let rows = json!({ "type": "array", "items": { "$ref": "#/components/Row" } });
        let row = json!({ "id": "key_1", "count": 3, "next": "key_1", "is_new": false });
        assert_eq!(of(&document, &rows), json!([row]));
    }
}
