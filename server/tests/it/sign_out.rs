//! Signing out.

use shared::account::Viewer;

use crate::harness::{Person, both_databases};

both_databases! {
    async fn it_ends_the_session_on_the_server_and_takes_the_cookie_away(app) {
        let owner = app.owner().await;
        let answer = owner.caller.form("sign_out", &[]).await;
        answer.ok::<()>();
        assert!(answer.header("set-cookie").contains("Max-Age=0"), "{answer:?}");
        assert_eq!(owner.caller.form("session", &[]).await.ok::<Option<Viewer>>(), None);
    }

    async fn other_sessions_of_the_same_person_go_on(app) {
        let owner = app.owner().await;
        let elsewhere = Person::sign_in(app.address, &owner.email).await;
        owner.caller.form("sign_out", &[]).await.ok::<()>();
        assert!(elsewhere.caller.form("session", &[]).await.ok::<Option<Viewer>>().is_some());
    }

    async fn signing_out_twice_or_without_a_session_is_fine(app) {
        let owner = app.owner().await;
        owner.caller.form("sign_out", &[]).await.ok::<()>();
        owner.caller.form("sign_out", &[]).await.ok::<()>();
        app.visitor().form("sign_out", &[]).await.ok::<()>();
    }
}
