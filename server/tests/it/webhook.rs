//! Webhooks: signed so that the library of receivers believes it, tried again with growing pauses, and delivered once.

use backend::{clock::Clock, webhook::WebhookSettings};
use serde_json::{Value, json};
use shared::{
    AppError, Timestamp,
    alert::AlertSettingsPage,
    role::SystemRole,
    webhook::{DeliveryList, DeliveryStatus, DeliveryView, WebhookStatus, WebhookView},
};

use crate::harness::{Person, Setup, TestApp, both_databases, receiver::Receiver, refused, together};

async fn deliver(app: &TestApp) {
    app.backend.deliver_webhooks().await.expect("the queue");
}

async fn log(owner: &Person, webhook: &WebhookView) -> Vec<DeliveryView> {
    let list: DeliveryList = owner.caller.call("delivery_list", json!({ "webhook": webhook.id, "page": 1 })).await.ok();
    list.page.rows
}

async fn webhooks(owner: &Person) -> Vec<WebhookView> {
    let page: AlertSettingsPage = owner.caller.call("alert_settings_page", json!({})).await.ok();
    page.webhooks.expect("they may see them").webhooks
}

async fn test(owner: &Person, webhook: &WebhookView) {
    owner.caller.call("webhook_test", json!({ "id": webhook.id })).await.ok::<Value>();
}

/// What receivers compare a message's time with.
fn real_now() -> Timestamp {
    Clock::System.now()
}

