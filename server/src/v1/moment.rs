//! Moments as the API writes them: RFC 3339, in UTC.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use shared::Timestamp;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, RefOr, Schema, SchemaFormat,
        schema::{ObjectBuilder, Type},
    },
};

/// A moment. Read in any zone, kept to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = Timestamp::from_rfc3339(&text).map(Self);
        moment.ok_or_else(|| de::Error::custom("it must be a moment like 2027-01-31T12:00:00Z (RFC 3339)"))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A moment as RFC 3339 writes it, in UTC."))
            .examples([serde_json::Value::from("2027-01-31T12:00:00Z")])
            .into()
    }
}

impl ToSchema for Moment {}
