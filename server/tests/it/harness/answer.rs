//! What came back.

use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::AppError;

/// A complete HTTP answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, text: String) -> Self {
        let answer = Self { status: status.as_u16(), headers, text };
        super::output::note(&answer);
        answer
    }

    /// The header's one value; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// The body without the request's id, to compare with another answer.
    pub(crate) fn anonymous(&self) -> String {
        self.text.replace(self.header("x-request-id"), "")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// What a server function returned.
    #[track_caller]
    pub(crate) fn ok<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("unexpected ({error}): {self:?}"))
    }

    /// The error of a server function, whose status must be the error's own.
    #[track_caller]
    pub(crate) fn error(&self) -> AppError {
        let error: AppError =
            serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no AppError ({error}): {self:?}"));
        assert_eq!(self.status, error.status(), "{self:?}");
        error
    }

    /// `data` of a good answer under `/v1`.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        let output = match self.status {
            200 => "OK",
            201 => "Created",
            _ => panic!("refused: {self:?}"),
        };
        let mut json = self.json();
        assert_eq!((&json["code"], &json["output"]), (&self.status.into(), &output.into()), "{self:?}");
        json["data"].take()
    }

    /// Status and `error.reason` of a refusal under `/v1`, whose envelope must be complete.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!((&json["code"], &json["data"]), (&self.status.into(), &Value::Null), "{self:?}");
        assert_eq!(json["error"]["request_id"], self.header("x-request-id"), "{self:?}");
        assert!(json["error"]["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{self:?}");
        (self.status, json["error"]["reason"].as_str().expect("a reason").to_owned())
    }
}

/// A refusal to compare with.
pub(crate) fn refused(status: u16, reason: &str) -> (u16, String) {
    (status, reason.to_owned())
}
