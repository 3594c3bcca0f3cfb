//! Making an account.

use backend::SignUpMode;
use shared::{AppError, PermissionSet, account::SignUp, key::KeyListParams};

use crate::harness::{Answer, Caller, PASSWORD, Setup, both_databases, cookie};

fn mode(sign_up: SignUpMode) -> Setup {
    Setup { sign_up, ..Setup::default() }
}

async fn sign_up(caller: &Caller, email: &str, password: &str, organization: &str) -> Answer {
    let fields = [("email", email), ("password", password), ("organization_name", organization)];
    caller.form("sign_up", &fields).await
}

both_databases! {
    async fn it_makes_an_organization_with_its_owner_and_signs_in(app) {
        let owner = app.owner().await;
        assert_eq!(owner.viewer.roles, ["Organization Owner"]);
        assert_eq!(owner.viewer.permissions, PermissionSet::ALL.into());
        let roles = owner.keys(KeyListParams::default()).await.roles;
        assert_eq!(roles.len(), 4, "the system roles are there");
    }

    async fn the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(app) {
        let answer = sign_up(&app.visitor(), "ada@example.com", PASSWORD, "Acme").await;
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("ipaware_session="), "{cookie}");
        for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
    }

    async fn a_form_posted_without_scripts_is_sent_on_to_the_keys(app) {
        let browser = app.visitor().with("accept", "text/html,*/*").with("referer", "http://x/sign-up");
        let answer = sign_up(&browser, "ada@example.com", PASSWORD, "Acme").await;
        assert_eq!((answer.status, answer.header("location")), (302, "/keys"));
        assert!(!cookie(&answer).is_empty());
    }

    async fn a_refused_form_posted_without_scripts_is_sent_back_to_its_page(app) {
        let browser = app.visitor().with("accept", "text/html,*/*").with("referer", "http://x/sign-up");
        let answer = sign_up(&browser, "ada@example.com", "short", "Acme").await;
        assert_eq!(answer.status, 302);
        assert!(answer.header("location").starts_with("http://x/sign-up?"), "{answer:?}");
        assert!(!answer.header("location").contains("short"), "the password is not in the address");
    }

    async fn every_wrong_field_is_named_at_once_and_no_account_is_made(app) {
        let error = sign_up(&app.visitor(), "ada", "1234567", " ").await.error();
        for field in ["email", "password", "organization_name"] {
            assert!(error.on_field(field).is_some(), "{field}: {error:?}");
        }
        sign_up(&app.visitor(), "ada@example.com", PASSWORD, "Acme").await.ok::<()>();
    }

    async fn common_overlong_and_personal_passwords_are_refused(app) {
        for password in ["password1", "qwertyuiop", &"x".repeat(129), "ada@example.com"] {
            let error = sign_up(&app.visitor(), "ada@example.com", password, "Acme").await.error();
            assert!(error.on_field("password").is_some(), "{password}: {error:?}");
        }
    }

    async fn an_email_has_one_account_however_it_is_written(app) {
        sign_up(&app.visitor(), "ada@example.com", PASSWORD, "Acme").await.ok::<()>();
        let error = sign_up(&app.visitor(), " ADA@Example.com ", PASSWORD, "Other").await.error();
        assert!(error.on_field("email").is_some(), "{error:?}");
    }

    async fn with_first_only_the_first_account_can_be_made(app = mode(SignUpMode::First)) {
        assert_eq!(app.visitor().form("sign_up_policy", &[]).await.ok::<SignUp>(), SignUp::Open);
        app.owner().await;
        assert_eq!(app.visitor().form("sign_up_policy", &[]).await.ok::<SignUp>(), SignUp::Closed);
        assert_eq!(sign_up(&app.visitor(), "b@example.com", PASSWORD, "B").await.error(), AppError::SignUpClosed);
    }

    async fn of_two_first_accounts_at_the_same_moment_one_is_made(app = mode(SignUpMode::First)) {
        let (one, other) = (app.visitor(), app.visitor());
        let (one, other) = tokio::join!(
            sign_up(&one, "a@example.com", PASSWORD, "A"), sign_up(&other, "b@example.com", PASSWORD, "B")
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403]);
    }

    async fn when_closed_nobody_can_sign_up(app = mode(SignUpMode::Closed)) {
        assert_eq!(sign_up(&app.visitor(), "a@example.com", PASSWORD, "A").await.error(), AppError::SignUpClosed);
    }
}
