//! Peppers are rotated by adding a line to their file, and the server must not start without those in use.

use std::fs;

use backend::{
    Backend, Failure, Settings, SignUpMode,
    keyring::{AskedPermission, Question, secret::WellFormed},
    mail::MailSettings,
    plan::Plans,
    webhook::WebhookSettings,
};
use shared::role::SystemRole;

use crate::harness::{TestApp, both_databases};

const ANOTHER: &str = "2 ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\n";

/// What a restart on the same database does.
async fn open_again(app: &TestApp) -> Result<Backend, Failure> {
    Backend::open(Settings {
        database_url: app.database.url.clone(),
        pepper_file: app.database.pepper_file.clone(),
        usage_dir: app.database.folder().join("usage"),
        sign_up: SignUpMode::Open,
        secure_cookies: false,
        plans: Plans::load(None, "Custom").expect("the plans"),
        mail: MailSettings::files(app.database.outbox()),
        webhooks: WebhookSettings::default(),
        clock: app.clock.clone(),
    })
    .await
}

fn may_look_up() -> Question<'static> {
    Question { permissions: std::iter::once(AskedPermission::read("ip.lookup")).collect(), ..Question::default() }
}

both_databases! {
    async fn a_secret_made_with_a_retired_pepper_still_verifies(app) {
        let key = app.owner().await.key(SystemRole::ApiClient).await;
        let before = fs::read_to_string(&app.database.pepper_file).expect("the peppers");
        fs::write(&app.database.pepper_file, format!("{before}{ANOTHER}")).expect("a new pepper");
        let backend = open_again(app).await.expect("a start with both");
        assert_eq!(backend.verify(WellFormed::read(&key.secret), &may_look_up()).outcome, Ok(()));
    }

    async fn without_a_pepper_in_use_the_server_does_not_start(app) {
        for file in [ANOTHER.to_owned(), ANOTHER.replace("2 ", "1 ")] {
            fs::write(&app.database.pepper_file, file).expect("another pepper");
            let message = open_again(app).await.expect_err("it must not start").to_string();
            assert!(message.contains("lacks pepper 1") && !message.contains("ffff"), "{message}");
        }
        fs::remove_file(&app.database.pepper_file).expect("no pepper");
        let message = open_again(app).await.expect_err("it must not start").to_string();
        assert!(message.contains("is missing") && message.contains("IPAWARE_PEPPER_FILE"), "{message}");
        assert!(!app.database.pepper_file.exists(), "and none is made up");
    }
}
