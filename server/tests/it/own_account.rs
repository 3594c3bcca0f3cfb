//! What people do with their own account: the password, and where they are signed in.

use serde_json::json;
use shared::{AppError, account::SessionList};

use crate::harness::{PASSWORD, Person, both_databases};

const NEW: &str = "a different purple parade at noon";

async fn sessions(person: &Person) -> SessionList {
    person.caller.call("session_list", json!({})).await.ok()
}

both_databases! {
    async fn a_new_password_ends_every_other_session(app) {
        let owner = app.owner().await;
        let second = Person::sign_in(app.address, &owner.email).await;
        let ended: u64 = owner.caller.call("password_change", json!({ "current": PASSWORD, "new": NEW })).await.ok();
        assert_eq!(ended, 1);
        assert_eq!(second.caller.call("session_list", json!({})).await.error(), AppError::SignedOut);
        assert_eq!(sessions(&owner).await.sessions.len(), 1);
        let form = |password| [("email", owner.email.as_str()), ("password", password)];
        assert_eq!(app.visitor().form("sign_in", &form(PASSWORD)).await.error(), AppError::WrongCredentials);
        app.visitor().form("sign_in", &form(NEW)).await.ok::<()>();
    }

    async fn a_wrong_password_and_a_weak_one_change_nothing(app) {
        let owner = app.owner().await;
        for (current, new, field) in [("wrong", NEW, "current"), (PASSWORD, "short", "new"), (PASSWORD, "password123", "new")] {
            let error = owner.caller.call("password_change", json!({ "current": current, "new": new })).await.error();
            assert!(error.on_field(field).is_some(), "{error:?}");
        }
        Person::sign_in(app.address, &owner.email).await;
    }

    async fn guessing_the_current_password_is_slowed_down(app) {
        let owner = app.owner().await;
        let mut last = None;
        for _ in 0..7 {
            last = Some(owner.caller.call("password_change", json!({ "current": "wrong", "new": NEW })).await);
        }
        assert_eq!(last.expect("an answer").status, 429);
    }

    async fn ones_own_sessions_are_listed_and_can_be_ended(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let second = Person::sign_in(app.address, &owner.email).await;
        let list = sessions(&second).await.sessions;
        assert_eq!(list.iter().map(|session| session.current).collect::<Vec<_>>(), [true, false]);
        assert_eq!(list[0].address.as_deref(), Some("127.0.0.1"));
        let error = stranger.caller.call("session_delete", json!({ "id": list[1].id })).await.error();
        assert_eq!(error, AppError::not_found("session"));
        second.caller.call("session_delete", json!({ "id": list[1].id })).await.ok::<()>();
        assert_eq!(owner.caller.call("session_list", json!({})).await.error(), AppError::SignedOut);
        assert_eq!(sessions(&second).await.sessions.len(), 1);
    }
}
