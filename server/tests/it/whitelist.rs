//! The whitelist's entries, as the page makes them.

use serde_json::{Value, json};
use shared::{
    AppError,
    role::SystemRole,
    whitelist::{LineOutcome, WhitelistEntry, WhitelistMode, WhitelistSaved},
};

use crate::harness::{Answer, Person, both_databases, refused};

async fn create(owner: &Person, address: &str, label: &str, accept: bool) -> Answer {
    let line = json!({ "address": address, "label": label });
    owner.caller.call("whitelist_create", json!({ "params": { "line": line, "accept": accept } })).await
}

async fn update(owner: &Person, entry: &WhitelistEntry, address: &str, accept: bool) -> Answer {
    let line = json!({ "address": address, "label": "Changed" });
    let params = json!({ "id": entry.id, "version": entry.version, "line": line, "accept": accept });
    owner.caller.call("whitelist_update", json!({ "params": params })).await
}

async fn remove(owner: &Person, entry: &WhitelistEntry) -> Answer {
    owner.caller.call("whitelist_remove", json!({ "id": entry.id, "version": entry.version })).await
}

async fn texts(owner: &Person, search: &str) -> Vec<String> {
    owner.whitelist_list(search).await.page.rows.iter().map(WhitelistEntry::said).collect()
}

