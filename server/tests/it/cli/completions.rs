//! `ipaware completions`.

use super::Shell;

const NOWHERE: Shell = Shell { url: String::new(), secret: String::new() };

const WORDS: [&str; 19] = [
    "serve",
    "keys",
    "list",
    "create",
    "show",
    "edit",
    "pause",
    "resume",
    "revoke",
    "roles",
    "delete",
    "verify",
    "check-secret",
    "audit",
    "completions",
    "environment",
    "replacement",
    "permission",
    "json",
];

#[tokio::test]
async fn every_shell_learns_all_commands_and_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = NOWHERE.run(&["completions", shell]).await.good();
        for word in WORDS {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[tokio::test]
async fn the_words_that_an_option_takes_are_completed_too() {
    for shell in ["bash", "zsh", "fish"] {
        let script = NOWHERE.run(&["completions", shell]).await.good();
        for word in ["production", "staging", "development", "last_used"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