both_databases! {
    async fn an_alert_arrives_signed_once_and_the_log_says_so(app = Setup::with_webhooks()) {
        app.clock.set(real_now());
        let owner = app.owner().await;
        let receiver = Receiver::start(200).await;
        let (webhook, secret) = owner.webhook(&receiver.url).await;
        assert!(secret.starts_with("whsec_"), "{secret}");
        let alert = owner.alert(app).await;
        deliver(app).await;
        deliver(app).await;
        let [message] = &receiver.received()[..] else { panic!("{:?}", receiver.received()) };
        assert!(message.is_from(&secret), "{message:?}");
        assert!(!message.is_from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        let json = message.json();
        assert_eq!((&json["type"], &json["data"]["id"]), (&json!("alert.key_refusals"), &json!(alert)));
        assert_eq!(message.header("content-type"), "application/json");
        let [delivery] = &log(&owner, &webhook).await[..] else { panic!("one message") };
        assert_eq!((delivery.status, delivery.id.to_string().as_str()), (DeliveryStatus::Delivered, message.header("webhook-id")));
        let attempt = &delivery.attempts[0];
        assert_eq!((attempt.status, &attempt.problem, attempt.answer.as_deref()), (Some(200), &None, Some("Noted.")));
        let kept = app.database.everything().await;
        let bytes = secret.trim_start_matches("whsec_").as_bytes();
        assert!(kept.iter().all(|(_, bytes_kept)| !bytes_kept.windows(bytes.len()).any(|part| part == bytes)), "no secret is stored");
    }

    async fn while_a_secret_is_rotated_both_are_believed_and_then_the_new_one_alone(app = Setup::with_webhooks()) {
        let now = real_now();
        app.clock.set(now);
        let owner = app.owner().await;
        let receiver = Receiver::start(204).await;
        let (webhook, old) = owner.webhook(&receiver.url).await;
        let rotated: Value = owner.caller.call("webhook_rotate", json!({ "id": webhook.id })).await.ok();
        let new = rotated["secret"].as_str().expect("a secret");
        assert_ne!(new, old);
        test(&owner, &webhook).await;
        deliver(app).await;
        let message = receiver.received().pop().expect("a message");
        assert_eq!(message.header("webhook-signature").split(' ').count(), 2);
        assert!(message.is_from(&old) && message.is_from(new));
        // As if it had been rotated a day ago.
        app.clock.set(now.plus_seconds(24 * 3_600));
        let owner = Person::sign_in(app.address, &owner.email).await;
        test(&owner, &webhook).await;
        deliver(app).await;
        let message = receiver.received().pop().expect("a message");
        assert_eq!(message.header("webhook-signature").split(' ').count(), 1);
    }

    async fn what_fails_is_tried_again_with_growing_pauses_and_can_be_replayed(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let receiver = Receiver::start(500).await;
        let (webhook, _) = owner.webhook(&receiver.url).await;
        test(&owner, &webhook).await;
        let mut now = app.backend.now();
        for (tries, pause) in [5, 300, 1_800, 7_200, 18_000].into_iter().enumerate() {
            deliver(app).await;
            assert_eq!(receiver.received().len(), tries + 1);
            app.clock.set(now.plus_seconds(pause - 1));
            deliver(app).await;
            assert_eq!(receiver.received().len(), tries + 1, "not before its time");
            now = now.plus_seconds(pause);
            app.clock.set(now);
        }
        assert!(webhooks(&owner).await[0].failing_since.is_some());
        receiver.answer(200);
        deliver(app).await;
        assert_eq!(webhooks(&owner).await[0].failing_since, None);
        let [delivery] = &log(&owner, &webhook).await[..] else { panic!("one message") };
        assert_eq!((delivery.status, delivery.attempts.len()), (DeliveryStatus::Delivered, 6));
        assert_eq!(delivery.attempts[1].problem.as_deref(), Some("It answered with status 500."));
        let ids: Vec<_> = receiver.received().iter().map(|message| message.header("webhook-id").to_owned()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        owner.caller.call("delivery_replay", json!({ "id": delivery.id })).await.ok::<()>();
        deliver(app).await;
        assert_eq!(receiver.received().len(), 7);
        assert_eq!(receiver.received()[6].header("webhook-id"), ids[0]);
    }

    async fn a_webhook_that_fails_for_days_is_disabled_and_can_be_enabled_again(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let receiver = Receiver::start(503).await;
        let (webhook, _) = owner.webhook(&receiver.url).await;
        owner.alert(app).await;
        let mut now = app.backend.now();
        for pause in [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, 0] {
            deliver(app).await;
            now = now.plus_seconds(pause);
            app.clock.set(now);
        }
        assert_eq!(receiver.received().len(), 10);
        let owner = Person::sign_in(app.address, &owner.email).await;
        let now = webhooks(&owner).await.remove(0);
        assert_eq!(now.status, WebhookStatus::Disabled);
        assert!(now.disabled_because.is_some_and(|why| why.contains("3 days")));
        assert_eq!(log(&owner, &webhook).await[0].status, DeliveryStatus::Failed);
        owner.alert(app).await;
        deliver(app).await;
        assert_eq!(receiver.received().len(), 10, "nothing is posted");
        receiver.answer(200);
        let enable = json!({ "params": { "of": [webhook.id, now.version], "url": receiver.url, "description": "",
            "kinds": [], "status": "enabled" } });
        owner.caller.call("webhook_save", enable).await.ok::<Value>();
        owner.alert(app).await;
        deliver(app).await;
        assert_eq!(receiver.received().len(), 11);
    }

    async fn a_receiver_that_is_gone_is_not_asked_again(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let receiver = Receiver::start(410).await;
        let (webhook, _) = owner.webhook(&receiver.url).await;
        owner.alert(app).await;
        deliver(app).await;
        assert_eq!(webhooks(&owner).await[0].status, WebhookStatus::Disabled);
        assert_eq!(log(&owner, &webhook).await[0].status, DeliveryStatus::Failed);
    }

    async fn a_redirection_is_a_failure_and_is_not_followed(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let receiver = Receiver::start(307).await;
        let (webhook, _) = owner.webhook(&receiver.url).await;
        test(&owner, &webhook).await;
        deliver(app).await;
        assert_eq!(receiver.received().len(), 1);
        let problem = log(&owner, &webhook).await[0].attempts[0].problem.clone().expect("a problem");
        assert!(problem.contains("nobody is followed"), "{problem}");
    }

    async fn of_servers_that_share_the_queue_one_delivers_each_message(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let receiver = Receiver::start(200).await;
        let (webhook, _) = owner.webhook(&receiver.url).await;
        for _ in 0..10 {
            test(&owner, &webhook).await;
        }
        let second = app.second(WebhookSettings { allow_private: true, ..WebhookSettings::default() }).await;
        together(6, async |n| {
            let backend = if n % 2 == 0 { &app.backend } else { &second };
            backend.deliver_webhooks().await.expect("the queue");
        })
        .await;
        let mut ids: Vec<_> = receiver.received().iter().map(|message| message.header("webhook-id").to_owned()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((receiver.received().len(), ids.len()), (10, 10));
    }

    async fn only_the_chosen_kinds_are_posted_and_nothing_to_a_disabled_one_but_a_test(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let [choosy, disabled] = [Receiver::start(200).await, Receiver::start(200).await];
        let admin = owner.key(SystemRole::Admin).await;
        let made = admin.caller.post_json("/v1/webhooks", &json!({ "url": choosy.url, "kinds": ["unused"] })).await;
        assert_eq!((made.status, made.data()["secret_shown"].clone()), (201, json!(false)));
        let (webhook, _) = owner.webhook(&disabled.url).await;
        let path = format!("/v1/webhooks/{}", webhook.id);
        assert_eq!(admin.caller.patch(&path, &json!({ "status": "disabled" })).await.data()["status"], "disabled");
        owner.alert(app).await;
        admin.caller.post(&format!("{path}/test")).await.data();
        deliver(app).await;
        assert_eq!((choosy.received().len(), disabled.received().len()), (0, 1));
        assert_eq!(disabled.received()[0].json()["type"], "test");
        let log = admin.caller.get(&format!("{path}/deliveries")).await.data();
        let message = log["items"][0]["id"].as_str().expect("an id").to_owned();
        assert_eq!(admin.caller.get(&format!("/v1/webhook-deliveries/{message}")).await.data()["status"], "delivered");
        assert_eq!(admin.caller.post(&format!("/v1/webhook-deliveries/{message}/replay")).await.data()["status"], "queued");
        assert_eq!(admin.caller.delete(&path).await.data()["deleted"], true);
        assert_eq!(admin.caller.get(&path).await.refusal(), refused(404, "not_found"));
    }

    async fn a_repeated_request_makes_one_webhook_and_its_answer_holds_no_secret(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let caller = admin.caller.clone().with("idempotency-key", "once");
        let body = json!({ "url": "https://hooks.example.com/x" });
        let first = caller.post_json("/v1/webhooks", &body).await.data();
        let second = caller.post_json("/v1/webhooks", &body).await.data();
        assert_eq!(first["webhook"], second["webhook"]);
        assert!(first["secret"].is_string() && second["secret"].is_null() && second["secret_shown"] == true);
        assert_eq!(webhooks(&owner).await.len(), 1);
    }

    async fn whoever_may_not_see_alerts_cannot_have_them_posted(app = Setup::with_webhooks()) {
        let owner = app.owner().await;
        let role = owner.role_with("Renames", &["organization.update"]).await;
        let member = app.member_with(&owner, role.id).await;
        let params = json!({ "params": { "of": null, "url": "https://hooks.example.com", "description": "", "kinds": [], "status": "enabled" } });
        let error = member.caller.call("webhook_save", params).await.error();
        assert!(matches!(error, AppError::AboveCeiling { ref permission, .. } if permission == "usage.view"), "{error:?}");
    }
}
