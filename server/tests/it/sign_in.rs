//! Signing in.

use shared::AppError;

use crate::harness::{Answer, Caller, PASSWORD, Person, both_databases, cookie};

async fn sign_in(caller: &Caller, email: &str, password: &str) -> Answer {
    caller.form("sign_in", &[("email", email), ("password", password)]).await
}

both_databases! {
    async fn the_right_password_begins_a_new_session(app) {
        let owner = app.owner().await;
        let again = Person::sign_in(app.address, &owner.email).await;
        assert_eq!(again.viewer, owner.viewer);
    }

    async fn an_unknown_account_and_a_wrong_password_are_answered_alike(app) {
        let owner = app.owner().await;
        let wrong = sign_in(&app.visitor(), &owner.email, "not the password").await;
        let unknown = sign_in(&app.visitor(), "nobody@example.com", PASSWORD).await;
        let no_email = sign_in(&app.visitor(), "not an email", PASSWORD).await;
        assert_eq!(wrong.error(), AppError::WrongCredentials);
        assert_eq!((wrong.text.clone(), wrong.header("set-cookie")), (unknown.text, ""));
        assert_eq!(wrong.text, no_email.text);
    }

    async fn signing_in_ends_the_session_the_browser_had(app) {
        let owner = app.owner().await;
        let answer = sign_in(&owner.caller, &owner.email, PASSWORD).await;
        answer.ok::<()>();
        assert_eq!(owner.caller.call("key_list", serde_json::json!({})).await.status, 400, "arguments are read first");
        let viewer: Option<shared::account::Viewer> = owner.caller.form("session", &[]).await.ok();
        assert_eq!(viewer, None, "the old cookie is worth nothing");
        let viewer: Option<shared::account::Viewer> = app.visitor().with("cookie", cookie(&answer)).form("session", &[]).await.ok();
        assert_eq!(viewer, Some(owner.viewer));
    }

    async fn after_a_few_wrong_passwords_there_is_a_wait_and_it_is_said_how_long(app) {
        app.owner().await;
        for _ in 0..5 {
            assert_eq!(sign_in(&app.visitor(), "victim@example.com", "guess").await.error(), AppError::WrongCredentials);
        }
        let answer = sign_in(&app.visitor(), "victim@example.com", "guess").await;
        let AppError::TooManyAttempts { retry_after_seconds } = answer.error() else { panic!("{answer:?}") };
        assert_eq!(answer.header("retry-after"), retry_after_seconds.to_string());
        assert!(retry_after_seconds > 0);
    }

    async fn only_paths_of_this_site_are_followed_afterwards(app) {
        let owner = app.owner().await;
        for (next, goes) in [("/keys?status=all", "/keys?status=all"), ("https://evil.example", "/"), ("//evil.example", "/")] {
            let browser = app.visitor().with("accept", "text/html");
            let fields = [("email", owner.email.as_str()), ("password", PASSWORD), ("next", next)];
            let answer = browser.form("sign_in", &fields).await;
            assert_eq!((answer.status, answer.header("location")), (302, goes), "{next}");
        }
    }

    async fn a_missing_field_is_a_bad_request_that_names_it(app) {
        let error = app.visitor().form("sign_in", &[("email", "a@example.com")]).await.error();
        assert!(matches!(&error, AppError::BadRequest { detail } if detail.contains("password")), "{error:?}");
    }
}
