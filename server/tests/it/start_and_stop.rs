//! The executable: how it starts, what it says when it cannot, and how it stops.

use std::path::Path;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::{
    Caller, Database, Engine, PASSWORD, Person,
    process::{Process, run},
};

#[tokio::test]
async fn a_wrong_option_stops_the_start_with_a_sentence_that_names_it() {
    for (variable, value, names) in [
        ("IPAWARE_LISTEN", "nowhere", "--listen"),
        ("IPAWARE_SIGN_UP", "maybe", "--sign-up"),
        ("IPAWARE_PUBLIC_URL", "keys.example.com", "--public-url"),
        ("IPAWARE_TRUSTED_PROXIES", "proxy", "--trusted-proxies"),
        ("IPAWARE_PLAN", "Gold", "--plan"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/x", "--database-url"),
    ] {
        let output = run(&["serve"], &[(variable, value)]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{variable}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(names) && said.contains(variable) && !said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn help_lists_every_option_with_its_environment_variable_and_no_password() {
    let output = run(&["serve", "--help"], &[("DATABASE_URL", "postgres://u:hunter2@h/d")]).await;
    let said = String::from_utf8_lossy(&output.stdout);
    for name in
        ["LISTEN", "DATA_DIR", "PUBLIC_URL", "SIGN_UP", "TRUSTED_PROXIES", "PEPPER_FILE", "PLAN", "MMDB", "LOG_FORMAT"]
    {
        assert!(said.contains(&format!("IPAWARE_{name}")), "{name}: {said}");
    }
    assert!(said.contains("DATABASE_URL") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_taken_stops_the_start_with_a_sentence() {
    let database = Database::fresh(Engine::Sqlite).await;
    let server = Process::start(&database, &[]).await;
    let folder = database.folder().join("other");
    let site = database.folder().join("site");
    let (listen, folder, site) =
        (server.address.to_string(), folder.to_str().expect("UTF-8"), site.to_str().expect("UTF-8"));
    let output = run(&["serve", "--listen", &listen, "--data-dir", folder], &[("IPAWARE_SITE_DIR", site)]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&listen) && said.contains("IPAWARE_LISTEN") && !said.contains("panicked"), "{said}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_data_folder_the_database_and_the_pepper_are_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = Database::fresh(Engine::Sqlite).await;
    let _server = Process::start(&database, &[]).await;
    let folder = database.folder().join("data");
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o077;
    assert_eq!(mode(&folder), 0);
    assert_eq!(mode(Path::new(&database.url)), 0);
    assert_eq!(mode(&database.pepper_file), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_sqlite_file_is_refused_and_a_killed_one_leaves_no_lock() {
    let database = Database::fresh(Engine::Sqlite).await;
    let first = Process::start(&database, &[]).await;
    let (folder, site) = (database.folder().join("other"), database.folder().join("site"));
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", folder.to_str().expect("UTF-8")];
    let variables = [("IPAWARE_SITE_DIR", site.to_str().expect("UTF-8")), ("DATABASE_URL", &database.url)];
    let output = run(&arguments, &variables).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another server") && said.contains("IPAWARE_DATA_DIR"), "{said}");
    first.kill().await;
    Process::start(&database, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_finishes_what_it_has_begun_and_exits_with_0() {
    let database = Database::fresh(Engine::Sqlite).await;
    let server = Process::start(&database, &[]).await;
    let owner = Person::sign_up(server.address).await;
    let body = format!("email={}&password={}", owner.email, PASSWORD.replace(' ', "+"));
    let (first, second) = body.split_at(10);
    let head = format!(
        "POST /api/sign_in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(format!("{head}{first}").as_bytes()).await.expect("the first half");
    // Another answer on another connection: by then the first half has been taken in as well.
    Caller::visitor(server.address).get("/v1/health").await.data();

    server.terminate().await;
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(second.as_bytes()).await.expect("the second half");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_can_be_signed_in_to_and_needs_a_fresh_database() {
    let database = Database::fresh(Engine::Sqlite).await;
    let server = Process::start(&database, &["--demo"]).await;
    let line = server.said.iter().find_map(|line| line.strip_prefix("demo sign-in: ")).expect("a sign-in");
    let (email, password) = line.split_once(" / ").expect("email and password");
    let password = password.split(' ').next().expect("a password");
    let answer = Caller::visitor(server.address).form("sign_in", &[("email", email), ("password", password)]).await;
    answer.ok::<()>();
    server.kill().await;

    let site = database.folder().join("site");
    let data = database.folder().to_str().expect("UTF-8");
    let variables = [("IPAWARE_SITE_DIR", site.to_str().expect("UTF-8")), ("DATABASE_URL", &database.url)];
    let output = run(&["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir", data], &variables).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--demo"), "{said}");
}
