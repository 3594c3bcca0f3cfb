//! `ipaware audit verify`: whatever is done to the rows behind the server's back is found, and named.

use shared::{OrganizationId, role::SystemRole};

use super::{Said, Shell};
use crate::harness::{Engine, TestApp, both_databases};

const NOWHERE: Shell = Shell { url: String::new(), secret: String::new() };

/// The server goes on running meanwhile.
async fn verify(app: &TestApp, more: &[&str]) -> Said {
    let arguments = [&["audit", "verify", "--database-url", &app.database.url], more].concat();
    NOWHERE.run(&arguments).await
}

/// Takes away what keeps a client of the database from changing the trail.
async fn disarm(app: &TestApp) {
    let sql = match app.database.engine {
        Engine::Sqlite => "DROP TRIGGER audit_entries_no_update; DROP TRIGGER audit_entries_no_delete",
        Engine::Postgres => "DROP TRIGGER audit_entries_append_only ON audit_entries",
    };
    app.database.execute(sql).await;
}

/// Somebody's organization with some entries, one of them refused, and how many they are.
async fn some_entries(app: &TestApp) -> (OrganizationId, i64) {
    let owner = app.owner().await;
    let member = app.member_of(&owner, SystemRole::Member).await;
    owner.key(SystemRole::ApiClient).await;
    member.caller.get("/team").await;
    app.backend.flush_attempts().await.expect("written");
    let organization = owner.viewer.organization;
    let count =
        format!("SELECT CAST(count(*) AS TEXT) AS text FROM audit_entries WHERE organization_id = '{organization}'");
    let count = app.database.texts(&count).await[0].parse().expect("a number");
    (organization, count)
}

/// The line about this organization, and whether all is well.
async fn about(app: &TestApp, organization: OrganizationId) -> (i32, String) {
    let said = verify(app, &[]).await;
    let line = said.out.lines().find(|line| line.starts_with(&organization.to_string())).expect("a line");
    (said.status, line.split_once(": ").expect("what was found").1.to_owned())
}

