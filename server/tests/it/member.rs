//! Members: their roles, how they leave, and that there is always exactly one Owner.

use serde_json::{Value, json};
use shared::{
    AppError, Permission,
    key::KeyListParams,
    role::SystemRole,
    team::{MemberDetail, MemberView, Team, TeamListParams},
};

use crate::harness::{PASSWORD, Person, both_databases, together};

fn update(member: &MemberView, roles: &[shared::RoleId]) -> Value {
    let before: Vec<_> = member.roles.iter().map(|role| role.id).collect();
    json!({ "params": { "id": member.id, "before": before, "roles": roles } })
}

async fn owners(person: &Person) -> Vec<String> {
    let team = person.team().await;
    let rows = team.page.rows.into_iter();
    rows.filter_map(|row| match row {
        shared::team::TeamRow::Member(member) if member.is_owner => Some(member.email),
        _ => None,
    })
    .collect()
}

both_databases! {
    async fn several_roles_are_the_union_of_what_they_hold(app) {
        let owner = app.owner().await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let creator = owner.role_with("Creator", &["api.key.create"]).await;
        let row = owner.member(&member.email).await;
        let roles = [owner.role(SystemRole::Member).await, creator.id];
        let row: MemberView = owner.caller.call("member_update", update(&row, &roles)).await.ok();
        assert_eq!(row.roles.len(), 2);
        let viewer = member.viewer().await;
        assert!(viewer.may(Permission::KeyView) && viewer.may(Permission::KeyCreate) && !viewer.may(Permission::KeyDelete));
    }

    async fn a_role_taken_away_is_of_no_use_from_the_next_request_on(app) {
        let owner = app.owner().await;
        let admin = app.member_of(&owner, SystemRole::Admin).await;
        let row = owner.member(&admin.email).await;
        let narrower = [owner.role(SystemRole::ApiClient).await];
        owner.caller.call("member_update", update(&row, &narrower)).await.ok::<MemberView>();
        let error = admin.caller.call("key_list", json!({ "params": KeyListParams::default() })).await.error();
        assert_eq!(error, AppError::Forbidden { permission: Permission::KeyView });
    }

    async fn none_unknown_the_owners_and_stale_roles_are_refused(app) {
        let owner = app.owner().await;
        let member = app.member_of(&owner, SystemRole::Member).await;
        let row = owner.member(&member.email).await;
        let owners_role = owner.member(&owner.email).await.roles[0].id;
        for roles in [vec![], vec![shared::RoleId::from_bits(1)], vec![owners_role]] {
            let error = owner.caller.call("member_update", update(&row, &roles)).await.error();
            assert!(error.on_field("roles").is_some(), "{error:?}");
        }
        let admin = [owner.role(SystemRole::Admin).await];
        owner.caller.call("member_update", update(&row, &admin)).await.ok::<MemberView>();
        assert_eq!(owner.caller.call("member_update", update(&row, &admin)).await.error(), AppError::stale("member"));
    }

    async fn nobody_manages_a_member_who_may_do_more(app) {
        let owner = app.owner().await;
        let role = owner.role_with("People", &["organization.member.view", "organization.member.update",
            "organization.member.remove", "organization.invite"]).await;
        let people = app.member_with(&owner, role.id).await;
        let admin = app.member_of(&owner, SystemRole::Admin).await;
        let row = people.member(&admin.email).await;
        assert!(row.locked.as_ref().is_some_and(|why| why.contains("manage")), "{row:?}");
        for (function, arguments) in [
            ("member_update", update(&row, &[role.id])), ("member_remove", json!({ "id": row.id })),
        ] {
            let error = people.caller.call(function, arguments).await.error();
            assert!(matches!(error, AppError::AboveCeiling { .. }), "{function}: {error:?}");
        }
        let colleague = app.member_with(&people, role.id).await;
        let row = people.member(&colleague.email).await;
        let above = [owner.role(SystemRole::Member).await];
        let error = people.caller.call("member_update", update(&row, &above)).await.error();
        assert!(matches!(error, AppError::AboveCeiling { .. }), "{error:?}");
        people.caller.call("member_remove", json!({ "id": row.id })).await.ok::<()>();
    }

    async fn a_removed_members_sessions_end_at_once_and_their_keys_go_on(app) {
        let owner = app.owner().await;
        let admin = app.member_of(&owner, SystemRole::Admin).await;
        let second = Person::sign_in(app.address, &admin.email).await;
        let key = admin.key(SystemRole::ApiClient).await;
        let row = owner.member(&admin.email).await;
        let detail: MemberDetail = owner.caller.call("member_get", json!({ "id": row.id })).await.ok();
        assert_eq!((detail.keys_total, detail.keys.expect("keys")[0].id), (1, key.view.id));
        owner.caller.call("member_remove", json!({ "id": row.id })).await.ok::<()>();
        for session in [&admin, &second] {
            let error = session.caller.call("key_list", json!({ "params": KeyListParams::default() })).await.error();
            assert_eq!(error, AppError::SignedOut);
        }
        key.caller.get("/v1/ip/8.8.8.8").await.data();
        assert_eq!(owner.key_get(key.view.id).await.created_by, admin.email);
        let form = [("email", admin.email.as_str()), ("password", PASSWORD)];
        assert_eq!(app.visitor().form("sign_in", &form).await.error(), AppError::NoOrganization);
    }

    async fn a_member_may_leave_and_the_owner_may_not(app) {
        let owner = app.owner().await;
        let member = app.member_of(&owner, SystemRole::ApiClient).await;
        member.caller.call("member_leave", json!({})).await.ok::<()>();
        assert_eq!(member.caller.call("session_list", json!({})).await.error(), AppError::SignedOut);
        assert_eq!(owner.caller.call("member_leave", json!({})).await.error(), AppError::LastOwner);
        let admin = app.member_of(&owner, SystemRole::Admin).await;
        let row = admin.member(&owner.email).await;
        for (function, arguments) in [("member_remove", json!({ "id": row.id })),
            ("member_update", update(&row, &[admin.role(SystemRole::Admin).await]))] {
            assert_eq!(admin.caller.call(function, arguments).await.error(), AppError::LastOwner, "{function}");
        }
    }

    async fn the_ownership_is_handed_on_with_the_password_and_both_are_told(app) {
        let owner = app.owner().await;
        let heir = app.member_of(&owner, SystemRole::Member).await;
        let to = owner.member(&heir.email).await.id;
        let transfer = |password: &str| json!({ "to": to, "password": password });
        let error = owner.caller.call("ownership_transfer", transfer("wrong")).await.error();
        assert!(error.on_field("password").is_some(), "{error:?}");
        let error = heir.caller.call("ownership_transfer", transfer(PASSWORD)).await.error();
        assert_eq!(error, AppError::OwnerOnly);
        owner.caller.call("ownership_transfer", transfer(PASSWORD)).await.ok::<()>();
        assert_eq!(owners(&heir).await, [heir.email.as_str()]);
        assert_eq!((owner.viewer().await.roles, heir.viewer().await.is_owner), (vec!["Organization Admin".to_owned()], true));
        app.backend.deliver_mail().await.expect("the outbox");
        let mails = app.database.mails();
        for (whom, words) in [(&owner.email, "handed the ownership"), (&heir.email, "made you the Organization Owner")] {
            let to = format!("To: {whom}");
            assert!(mails.iter().any(|mail| mail.contains(&to) && mail.contains(words)), "{mails:?}");
        }
        owner.caller.call("member_leave", json!({})).await.ok::<()>();
    }

    async fn there_is_exactly_one_owner_whatever_happens_at_the_same_moment(app) {
        let owner = app.owner().await;
        let (first, second) = (app.member_of(&owner, SystemRole::Admin).await, app.member_of(&owner, SystemRole::Admin).await);
        let (to_first, to_second) = (first.viewer.member, second.viewer.member);
        let transfer = |to| json!({ "to": to, "password": PASSWORD });
        // Handed on to two, one of whom leaves, is removed and loses the role, all together.
        let answers = together(7, async |n| match n {
            0 | 1 => owner.caller.call("ownership_transfer", transfer(to_first)).await,
            2 => owner.caller.call("ownership_transfer", transfer(to_second)).await,
            3 => first.caller.call("member_leave", json!({})).await,
            4 => second.caller.call("member_remove", json!({ "id": to_first })).await,
            5 => owner.caller.call("member_leave", json!({})).await,
            _ => second.caller.call("member_remove", json!({ "id": owner.viewer.member })).await,
        }).await;
        assert!(answers.iter().all(|answer| answer.status != 500), "{answers:?}");
        assert_eq!(owners(&second).await.len(), 1);
    }

    async fn the_team_can_be_searched_filtered_and_paged(app) {
        let owner = app.owner().await;
        let role = owner.role_with("Reader", &[]).await;
        for number in 0..27 {
            owner.invite(&format!("person-{number}@example.org"), role.id).await;
        }
        let list = async |params: TeamListParams| -> Team {
            owner.caller.call("team_list", json!({ "params": params })).await.ok()
        };
        let all = list(TeamListParams::default()).await.page;
        assert_eq!((all.total, all.rows.len(), all.pages()), (28, 25, 2));
        let last = list(TeamListParams { page: 9, ..TeamListParams::default() }).await.page;
        assert_eq!((last.number, last.rows.len()), (2, 3));
        assert_eq!(list(TeamListParams { search: "PERSON-1".to_owned(), ..TeamListParams::default() }).await.page.total, 11);
        assert_eq!(list(TeamListParams { role: Some(role.id), ..TeamListParams::default() }).await.page.total, 27);
    }

    async fn the_member_of_another_organization_does_not_exist(app) {
        let (owner, stranger) = (app.owner().await, app.owner().await);
        let row = owner.member(&owner.email).await;
        for (function, arguments) in [
            ("member_get", json!({ "id": row.id })),
            ("member_update", update(&row, &[stranger.role(SystemRole::Admin).await])),
            ("member_remove", json!({ "id": row.id })),
            ("ownership_transfer", json!({ "to": row.id, "password": PASSWORD })),
        ] {
            assert_eq!(stranger.caller.call(function, arguments).await.error(), AppError::not_found("member"), "{function}");
        }
    }
}
