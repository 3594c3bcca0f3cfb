//! The audit trail as a file, and under `/v1`.

use std::collections::HashSet;

use serde_json::{Value, json};
use shared::{AppError, Permission, role::SystemRole};

use crate::harness::{Engine, both_databases, refused};

const CSV: &str = "/download/audit.csv";
const JSON_LINES: &str = "/download/audit.jsonl";

both_databases! {
    async fn both_files_hold_what_the_filters_let_through(app) {
        let owner = app.owner().await;
        let key = owner.create("=HYPERLINK(\"https://evil.example\"), \"x\"", SystemRole::ApiClient).await.key;
        owner.revoke(key.id).await;
        let csv = owner.caller.get(&format!("{CSV}?action=key")).await;
        assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8; header=present"));
        assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit-2026-11-23.csv\"");
        assert_eq!((csv.header("cache-control"), csv.header("access-control-allow-origin")), ("no-store", ""));
        let lines: Vec<_> = csv.text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("\"number\",\"at\",\"outcome\",\"who\""), "{lines:?}");
        assert!(lines[1].contains("key.revoke") && lines[2].contains("key.create"), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains(",\"=") || line.contains(",\"@")), "{lines:?}");

        let json = owner.caller.get(JSON_LINES).await;
        assert_eq!(json.header("content-disposition"), "attachment; filename=\"audit-2026-11-23.jsonl\"");
        let entries: Vec<Value> = json.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().expect("an action")).collect();
        assert_eq!(actions, ["key.revoke", "key.create", "organization.create"]);
        assert_eq!(entries[1]["detail"]["after"]["name"], key.name.as_str());
        for pair in entries.windows(2) {
            assert_eq!(pair[0]["previous_hash"], pair[1]["hash"], "each carries the hash of the one before");
        }
    }

    async fn only_whoever_may_read_the_trail_gets_a_file(app) {
        let owner = app.owner().await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let key = owner.key(SystemRole::Admin).await;
        for path in [CSV, JSON_LINES] {
            // A key is no session.
            for caller in [&app.visitor(), &key.caller] {
                let answer = caller.get(path).await;
                assert_eq!((answer.status, answer.text), (401, format!("{}\n", AppError::SignedOut)));
            }
            let answer = member.caller.get(path).await;
            let why = AppError::Forbidden { permission: Permission::AuditView };
            assert_eq!((answer.status, answer.header("content-type")), (403, "text/plain; charset=utf-8"));
            assert_eq!(answer.text, format!("{why}\n"));
            for site in ["cross-site", "same-site"] {
                let answer = owner.caller.clone().with("sec-fetch-site", site).get(path).await;
                assert_eq!((answer.status, answer.text), (403, format!("{}\n", AppError::CrossSite)));
            }
            let answer = owner.caller.clone().with("sec-fetch-site", "same-origin").get(path).await;
            assert_eq!((answer.status, answer.header("cross-origin-resource-policy")), (200, "same-origin"));
        }
        app.backend.flush_attempts().await.expect("written");
        let list = key.caller.get("/v1/audit?outcome=refused").await.data();
        assert_eq!(list["items"][0]["sentence"], "Tried to export the audit trail");
    }

    async fn a_long_trail_is_streamed_to_its_end(app) {
        const ROWS: usize = 20_000;
        let owner = app.owner().await;
        let (numbers, number) = match app.database.engine {
            Engine::Sqlite => (format!("WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS})"), "n FROM n,"),
            Engine::Postgres => (String::new(), "n FROM generate_series(2, 20000) AS n,"),
        };
        // Many at the same moment: those are told apart by their numbers.
        let columns = "organization_id, at, actor, actor_label, action, target, detail, request_id, previous_hash, hash";
        app.database.execute(&format!("INSERT INTO audit_entries ({columns}, seq) {numbers} SELECT {columns}, {number} audit_entries")).await;
        let answer = owner.caller.get(JSON_LINES).await;
        assert_eq!((answer.status, answer.header("content-length")), (200, ""), "its length is not known before its end");
        let seqs: HashSet<i64> = answer.text.lines().map(|line| {
            serde_json::from_str::<Value>(line).expect("JSON")["seq"].as_i64().expect("a number")
        }).collect();
        assert_eq!((seqs.len(), answer.text.lines().count()), (ROWS, ROWS));
    }

    async fn programs_read_the_trail_by_slices(app) {
        let owner = app.owner().await;
        let key = owner.key(SystemRole::Admin).await;
        for number in 0..5 {
            owner.create(&format!("Client {number}"), SystemRole::ApiClient).await;
        }
        let (mut seqs, mut cursor) = (Vec::new(), String::new());
        loop {
            let list = key.caller.get(&format!("/v1/audit?action=key.create&limit=2{cursor}")).await.data();
            seqs.extend(list["items"].as_array().expect("a list").iter().map(|entry| entry["seq"].as_i64().expect("a number")));
            match list["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seqs, [7, 6, 5, 4, 3, 2]);
        let one = key.caller.get("/v1/audit/7").await;
        assert_eq!(one.data()["detail"]["after"]["name"], "Client 4");
        let again = key.caller.clone().with("if-none-match", one.header("etag")).get("/v1/audit/7").await;
        assert_eq!(again.status, 304);
        for (path, why) in [
            ("/v1/audit/8", refused(404, "not_found")), ("/v1/audit/+7", refused(404, "not_found")),
            ("/v1/audit?actor=x", refused(400, "invalid_parameter")),
            ("/v1/audit?outcome=maybe", refused(400, "invalid_parameter")),
            ("/v1/audit?since=yesterday", refused(400, "invalid_parameter")),
            ("/v1/audit?cursor=x", refused(400, "invalid_cursor")),
        ] {
            assert_eq!(key.caller.get(path).await.refusal(), why, "{path}");
        }
        let since = key.caller.get("/v1/audit?since=2026-11-24T00:00:00Z").await.data();
        assert_eq!(since, json!({ "items": [], "next_cursor": null }));
    }
}
