//! What browsers are told with every answer.

use server::state::HttpPolicy;

use crate::harness::{Setup, both_databases};

fn https() -> Setup {
    Setup { policy: HttpPolicy { https: true, ..HttpPolicy::default() }, ..Setup::default() }
}

both_databases! {
    async fn every_kind_of_answer_has_them(app) {
        for path in ["/sign-in", "/no-such-page", "/v1/health", "/v1/nothing", "/api/nothing"] {
            let answer = app.visitor().get(path).await;
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(answer.header(name), value, "{path}: {name}");
            }
            assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
            assert_eq!(answer.header("strict-transport-security"), "", "{path}: not over http");
        }
    }

    async fn only_scripts_with_the_pages_own_nonce_run(app) {
        let mut nonces = Vec::new();
        for path in ["/sign-in", "/no-such-page"] {
            let answer = app.visitor().get(path).await;
            let policy = answer.header("content-security-policy");
            let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
            assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
            let scripts = answer.text.matches("<script").count();
            let with_nonce = answer.text.split("<script").skip(1);
            let with_nonce = with_nonce.filter(|tag| tag.split('>').next().is_some_and(|tag| tag.contains(&format!("nonce=\"{nonce}\""))));
            assert_eq!((with_nonce.count(), scripts > 0), (scripts, true), "{path}");
            assert!(!answer.text.contains(" style=\""), "{path}: an inline style would be refused");
            nonces.push(nonce);
        }
        assert_ne!(nonces[0], nonces[1]);
    }

    async fn behind_https_browsers_are_told_to_stay_there(app = https()) {
        let hsts = app.visitor().get("/sign-in").await.header("strict-transport-security").to_owned();
        assert!(hsts.starts_with("max-age=31536000"), "{hsts}");
    }
}
