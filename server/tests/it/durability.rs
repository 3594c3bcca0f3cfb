//! What was acknowledged survives a sudden end of the process.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shared::{
    KeyId,
    key::{KeyCreated, KeyStatus},
    role::SystemRole,
};

use crate::harness::{Caller, Database, Engine, Person, process::Process};

/// One acknowledged change.
enum Done {
    Created(KeyId, String),
    Revoked(String),
}

/// Creates and revokes without a pause, and notes each change once its answer has come.
async fn change_on(owner: &Person, params: &Value, done: &Mutex<Vec<Done>>) {
    loop {
        let created: KeyCreated = owner.caller.call("key_create", params.clone()).await.ok();
        let (id, secret) = (created.key.id, created.secret.expose().to_owned());
        done.lock().expect("the list").push(Done::Created(id, secret.clone()));
        owner.caller.call("key_revoke", json!({ "id": id, "reason": "" })).await.ok::<Value>();
        done.lock().expect("the list").push(Done::Revoked(secret));
    }
}

async fn nothing_acknowledged_is_lost_by_a_kill_in_a_stream_of_changes(engine: Engine) {
    const CHANGES_PER_ROUND: usize = 40;
    let database = Database::fresh(engine).await;
    let mut server = Process::start(&database, &[]).await;
    let email = Person::sign_up(server.address).await.email;
    for _ in 0..3 {
        let owner = Arc::new(Person::sign_in(server.address, &email).await);
        let params = owner.create_params("Stream", SystemRole::ApiClient).await;
        let done = Arc::new(Mutex::new(Vec::new()));
        let streams: Vec<_> = (0..4)
            .map(|_| {
                let (owner, params, done) = (Arc::clone(&owner), params.clone(), Arc::clone(&done));
                tokio::spawn(async move { change_on(&owner, &params, &done).await })
            })
            .collect();
        while done.lock().expect("the list").len() < CHANGES_PER_ROUND {
            tokio::task::yield_now().await;
        }
        server.kill().await;
        for stream in streams {
            // Each ends by a connection that breaks off, which is what should happen here.
            assert!(stream.await.is_err());
        }

        server = Process::start(&database, &[]).await;
        let owner = Person::sign_in(server.address, &email).await;
        let done = std::mem::take(&mut *done.lock().expect("the list"));
        for change in &done {
            match change {
                Done::Created(id, _) => assert_eq!(owner.key_get(*id).await.id, *id),
                Done::Revoked(secret) => {
                    let answer = Caller::visitor(server.address).bearer(secret).get("/v1/verify").await;
                    assert_eq!(answer.refusal(), (401, "revoked".to_owned()));
                }
            }
        }
        // A key whose revocation was not acknowledged is in one of the two states, and both halves of the server agree.
        for change in &done {
            if let Done::Created(id, secret) = change {
                let is_active = owner.key_get(*id).await.status == KeyStatus::Active;
                let status = Caller::visitor(server.address).bearer(secret).get("/v1/verify").await.status;
                assert_eq!(status, if is_active { 200 } else { 401 });
            }
        }
    }
}

mod sqlite {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_acknowledged_is_lost_by_a_kill_in_a_stream_of_changes() {
        super::nothing_acknowledged_is_lost_by_a_kill_in_a_stream_of_changes(Engine::Sqlite).await;
    }
}

mod postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_acknowledged_is_lost_by_a_kill_in_a_stream_of_changes() {
        super::nothing_acknowledged_is_lost_by_a_kill_in_a_stream_of_changes(Engine::Postgres).await;
    }
}
