//! `/docs` and `/docs/guide`: the reference and the guide that people read.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::both_databases;

/// What stands between `before` and the next quote, wherever `before` stands.
fn quoted(page: &str, before: &str) -> BTreeSet<String> {
    page.split(before).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

both_databases! {
    async fn anybody_reads_every_operation_with_its_path_and_its_permission(app) {
        let answer = app.visitor().get("/docs").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
        let document: Value = serde_json::from_str(server::v1::openapi::document()).expect("JSON");
        let ids = quoted(&answer.text, "id=\"");
        for (path, item) in document["paths"].as_object().expect("paths") {
            assert!(answer.text.contains(&format!("<code>{path}</code>")), "{path}");
            for (method, operation) in item.as_object().expect("operations") {
                let id = operation["operationId"].as_str().expect("a name");
                assert!(method == "head" || ids.contains(id), "{id}");
                if let Some(permission) = operation["x-permission"].as_str() {
                    assert!(answer.text.contains(&format!("Needs the permission <code>{permission}</code>")), "{id}");
                }
            }
        }
    }

    async fn both_read_without_scripts_and_load_nothing_from_elsewhere(app) {
        for path in ["/docs", "/docs/guide"] {
        let answer = app.visitor().get(path).await;
        for tag in ["<script", "<style", " style=", " onclick=", "<iframe"] {
            assert!(!answer.text.contains(tag), "{tag}");
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("script-src"), "{policy}");
        for address in quoted(&answer.text, "src=\"").union(&quoted(&answer.text, "href=\"")) {
            let is_ours = address.starts_with('#') || (address.starts_with('/') && !address.starts_with("//"));
            assert!(is_ours, "{address}");
        }
        }
    }

    /// Whoever is signed in sees the pages; anything else than a page of theirs would be a link into nothing.
    async fn the_guide_leads_to_pages_that_are_there(app) {
        let owner = app.owner().await;
        let guide = app.visitor().get("/docs/guide").await;
        assert_eq!((guide.status, guide.header("content-type")), (200, "text/html; charset=utf-8"));
        let links: BTreeSet<_> = quoted(&guide.text, "href=\"/").into_iter().filter(|link| !link.contains('.')).collect();
        assert!(links.len() > 12, "{links:?}");
        for link in links {
            assert_eq!(owner.caller.get(&format!("/{link}")).await.status, 200, "/{link}");
        }
    }

    async fn every_link_inside_of_them_leads_somewhere_and_no_place_is_there_twice(app) {
        for path in ["/docs", "/docs/guide"] {
        let page = app.visitor().get(path).await.text;
        let ids = quoted(&page, " id=\"");
        assert_eq!(page.matches(" id=\"").count(), ids.len());
        let lost: Vec<_> = quoted(&page, "href=\"#").into_iter().filter(|target| !ids.contains(target)).collect();
        assert_eq!(lost, Vec::<String>::new());
        }
    }
}
