//! The answer to a proxy whose client is allowed: whose key it was, as JSON and as headers.
//!
//! It is given a hundred thousand times a second, so no header is there that only a browser would read. Proxies pass none
//! of it on but the headers they are told to.

use axum::body::Bytes;
use backend::keyring::Holder;
use http::{
    HeaderName, HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use shared::{KeyId, OrganizationId};

use super::{
    envelope::JSON,
    limits::{LIMIT, Left, POLICY, Policy},
};
use crate::middleware::{request_id, security_headers::NO_STORE};

const KEY: HeaderName = HeaderName::from_static("x-key-id");
const ROLE: HeaderName = HeaderName::from_static("x-key-role");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-organization-id");

/// The answer, in pieces that are put together where it is sent.
#[derive(Debug)]
pub struct Allowed<'a> {
    holder: &'a Holder,
    request_id: &'a str,
    key: [u8; KeyId::LENGTH],
    organization: [u8; OrganizationId::LENGTH],
}

impl<'a> Allowed<'a> {
    /// 200, with who it was.
    #[must_use]
    pub fn new(holder: &'a Holder, request_id: &'a str) -> Self {
        Self { holder, request_id, key: holder.key.text(), organization: holder.organization.text() }
    }

    /// The body, in order.
    #[must_use]
    pub fn body(&self) -> [&[u8]; 7] {
        [
            br#"{"code":200,"data":{"allowed":true,"key_id":""#,
            &self.key,
            br#"","role":"#,
            self.holder.role.as_json().as_bytes(),
            br#","organization_id":""#,
            &self.organization,
            br#""},"output":"OK"}"#,
        ]
    }

    /// Tells `each` the headers. All that it is told may stand in one.
    pub fn headers(&self, mut each: impl FnMut(&HeaderName, &[u8])) {
        let Self { holder, request_id, key, organization } = self;
        each(&CONTENT_TYPE, JSON.as_bytes());
        each(&CACHE_CONTROL, NO_STORE.as_bytes());
        each(&KEY, key);
        // It may hold any letter; bytes above ASCII are allowed in a value (RFC 9110, section 5.5).
        let role = holder.role.name().as_bytes();
        if !role.iter().any(u8::is_ascii_control) {
            each(&ROLE, role);
        }
        each(&ORGANIZATION, organization);
        each(&request_id::HEADER, request_id.as_bytes());
        // Most keys have none.
        if !holder.standing.limits().is_empty() {
            each(&POLICY, Policy(&holder.standing).to_string().as_bytes());
            each(&LIMIT, Left(&holder.standing).to_string().as_bytes());
        }
    }

    /// Put together.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.body().concat()));
        let headers = response.headers_mut();
        self.headers(|name, value| {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(name, value);
            }
        });
        response
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use backend::keyring::{RoleState, allowance::Standing};
    use serde_json::{Value, json};
    use shared::{Grants, KeyId, OrganizationId, RoleId};

    use super::*;

    fn answered(role: &str) -> Response<Bytes> {
        let holder = Holder {
            key: KeyId::from_bits(1),
            organization: OrganizationId::from_bits(u128::MAX),
            role_id: RoleId::from_bits(3),
            role: Arc::new(RoleState::new(role.to_owned(), Grants::default())),
            standing: Standing::default(),
        };
        Allowed::new(&holder, "req_0").into_response()
    }

    #[test]
    fn body_and_headers_say_who_it_was() {
        for role in ["API Client", "\"Größe\" \\ 大", ""] {
            let answer = answered(role);
            let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
            let data = json!({ "allowed": true, "key_id": KeyId::from_bits(1), "role": role,
                "organization_id": OrganizationId::from_bits(u128::MAX) });
            assert_eq!(body, json!({ "code": 200, "data": data, "output": "OK" }));
            assert_eq!(answer.headers()[KEY].as_bytes(), KeyId::from_bits(1).to_string().as_bytes());
            assert_eq!(answer.headers()[ROLE].as_bytes(), role.as_bytes());
            assert_eq!(answer.headers()["x-request-id"], "req_0");
        }
    }

    #[test]
    fn a_name_that_is_no_header_is_in_the_body_alone() {
        let answer = answered("a\nb");
        assert!(!answer.headers().contains_key(ROLE));
        assert!(answer.body().windows(4).any(|four| four == br"a\nb"));
    }
}
