//! The organization's own settings.

use serde_json::json;
use shared::{AppError, organization::OrganizationView, role::SystemRole};

use crate::harness::{Setup, both_databases, refused};

both_databases! {
    async fn plan_limits_and_what_is_used_of_them_are_shown(app = Setup { plan: "Free", ..Setup::default() }) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        key.caller.get("/v1/ip/8.8.8.8").await.data();
        let view: OrganizationView = owner.caller.call("organization_get", json!({})).await.ok();
        assert_eq!((view.keys.plan.as_str(), view.keys.used, view.keys.limit), ("Free", 1, Some(5)));
        assert_eq!((view.whitelisted_ips_used, view.whitelisted_ips), (0, Some(1)));
        assert_eq!((view.requests_this_month, view.monthly_requests), (1, Some(5_000)));
        assert_eq!((view.members, view.owner_email), (1, owner.email.clone()));
    }

    async fn the_name_can_be_changed_and_an_old_form_is_refused(app) {
        let owner = app.owner().await;
        let due = json!({ "production": 90, "others": 180 });
        let before = json!({ "name": owner.viewer.organization_name, "due": due });
        let rename = |name: &str| json!({ "params": { "before": before, "after": { "name": name, "due": due } } });
        for bad in ["", " ", &"x".repeat(81), "a\u{0}b"] {
            assert!(owner.caller.call("organization_update", rename(bad)).await.error().on_field("name").is_some(), "{bad:?}");
        }
        let view: OrganizationView = owner.caller.call("organization_update", rename(" Northwind ")).await.ok();
        assert_eq!(view.name, "Northwind");
        assert_eq!(owner.viewer().await.organization_name, "Northwind");
        assert_eq!(owner.caller.call("organization_update", rename("Other")).await.error(), AppError::stale("organization"));
    }

    async fn keys_are_due_for_rotation_after_the_days_that_the_organization_says(app) {
        let owner = app.owner().await;
        let admin = owner.key(SystemRole::Admin).await;
        let all = admin.caller.clone().with("if-match", "*");
        for (field, days) in [("rotate_production_days", 0), ("rotate_other_days", 3_651), ("rotate_other_days", -1)] {
            let refusal = all.patch("/v1/organization", &json!({ field: days })).await.refusal();
            assert_eq!(refusal, refused(422, "invalid_field"), "{field}: {days}");
        }
        let changed = all.patch("/v1/organization", &json!({ "rotate_production_days": 30.0 })).await.data();
        assert_eq!((&changed["rotate_production_days"], &changed["rotate_other_days"]), (&json!(30), &json!(180)));
        let due = owner.key_get(admin.view.id).await.rotation_due_at;
        assert_eq!(due, Some(admin.view.secret_created_at.plus_days(30)));
        let settings = json!({ "name": owner.viewer.organization_name, "due": { "production": 90, "others": 180 } });
        let old = json!({ "params": { "before": settings, "after": settings } });
        assert_eq!(owner.caller.call("organization_update", old).await.error(), AppError::stale("organization"));
    }
}
