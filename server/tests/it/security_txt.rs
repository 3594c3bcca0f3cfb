//! `/.well-known/security.txt`

use server::state::HttpPolicy;

use crate::harness::{Setup, both_databases};

fn with_contact() -> Setup {
    let policy = HttpPolicy {
        security_contact: Some("mailto:security@example.com".to_owned()),
        public_url: Some("https://keys.example.com".to_owned()),
        ..HttpPolicy::default()
    };
    Setup { policy, ..Setup::default() }
}

both_databases! {
    async fn it_has_the_fields_of_rfc_9116(app = with_contact()) {
        let answer = app.visitor().get("/.well-known/security.txt").await;
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.text, "Contact: mailto:security@example.com\nExpires: 2027-05-22T15:04:05Z\n\
                                 Canonical: https://keys.example.com/.well-known/security.txt\n");
    }

    async fn without_a_contact_there_is_none(app) {
        assert_eq!(app.visitor().get("/.well-known/security.txt").await.status, 404);
    }
}
