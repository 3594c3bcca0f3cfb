//! `/docs` and what is below: the reference and the guide that people read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{TestApp, both_databases};

/// What stands between `before` and the next quote, wherever `before` stands.
fn quoted(page: &str, before: &str) -> BTreeSet<String> {
    page.split(before).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Every page: the guide, and the reference with all that its contents lead to.
async fn pages(app: &TestApp) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let contents = app.visitor().get("/docs").await.text;
    let linked = quoted(&contents, "href=\"/docs").into_iter().map(|rest| format!("/docs{rest}"));
    for path in linked.filter(|path| !path.contains('#')) {
        let answer = app.visitor().get(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("script-src"),
            "{policy}"
        );
        pages.insert(path, answer.text);
    }
    assert!(pages.contains_key("/docs") && pages.contains_key("/docs/guide") && pages.len() > 10);
    pages
}

both_databases! {
    async fn anybody_reads_every_operation_with_its_path_and_its_permission(app) {
        let document: Value = serde_json::from_str(server::v1::openapi::document()).expect("JSON");
        let pages = pages(app).await;
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (_, operation) in item.as_object().expect("operations").iter().filter(|(method, _)| *method != "head") {
                let id = operation["operationId"].as_str().expect("a name");
                let of_it: Vec<_> = pages.values().filter(|page| page.contains(&format!("id=\"{id}\""))).collect();
                let [page] = *of_it else { panic!("{id} is on {} pages", of_it.len()) };
                assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
                if let Some(permission) = operation["x-permission"].as_str() {
                    assert!(page.contains(&format!("Needs the permission <code>{permission}</code>")), "{id}");
                }
            }
        }
    }

    async fn all_read_without_scripts_and_load_nothing_from_elsewhere(app) {
        for (path, page) in pages(app).await {
            for tag in ["<script", "<style", " style=", " onclick=", "<iframe"] {
                assert!(!page.contains(tag), "{path}: {tag}");
            }
            for address in quoted(&page, "src=\"").union(&quoted(&page, "href=\"")) {
                let is_ours = address.starts_with('#') || (address.starts_with('/') && !address.starts_with("//"));
                assert!(is_ours, "{path}: {address}");
            }
        }
    }

    /// Whoever is signed in sees the pages; anything else than a page of theirs would be a link into nothing.
    async fn the_guide_leads_to_pages_that_are_there(app) {
        let owner = app.owner().await;
        let guide = app.visitor().get("/docs/guide").await;
        let links: BTreeSet<_> = quoted(&guide.text, "href=\"/").into_iter().filter(|link| !link.contains('.')).collect();
        assert!(links.len() > 12, "{links:?}");
        for link in links {
            assert_eq!(owner.caller.get(&format!("/{link}")).await.status, 200, "/{link}");
        }
    }

    async fn every_link_between_and_inside_of_them_leads_somewhere_and_no_place_is_there_twice(app) {
        let pages = pages(app).await;
        let places: BTreeMap<_, _> = pages.iter().map(|(path, page)| (path.as_str(), quoted(page, " id=\""))).collect();
        for (path, page) in &pages {
            assert_eq!(page.matches(" id=\"").count(), places[path.as_str()].len(), "{path}");
            for link in quoted(page, "href=\"").iter().filter_map(|link| link.split_once('#')) {
                let (other, place) = link;
                let on = if other.is_empty() { path } else { other };
                assert!(places[on].contains(place), "{path}: {on}#{place}");
            }
        }
    }

    async fn a_page_that_does_not_exist_is_not_found(app) {
        assert_eq!(app.visitor().get("/docs/nothing").await.status, 404);
    }
}