both_databases! {
    async fn an_entry_is_kept_in_canonical_form_changed_and_removed(app) {
        let owner = app.owner().await;
        let saved: WhitelistSaved = create(&owner, " 203.0.113.9/24 ", " Büro ", false).await.ok();
        assert_eq!((saved.entry.said().as_str(), saved.entry.version), ("203.0.113.0/24 (Büro)", 1));
        assert_eq!((saved.entry.created_by.as_str(), saved.warnings.len()), (owner.email.as_str(), 0));
        let changed: WhitelistSaved = update(&owner, &saved.entry, "::ffff:198.51.100.7", false).await.ok();
        assert_eq!((changed.entry.said().as_str(), changed.entry.version), ("198.51.100.7 (Changed)", 2));
        assert_eq!(update(&owner, &saved.entry, "10.0.0.1", false).await.error(), AppError::stale("entry"));
        assert_eq!(remove(&owner, &saved.entry).await.error(), AppError::stale("entry"));
        assert_eq!(texts(&owner, "").await, ["198.51.100.7 (Changed)"]);
        remove(&owner, &changed.entry).await.ok::<()>();
        assert_eq!(remove(&owner, &changed.entry).await.error(), AppError::not_found("whitelist entry"));
        assert_eq!(texts(&owner, "").await, [""; 0]);
    }

    async fn what_is_wrong_gets_a_sentence_and_changes_nothing(app) {
        let owner = app.owner().await;
        let entry = owner.whitelist("10.0.0.0/16", "Office").await;
        for bad in ["", "10.0.0", "010.0.0.1", "fe80::1%eth0", "10.0.0.0/33", "::ffff:10.0.0.0/64", &"1".repeat(1_000)] {
            for error in [create(&owner, bad, "", true).await.error(), update(&owner, &entry, bad, true).await.error()] {
                assert!(error.on_field("address").is_some(), "{bad}: {error:?}");
            }
        }
        for bad in ["x".repeat(81), "a\u{0}b".to_owned(), "a\u{202e}b".to_owned()] {
            assert!(create(&owner, "10.1.0.1", &bad, true).await.error().on_field("label").is_some(), "{bad:?}");
        }
        let equal = create(&owner, "10.0.255.255/16", "Other", true).await.error();
        assert_eq!(equal.on_field("address"), Some("10.0.0.0/16 (Office) is on the whitelist already."));
        let other = owner.whitelist("10.9.0.0/16", "").await;
        assert!(update(&owner, &other, "10.0.0.0/16", true).await.error().on_field("address").is_some());
        assert_eq!(texts(&owner, "").await, ["10.0.0.0/16 (Office)", "10.9.0.0/16"]);
    }

    async fn broad_and_overlapping_ranges_are_warned_about_before_they_are_saved(app) {
        let owner = app.owner().await;
        for number in 0..5 {
            owner.whitelist(&format!("10.{number}.0.0/16"), if number == 0 { "Office" } else { "" }).await;
        }
        let warned = |answer: Answer| match answer.error() {
            AppError::Unsure { warnings } => warnings,
            error => panic!("{error:?}"),
        };
        assert_eq!(
            warned(create(&owner, "10.0.0.9", "", false).await),
            ["10.0.0.9 lies within 10.0.0.0/16 (Office), which allows it already."]
        );
        assert_eq!(
            warned(create(&owner, "10.0.0.0/8", "", false).await),
            ["10.0.0.0/8 contains 10.0.0.0/16 (Office), 10.1.0.0/16, 10.2.0.0/16 and 2 more."]
        );
        let all = warned(create(&owner, "0.0.0.0/0", "", false).await);
        assert_eq!((all.len(), all[0].as_str()), (2, "0.0.0.0/0 is every IPv4 address there is."));
        assert_eq!(warned(create(&owner, "2001::/16", "", false).await).len(), 1);
        assert_eq!(texts(&owner, "").await.len(), 5, "nothing was saved");

        let saved: WhitelistSaved = create(&owner, "10.0.0.9", "", true).await.ok();
        assert_eq!(saved.warnings.len(), 1);
        // Its own old self is no overlap, and a new label none either.
        let entry = update(&owner, &saved.entry, "192.0.2.9", false).await.ok::<WhitelistSaved>().entry;
        let entry = update(&owner, &entry, "192.0.2.0/24", false).await.ok::<WhitelistSaved>().entry;
        assert_eq!(warned(update(&owner, &entry, "10.1.2.0/24", false).await).len(), 1);
        let inside = update(&owner, &entry, "10.1.2.0/24", true).await.ok::<WhitelistSaved>().entry;
        update(&owner, &inside, "10.1.2.0/24", false).await.ok::<WhitelistSaved>();
    }

    async fn of_many_lines_each_has_its_own_outcome_and_the_right_ones_are_added(app) {
        let owner = app.owner().await;
        owner.whitelist("198.51.100.0/24", "Contoso").await;
        let lines = ["203.0.113.9/24", "x", "198.51.100.0/24", "198.51.100.7", "203.0.113.0/24", "2001:db8::/48"];
        let lines: Vec<_> = lines.iter().map(|address| json!({ "address": address, "label": "Pasted" })).collect();
        let add = async |lines: &[Value], accept: bool| {
            owner.caller.call("whitelist_add", json!({ "params": { "lines": lines, "accept": accept } })).await
        };
        let word = |outcome: &LineOutcome| match outcome {
            LineOutcome::Added(_) => "added",
            LineOutcome::Unsure { .. } => "unsure",
            LineOutcome::Refused { .. } => "refused",
        };
        let outcomes: Vec<LineOutcome> = add(&lines, false).await.ok();
        let words: Vec<_> = outcomes.iter().map(word).collect();
        assert_eq!(words, ["added", "refused", "refused", "unsure", "refused", "added"], "{outcomes:?}");
        let outcomes: Vec<LineOutcome> = add(&lines[3..4], true).await.ok();
        assert_eq!(outcomes.iter().map(word).collect::<Vec<_>>(), ["added"]);
        assert_eq!(texts(&owner, "").await.len(), 4);
        let audited = "SELECT detail AS text FROM audit_entries WHERE action = 'whitelist.create' ORDER BY seq";
        let trail = app.database.texts(audited).await;
        assert_eq!(trail.len(), 3, "one entry for all that was added at once");
        assert!(trail[1].contains("203.0.113.0/24") && trail[1].contains("2001:db8::/48"), "{trail:?}");

        for wrong in [Vec::new(), vec![lines[0].clone(); 201]] {
            assert!(add(&wrong, true).await.error().on_field("lines").is_some(), "{}", wrong.len());
        }
    }

    async fn entries_are_found_by_text_label_and_an_address_within(app) {
        let owner = app.owner().await;
        for (address, label) in [("10.0.0.0/8", "Office"), ("2001:db8::/32", "Data centre"), ("192.0.2.1", "")] {
            owner.whitelist(address, label).await;
        }
        assert_eq!(texts(&owner, "").await, ["10.0.0.0/8 (Office)", "192.0.2.1", "2001:db8::/32 (Data centre)"]);
        for (search, found) in [
            ("DATA", "2001:db8::/32 (Data centre)"),
            ("192.0", "192.0.2.1"),
            ("10.200.3.4", "10.0.0.0/8 (Office)"),
            ("2001:db8:7::1", "2001:db8::/32 (Data centre)"),
        ] {
            assert_eq!(texts(&owner, search).await, [found], "{search}");
        }
        assert_eq!(texts(&owner, "198.51.100.1").await, [""; 0]);
    }

    async fn every_change_is_in_force_for_the_very_next_request(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::ApiClient).await;
        let status = async || key.caller.get("/v1/ip/8.8.8.8").await.status;
        let entry = owner.whitelist("127.0.0.0/8", "").await;
        owner.whitelist_mode(WhitelistMode::On).await.ok::<Value>();
        assert_eq!(status().await, 200);
        let narrow = update(&owner, &entry, "127.0.0.2", true).await.ok::<WhitelistSaved>().entry;
        assert_eq!(key.caller.get("/v1/ip/8.8.8.8").await.refusal(), refused(403, "ip_not_allowed"));
        let wide = update(&owner, &narrow, "127.0.0.1", true).await.ok::<WhitelistSaved>().entry;
        assert_eq!(status().await, 200);
        remove(&owner, &wide).await.ok::<()>();
        assert_eq!(status().await, 403);
        owner.whitelist("::ffff:127.0.0.1", "").await;
        assert_eq!(status().await, 200);
    }
}
