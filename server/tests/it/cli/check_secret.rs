//! `ipaware check-secret`.

use backend::keyring::secret::SecretKey;
use serde_json::{Value, json};
use shared::key::Environment;

use super::Shell;

const NOWHERE: Shell = Shell { url: String::new(), secret: String::new() };

#[tokio::test]
async fn a_well_formed_secret_is_told_from_others_without_a_server() {
    let secret = SecretKey::mint(Environment::Staging);
    let good = NOWHERE.run_with(&["check-secret"], &format!("{}\n", secret.expose())).await;
    assert_eq!(good.good(), "well-formed, for staging\n");
    let json = NOWHERE.run_with(&["check-secret", "--json"], secret.expose()).await.json();
    assert_eq!(json, json!({ "well_formed": true, "environment": "staging", "problem": null }));
}

#[tokio::test]
async fn what_is_wrong_with_a_text_is_told_without_repeating_it() {
    let secret = SecretKey::mint(Environment::Production);
    let secret = secret.expose();
    let truncated = &secret[..60];
    let mistyped = format!("{}{}", &secret[..61], if secret.ends_with('x') { 'y' } else { 'x' });
    for (text, says) in [
        ("", "nothing"),
        (" ", "spaces"),
        (&*format!("{secret}\n\n"), "spaces"),
        ("hunter2", "ipaware_"),
        (truncated, "there are 47"),
        (&mistyped, "checksum"),
        ("key_0123456789012345678901", "Key ID"),
    ] {
        let said = NOWHERE.run_with(&["check-secret"], text).await;
        assert_eq!((said.status, said.err.as_str()), (1, ""), "{said:?}");
        assert!(said.out.starts_with("not well-formed: ") && said.out.contains(says), "{said:?}");
        assert!(!said.out.contains("hunter2") && !said.out.contains(&secret[13..40]), "{said:?}");
    }
    let said = NOWHERE.run_with(&["check-secret", "--json"], truncated).await;
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((said.status, &json["well_formed"], &json["environment"]), (1, &json!(false), &Value::Null));
}

#[tokio::test]
async fn a_file_sent_by_mistake_is_not_read_to_its_end() {
    let said = NOWHERE.run_with(&["check-secret"], &"x".repeat(100_000)).await.failed(2);
    assert!(said.contains("more than 512 bytes"), "{said}");
}