both_databases! {
    async fn a_trail_that_nobody_touched_is_proven_while_the_server_runs(app) {
        let (organization, entries) = some_entries(app).await;
        let other = app.owner().await.viewer.organization;
        let said = verify(app, &[]).await.good();
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(said.contains(&format!("{organization}: {entries} entries are as they were written, the last ")), "{said}");
        assert!(said.contains(&format!("{other}: 1 entry is as it was written, ")), "{said}");
        let one = verify(app, &["--organization", &other.to_string()]).await.good();
        assert!(one.starts_with(&other.to_string()) && one.lines().count() == 1, "{one}");
        let nobodys = OrganizationId::from_bits(1).to_string();
        assert!(verify(app, &["--organization", &nobodys]).await.failed(3).contains("no organization"));
    }

    async fn one_changed_byte_is_found_and_the_entry_named(app) {
        let (organization, entries) = some_entries(app).await;
        let other = app.owner().await.viewer.organization;
        disarm(app).await;
        app.database.execute("CREATE TABLE kept AS SELECT * FROM audit_entries").await;
        let (later, zeros) = match app.database.engine {
            Engine::Sqlite => ("at + 1", "zeroblob(32)"),
            Engine::Postgres => ("at + interval '1 microsecond'", "decode(repeat('00', 32), 'hex')"),
        };
        let first_letter = |column: &str| format!("'~' || substr({column}, 2)");
        for (seq, column, value, flaw) in [
            (2, "at", later.to_owned(), "altered"),
            (2, "actor", first_letter("actor"), "altered"),
            (2, "actor_label", first_letter("actor_label"), "altered"),
            (2, "action", first_letter("action"), "altered"),
            (2, "target", first_letter("target"), "altered"),
            (2, "detail", "replace(detail, 'a', 'b')".to_owned(), "altered"),
            (2, "address", "NULL".to_owned(), "altered"),
            (2, "user_agent", "'x'".to_owned(), "altered"),
            (2, "request_id", first_letter("request_id"), "altered"),
            (2, "outcome", "'refused'".to_owned(), "altered"),
            (entries, "outcome", "'done'".to_owned(), "altered"),
            (2, "previous_hash", zeros.to_owned(), "altered"),
            (2, "hash", zeros.to_owned(), "altered"),
        ] {
            let this = format!("organization_id = '{organization}' AND seq = {seq}");
            app.database.execute(&format!("UPDATE audit_entries SET {column} = {value} WHERE {this}")).await;
            let (status, said) = about(app, organization).await;
            assert!(status == 1 && said.starts_with(&format!("BROKEN at entry {seq}: ")) && said.contains(flaw), "{column}: {said}");
            let (status, said) = about(app, other).await;
            assert!(status == 1 && said.starts_with("1 entry is as it was written"), "{said}");
            let kept = format!("SELECT {column} FROM kept WHERE {this}");
            app.database.execute(&format!("UPDATE audit_entries SET {column} = ({kept}) WHERE {this}")).await;
            assert_eq!(about(app, organization).await.0, 0, "as it was");
        }
    }

    async fn entries_that_are_removed_swapped_or_added_are_found(app) {
        disarm(app).await;
        let copy = "organization_id, at, actor, actor_label, action, target, detail, request_id, previous_hash, hash";
        for (what, found) in [
            ("DELETE FROM audit_entries WHERE {this} AND seq = 2", "BROKEN at entry 2: it is missing"),
            ("DELETE FROM audit_entries WHERE {this} AND seq = 1", "BROKEN at entry 1: it is missing"),
            ("DELETE FROM audit_entries WHERE {this} AND seq >= 3",
                "BROKEN at entry 3: it and all up to {last} are missing from the end"),
            ("DELETE FROM audit_entries WHERE {this}", "BROKEN at entry 1: it and all up to {last} are missing from the end"),
            ("UPDATE audit_entries SET seq = 1000 WHERE {this} AND seq = 2; \
              UPDATE audit_entries SET seq = 2 WHERE {this} AND seq = 3; \
              UPDATE audit_entries SET seq = 3 WHERE {this} AND seq = 1000", "BROKEN at entry 2: it was altered"),
            ("INSERT INTO audit_entries ({copy}, seq) SELECT {copy}, 0 FROM audit_entries WHERE {this} AND seq = 1",
                "BROKEN at entry 0: it was altered"),
            ("INSERT INTO audit_entries ({copy}, seq) SELECT {copy}, {last} + 1 FROM audit_entries WHERE {this} AND seq = 1",
                "BROKEN at entry {next}: it was altered"),
            ("UPDATE organizations SET audit_seq = audit_seq - 1 WHERE id = '{organization}'",
                "BROKEN at entry {last}: it was added behind the last one"),
            ("UPDATE organizations SET audit_hash = (SELECT hash FROM audit_entries WHERE {this} AND seq = 1) \
              WHERE id = '{organization}'", "BROKEN at entry {last}: it is not the last one"),
        ] {
            let (organization, last) = some_entries(app).await;
            let fill = |text: &str| {
                let this = format!("organization_id = '{organization}'");
                text.replace("{this}", &this).replace("{copy}", copy).replace("{organization}", &organization.to_string())
                    .replace("{last}", &last.to_string()).replace("{next}", &(last + 1).to_string())
            };
            app.database.execute(&fill(what)).await;
            let said = verify(app, &["--organization", &organization.to_string()]).await;
            assert_eq!(said.status, 1, "{said:?}");
            assert!(said.out.contains(&fill(found)), "{what}: {}", said.out);
        }
    }

    async fn the_database_itself_refuses_to_change_the_trail(app) {
        some_entries(app).await;
        let details = "SELECT detail AS text FROM audit_entries ORDER BY organization_id, seq";
        let before = app.database.texts(details).await;
        for sql in ["UPDATE audit_entries SET target = 'x'", "DELETE FROM audit_entries"] {
            assert!(app.database.try_execute(sql).await.is_err(), "{sql}");
        }
        assert_eq!(app.database.texts(details).await, before);
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().to_str().expect("UTF-8");
    let said = NOWHERE.run(&["audit", "verify", "--data-dir", data_dir]).await.failed(3);
    assert!(said.contains("ipaware.db"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    NOWHERE.run(&["audit", "verify", "--database-url", "mysql://h/d"]).await.failed(2);
}
