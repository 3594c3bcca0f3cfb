//! `ipaware completions`.

use super::Shell;

const NOWHERE: Shell = Shell { url: String::new(), secret: String::new() };

#[tokio::test]
async fn every_shell_learns_all_commands_and_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = NOWHERE.run(&["completions", shell]).await.good();
        for word in [
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
            "completions",
            "environment",
            "production",
            "replacement",
            "json",
        ] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
