//! The plan's limit of whitelisted IPs, also when many ask at once.

use serde_json::{Value, json};
use shared::{
    AppError,
    whitelist::{LineOutcome, WhitelistAllowance},
};

use crate::harness::{Answer, Setup, both_databases, together};

/// What the built-in plan Pro allows.
const PRO: u64 = 5;

fn pro() -> Setup {
    Setup { plan: "Pro", ..Setup::default() }
}

fn line(number: usize) -> Value {
    json!({ "address": format!("10.0.0.{number}"), "label": "" })
}

fn full(used: u64) -> AppError {
    AppError::WhitelistFull { allowance: WhitelistAllowance { used, limit: Some(PRO), plan: "Pro".to_owned() } }
}

both_databases! {
    async fn of_30_simultaneous_additions_exactly_as_many_succeed_as_there_is_room(app = pro()) {
        let owner = app.owner().await;
        owner.whitelist("192.0.2.1", "").await;
        let create = async |number| {
            let params = json!({ "line": line(number), "accept": false });
            owner.caller.call("whitelist_create", json!({ "params": params })).await
        };
        let answers = together(30, create).await;
        let (created, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((created.len(), refused.len()), (4, 26));
        for answer in refused {
            assert_eq!(answer.error(), full(PRO));
        }
        let list = owner.whitelist_list("").await;
        assert_eq!((list.page.total, list.standing.allowance.said().as_str()), (PRO, "5 / 5 IPs used"));
        assert!(list.standing.allowance.is_reached());
    }

    async fn of_simultaneous_pastes_exactly_as_many_lines_succeed_as_there_is_room(app = pro()) {
        let owner = app.owner().await;
        let paste = async |number: usize| {
            let lines: Vec<_> = (0..3).map(|each| line(number * 10 + each)).collect();
            owner.caller.call("whitelist_add", json!({ "params": { "lines": lines, "accept": false } })).await
        };
        let outcomes: Vec<LineOutcome> =
            together(10, paste).await.iter().flat_map(Answer::ok::<Vec<LineOutcome>>).collect();
        let added = outcomes.iter().filter(|outcome| matches!(outcome, LineOutcome::Added(_))).count() as u64;
        assert_eq!((outcomes.len(), added), (30, PRO));
        let why = LineOutcome::Refused { message: full(PRO).to_string() };
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == why).count() as u64, 30 - PRO);
        assert_eq!(owner.whitelist_list("").await.page.total, PRO);
    }

    async fn of_simultaneous_additions_of_the_same_address_one_succeeds(app) {
        let owner = app.owner().await;
        let params = json!({ "params": { "line": line(1), "accept": false } });
        let answers = together(20, async |_| owner.caller.call("whitelist_create", params.clone()).await).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(owner.whitelist_list("").await.page.total, 1);
    }

    async fn a_removed_entry_makes_room(app = pro()) {
        let owner = app.owner().await;
        let mut entries = Vec::new();
        for number in 1..=5 {
            entries.push(owner.whitelist(&format!("10.0.0.{number}"), "").await);
        }
        let create = json!({ "params": { "line": line(9), "accept": false } });
        assert_eq!(owner.caller.call("whitelist_create", create.clone()).await.error(), full(PRO));
        let gone = json!({ "id": entries[0].id, "version": 1 });
        owner.caller.call("whitelist_remove", gone).await.ok::<()>();
        owner.caller.call("whitelist_create", create).await.ok::<Value>();
    }
}
