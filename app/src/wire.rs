//! What server functions are sent and answer: JSON.
//!
//! It is what Leptos' own codec writes. But that reads bytes, and what comes with a page is read from text: serde makes
//! code for each type and each of the two, and the browser would load all of it twice.

use std::fmt::Display;

use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType,
    codec::{JsonEncoding, Post},
};
use serde::{Serialize, de::DeserializeOwned};

/// JSON in the body of a POST, or of the answer to one.
pub type Json = Post<Text>;

/// JSON, read from text.
#[derive(Debug)]
pub struct Text;

impl ContentType for Text {
    const CONTENT_TYPE: &'static str = JsonEncoding::CONTENT_TYPE;
}

impl FormatType for Text {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Text {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for Text {
    type Error = String;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        serde_json::from_str(std::str::from_utf8(&bytes).map_err(told)?).map_err(told)
    }
}

fn told(error: impl Display) -> String {
    error.to_string()
}
