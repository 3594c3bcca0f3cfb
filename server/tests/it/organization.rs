//! The organization's own settings.

use serde_json::json;
use shared::{AppError, organization::OrganizationView, role::SystemRole};

use crate::harness::{Setup, both_databases};

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
        let before = owner.viewer.organization_name.clone();
        let rename = |name: &str| json!({ "params": { "before": before, "name": name } });
        for bad in ["", " ", &"x".repeat(81), "a\u{0}b"] {
            assert!(owner.caller.call("organization_update", rename(bad)).await.error().on_field("name").is_some(), "{bad:?}");
        }
        let view: OrganizationView = owner.caller.call("organization_update", rename(" Northwind ")).await.ok();
        assert_eq!(view.name, "Northwind");
        assert_eq!(owner.viewer().await.organization_name, "Northwind");
        assert_eq!(owner.caller.call("organization_update", rename("Other")).await.error(), AppError::stale("organization"));
    }
}
