//! Pages as a browser without scripts gets them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use shared::role::SystemRole;

use crate::harness::both_databases;

both_databases! {
    async fn a_page_is_complete_in_the_first_answer(app) {
        let owner = app.owner().await;
        let name = owner.key(SystemRole::ApiClient).await.view.name;
        let answer = owner.caller.get("/keys").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(answer.text.contains(&name), "the key is in the table");
    }

    async fn a_stranger_is_led_to_the_sign_in_page_and_back(app) {
        let answer = app.visitor().get("/keys?status=all").await;
        assert_eq!((answer.status, answer.header("location")), (302, "/sign-in?next=%2Fkeys%3Fstatus%3Dall"));
    }

    async fn a_made_up_address_cannot_put_words_into_our_mouth(app) {
        let error = r#"{"invalid":{"fields":[{"field":"email","message":"Call 555-1234, your account is locked"}]}}"#;
        let error = URL_SAFE.encode(error);
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("__path", "/api/sign_in")
            .append_pair("__err", &error)
            .finish();
        let answer = app.visitor().get(&format!("/sign-in?{query}")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text.contains("Email must look like"), "the error is told in our own words");
        assert!(!answer.text.contains("555-1234"), "and not in those of the address");
    }

    async fn what_is_nowhere_is_a_page_with_status_404(app) {
        let answer = app.visitor().get("/no-such-page").await;
        assert_eq!((answer.status, answer.header("content-type")), (404, "text/html; charset=utf-8"));
    }
}
