//! What is said to whoever calls it wrongly. Nothing is sent to any server.

use std::{io::ErrorKind, net::TcpListener};

use backend::keyring::secret::SecretKey;
use shared::key::Environment;

use super::Shell;

const URL: &str = "http://127.0.0.1:1";

fn shell(url: &str, secret: &str) -> Shell {
    Shell { url: url.to_owned(), secret: secret.to_owned() }
}

fn secret() -> String {
    SecretKey::mint(Environment::Production).expose().to_owned()
}

#[tokio::test]
async fn without_a_terminal_nobody_is_asked_and_the_variable_is_named() {
    let said = shell(URL, "").run(&["keys", "list"]).await.failed(2);
    assert!(said.contains("IPAWARE_SECRET"), "{said}");
    let said = shell("", &secret()).run(&["roles", "list"]).await.failed(2);
    assert!(said.contains("IPAWARE_URL"), "{said}");
    let said = shell(URL, "").run_with(&["verify"], &secret()).await.failed(2);
    assert!(said.contains("IPAWARE_SECRET"), "what is on standard input is the secret to ask about: {said}");
}

#[tokio::test]
async fn what_can_be_no_secret_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("no waiting");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let said = shell(&url, "hunter2").run(&["keys", "list"]).await.failed(2);
    assert!(said.contains("IPAWARE_SECRET") && said.contains("ipaware_") && !said.contains("hunter2"), "{said}");
    assert_eq!(listener.accept().expect_err("no call").kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_secret_is_not_sent_in_the_clear_over_a_network() {
    let said = shell("http://keys.example.com", &secret()).run(&["keys", "list"]).await.failed(2);
    assert!(said.contains("https://"), "{said}");
}

#[tokio::test]
async fn a_secret_among_the_arguments_is_refused_and_not_repeated() {
    let secret = secret();
    for arguments in [
        vec!["check-secret", &*secret],
        vec!["verify", &secret],
        vec!["keys", "show", &secret],
        vec!["keys", "list", "--search", &secret],
        vec![&*secret],
    ] {
        let said = shell(URL, &secret).run(&arguments).await.failed(2);
        assert!(said.contains("argument") && said.contains("standard input"), "{said}");
    }
}

#[tokio::test]
async fn what_is_no_id_no_moment_and_no_change_is_refused_before_anything_is_sent() {
    let shell = shell(URL, &secret());
    let key = "key_0000000000000000000007";
    let new = ["keys", "create", "--name", "x", "--environment", "staging", "--role", "y"];
    for (arguments, names) in [
        (vec!["keys", "show", "Billing"], "key_"),
        (vec!["keys", "edit", key], "--name"),
        (vec!["keys", "edit", key, "--environment", "moon"], "production"),
        (vec!["roles", "edit", "Auditor"], "--add"),
        ([&new[..], &["--expires", "tomorrow"]].concat(), "2027-01-31"),
        (vec!["keys"], "Usage"),
    ] {
        let said = shell.run(&arguments).await.failed(2);
        assert!(said.contains(names), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_trouble_and_no_refusal() {
    // Bound and let go: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its address").port();
    let said = shell(&format!("http://127.0.0.1:{port}"), &secret()).run(&["keys", "list"]).await.failed(3);
    assert!(said.contains("IPAWARE_URL") && said.contains("cannot be reached"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test]
async fn help_says_what_the_exit_status_means_and_where_the_secret_comes_from() {
    let shell = shell("", "");
    for command in ["keys", "roles", "verify"] {
        let help = shell.run(&[command, "--help"]).await.good();
        assert!(help.contains("IPAWARE_SECRET") && help.contains("Exit status") && help.contains("  3  "), "{help}");
    }
}
