//! The answer to a proxy whose client is allowed: whose key it was, as JSON and as headers.
//!
//! It is written a hundred thousand times a second, so body and headers lie in one piece of memory, side by side, and no
//! header is there that only a browser would read. Proxies pass none of it on but the headers they are told to.

use std::{io::Write as _, ops::Range};

use axum::body::Bytes;
use backend::keyring::Holder;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use super::{
    envelope::JSON,
    limits::{LIMIT, Left, POLICY, Policy},
};
use crate::middleware::{request_id, security_headers::NO_STORE};

const KEY: HeaderName = HeaderName::from_static("x-key-id");
const ROLE: HeaderName = HeaderName::from_static("x-key-role");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-organization-id");

/// Long enough for the usual name of a role.
const LENGTH: usize = 256;

/// 200, with who it was.
pub(super) fn answer(holder: &Holder, request_id: &str) -> Response<Bytes> {
    let mut memory = Vec::with_capacity(LENGTH);
    let mut push = |bytes: &[u8]| -> Range<usize> {
        let from = memory.len();
        memory.extend_from_slice(bytes);
        from..memory.len()
    };
    push(br#"{"code":200,"data":{"allowed":true,"key_id":""#);
    let key = push(&holder.key.text());
    push(br#"","role":"#);
    push(holder.role.as_json().as_bytes());
    push(br#","organization_id":""#);
    let organization = push(&holder.organization.text());
    let body = 0..push(br#""},"output":"OK"}"#).end;
    let role = push(holder.role.name().as_bytes());
    let request = push(request_id.as_bytes());
    // Most keys have none.
    let limits = (!holder.standing.limits().is_empty()).then(|| {
        let from = memory.len();
        _ = write!(memory, "{}", Policy(&holder.standing));
        let to = memory.len();
        _ = write!(memory, "{}", Left(&holder.standing));
        [(POLICY, from..to), (LIMIT, to..memory.len())]
    });

    let memory = Bytes::from(memory);
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, NO_STORE);
    let texts = [(KEY, key), (ROLE, role), (ORGANIZATION, organization), (request_id::HEADER, request)];
    for (name, range) in texts.into_iter().chain(limits.into_iter().flatten()) {
        // A role's name may hold any letter; bytes above ASCII are allowed in a value (RFC 9110, section 5.5).
        if let Ok(value) = HeaderValue::from_maybe_shared(memory.slice(range)) {
            headers.insert(name, value);
        }
    }
    let mut response = Response::new(memory.slice(body));
    *response.headers_mut() = headers;
    response
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
        answer(&holder, "req_0")
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
