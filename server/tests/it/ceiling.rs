//! The ceiling rule: nobody, person or key, ever hands on what they lack themselves, by whatever route and in whatever
//! order.
//!
//! Random actors do random things. After each that succeeds, everybody's permissions are compared with before: whatever
//! a holder has gained, the actor must have held. So every permission that anybody holds goes back, grant by grant, to
//! the Owner. The one exception is written down: a newly registered application permission comes into being with the
//! Owner and the Admins.

use std::collections::BTreeMap;

use backend::{
    Failure,
    audit::chain,
    authz,
    context::{Context, RequestInfo},
    keyring::{Question, secret::WellFormed},
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use shared::{
    AppError, Grants, Permission, RoleId,
    key::{KeyCreateParams, KeyListParams, KeyUpdateParams, StatusFilter},
    permission::ApplicationPermission,
    role::{RoleCreateParams, RoleDeleteParams, RoleList, RoleUpdateParams, SystemRole},
    team::{InvitationCreateParams, MemberUpdateParams, Team, TeamListParams, TeamRow},
};

use crate::harness::{PASSWORD, Person, TestApp, both_databases};

/// One thing that somebody tries. The numbers choose among what there is at that moment.
#[derive(Debug, Clone)]
enum Step {
    RoleCreate { permissions: u32 },
    RoleUpdate { role: usize, permissions: u32 },
    RoleDelete { role: usize, replacement: usize },
    KeyCreate { role: usize },
    KeyUpdate { key: usize, role: usize },
    Invite { role: usize },
    InvitationUpdate { invitation: usize, role: usize },
    InvitationAccept { invitation: usize },
    InvitationWithdraw { invitation: usize },
    MemberUpdate { member: usize, roles: [usize; 2] },
    MemberRemove { member: usize },
    Transfer { member: usize },
    Register { name: usize },
    Unregister { name: usize },
}

const OWN: [&str; 3] = ["orders.read", "orders.write", "stock.count"];

fn step() -> impl Strategy<Value = (usize, Step)> {
    let n = || any::<prop::sample::Index>().prop_map(|index| index.index(1_000));
    let step = prop_oneof![
        3 => any::<u32>().prop_map(|permissions| Step::RoleCreate { permissions }),
        4 => (n(), any::<u32>()).prop_map(|(role, permissions)| Step::RoleUpdate { role, permissions }),
        1 => (n(), n()).prop_map(|(role, replacement)| Step::RoleDelete { role, replacement }),
        3 => n().prop_map(|role| Step::KeyCreate { role }),
        3 => (n(), n()).prop_map(|(key, role)| Step::KeyUpdate { key, role }),
        3 => n().prop_map(|role| Step::Invite { role }),
        1 => (n(), n()).prop_map(|(invitation, role)| Step::InvitationUpdate { invitation, role }),
        2 => n().prop_map(|invitation| Step::InvitationAccept { invitation }),
        1 => n().prop_map(|invitation| Step::InvitationWithdraw { invitation }),
        4 => (n(), n(), n()).prop_map(|(member, a, b)| Step::MemberUpdate { member, roles: [a, b] }),
        1 => n().prop_map(|member| Step::MemberRemove { member }),
        1 => n().prop_map(|member| Step::Transfer { member }),
        1 => n().prop_map(|name| Step::Register { name }),
        1 => n().prop_map(|name| Step::Unregister { name }),
    ];
    (n(), step)
}

/// Some permissions, by the bits of a number: few, many or all of the catalogue, and the organization's own.
fn some(bits: u32, own: &[ApplicationPermission]) -> Vec<String> {
    let catalogue =
        Permission::ALL.iter().enumerate().filter(|(n, _)| bits >> n & 1 == 1).map(|(_, p)| p.name().to_owned());
    let own = own.iter().enumerate().filter(|(n, _)| bits >> (29 + n) & 1 == 1).map(|(_, own)| own.name.clone());
    catalogue.chain(own).collect()
}

/// Everybody who can act, and what the organization looks like.
struct World<'a> {
    app: &'a TestApp,
    owner: Person,
    people: Vec<Person>,
    /// Links of invitations that may still be open.
    links: Vec<(String, String)>,
    secrets: Vec<String>,
    succeeded: usize,
}

/// What somebody who is signed in gets; `None` when they are not any more.
fn signed_in<T>(answer: Result<T, Failure>) -> Option<T> {
    match answer {
        Ok(got) => Some(got),
        Err(Failure::Told(AppError::SignedOut)) => None,
        Err(failure) => panic!("a failure is not an answer: {failure}"),
    }
}

/// Who holds what, by a name for the holder.
type Holdings = BTreeMap<String, Grants>;

impl World<'_> {
    /// As the Owner sees it; there is always one.
    async fn look(&self) -> (Context, RoleList, Team) {
        for person in std::iter::once(&self.owner).chain(&self.people) {
            let Some(cx) = self.context(person).await else { continue };
            if signed_in(cx.viewer().await).is_some_and(|viewer| viewer.is_owner) {
                let backend = &self.app.backend;
                let roles = backend.role_list(&cx.authorize().expect("the Owner may")).await.expect("roles");
                let team = backend.team_list(&cx.authorize().expect("the Owner may"), &TeamListParams::default()).await;
                return (cx, roles, team.expect("the team"));
            }
        }
        let rows = "SELECT u.email || ': ' || r.name AS text FROM member_roles mr JOIN members m ON m.id = mr.member_id \
                    JOIN users u ON u.id = m.user_id JOIN roles r ON r.id = mr.role_id";
        panic!("nobody who signed in is the Owner; the rows: {:?}", self.app.database.texts(rows).await)
    }

    async fn context(&self, person: &Person) -> Option<Context> {
        let cookie = person.caller.header("cookie").split_once('=').expect("a cookie");
        let visitor = self.app.backend.visitor(RequestInfo::default(), std::iter::once(cookie));
        signed_in(visitor.authenticate().await)
    }

    /// The `n`-th actor: people first, then keys. Those who were removed or revoked are no actors any more.
    async fn actor(&self, n: usize) -> Option<(String, Context)> {
        let people = self.people.len() + 1;
        let n = n % (people + self.secrets.len());
        if n < people {
            let person = if n == 0 { &self.owner } else { &self.people[n - 1] };
            return self.context(person).await.map(|cx| (person.email.clone(), cx));
        }
        let verdict = self.app.backend.verify(WellFormed::read(&self.secrets[n - people]), &Question::default());
        let holder = verdict.holder.filter(|_| verdict.outcome.is_ok())?;
        let cx = signed_in(self.app.backend.key_context(&holder, RequestInfo::default()).await)?;
        Some((holder.key.to_string(), cx))
    }

    async fn holdings(&self, owner: &Context, roles: &RoleList, team: &Team) -> Holdings {
        let grants = |id: RoleId| roles.roles.iter().find(|role| role.id == id).map(|role| role.permissions.clone());
        let mut all = Holdings::new();
        for row in &team.page.rows {
            match row {
                TeamRow::Member(member) => {
                    let held = all.entry(member.email.clone()).or_default();
                    member.roles.iter().filter_map(|role| grants(role.id)).for_each(|grants| held.extend(&grants));
                }
                TeamRow::Invitation(invitation) => {
                    let held = grants(invitation.role.id).expect("its role");
                    // Under the person's own name: accepting must not give more than the invitation did.
                    all.insert(invitation.email.clone(), held);
                }
            }
        }
        let params = KeyListParams { status: StatusFilter::Current, ..KeyListParams::default() };
        let keys =
            self.app.backend.key_list(&owner.authorize::<authz::KeyRead>().expect("the Owner may"), &params).await;
        for key in keys.expect("keys").page.rows {
            all.insert(key.id.to_string(), grants(key.role.id).expect("its role"));
        }
        all
    }

    /// Tries a step. `Ok` says that it succeeded.
    async fn take(&mut self, actor: &Context, step: &Step, roles: &RoleList, team: &Team) -> Result<(), AppError> {
        let backend = self.app.backend.clone();
        let role = |n: usize| &roles.roles[n % roles.roles.len()];
        let mut members = Vec::new();
        let mut invitations = Vec::new();
        for row in &team.page.rows {
            match row {
                TeamRow::Member(member) => members.push(member),
                TeamRow::Invitation(invitation) => invitations.push(invitation),
            }
        }
        let nothing = || AppError::not_found("thing");
        let own = &roles.application_permissions;
        let told = |failure: Failure| failure.report("a test");
        match *step {
            Step::RoleCreate { permissions } => {
                let params = RoleCreateParams {
                    name: format!("Role {permissions}"),
                    description: String::new(),
                    permissions: some(permissions, own),
                };
                backend.role_create(&actor.authorize()?, params).await.map_err(told)?;
            }
            Step::RoleUpdate { role: n, permissions } => {
                let role = role(n);
                let params = RoleUpdateParams {
                    id: role.id,
                    version: role.version,
                    name: role.name.clone(),
                    description: String::new(),
                    permissions: some(permissions, own),
                };
                backend.role_update(&actor.authorize()?, params).await.map_err(told)?;
            }
            Step::RoleDelete { role: n, replacement } => {
                let params = RoleDeleteParams {
                    id: role(n).id,
                    version: role(n).version,
                    replacement: Some(role(replacement).id),
                };
                backend.role_delete(&actor.authorize()?, params).await.map_err(told)?;
            }
            Step::KeyCreate { role: n } => {
                let params = KeyCreateParams {
                    name: "A key".to_owned(),
                    role: role(n).id,
                    environment: shared::key::Environment::Staging,
                    expires_at: None,
                    form_token: None,
                };
                let created = backend.key_create(&actor.authorize()?, params).await.map_err(told)?;
                self.secrets.push(created.secret.expose().to_owned());
            }
            Step::KeyUpdate { key, role: n } => {
                let (owner, ..) = self.look().await;
                let params = KeyListParams::default();
                let keys = backend.key_list(&owner.authorize()?, &params).await.map_err(told)?.page.rows;
                let key = keys.get(key % keys.len().max(1)).ok_or_else(nothing)?;
                let params = KeyUpdateParams {
                    id: key.id,
                    version: key.version,
                    name: key.name.clone(),
                    role: role(n).id,
                    environment: key.environment,
                    expires_at: None,
                };
                backend.key_update(&actor.authorize()?, params).await.map_err(told)?;
            }
            Step::Invite { role: n } => {
                // Of this organization alone: somebody who is in two signs in to the one they joined first.
                let email = format!("person-{}-of-{}", self.links.len(), self.owner.email);
                let params = InvitationCreateParams { email: email.clone(), role: role(n).id };
                let sent = backend.invitation_create(&actor.authorize()?, params).await.map_err(told)?;
                self.links.push((email, sent.link.split_once("token=").expect("a token").1.to_owned()));
            }
            Step::InvitationUpdate { invitation, role: n } => {
                let invitation = invitations.get(invitation % invitations.len().max(1)).ok_or_else(nothing)?;
                backend.invitation_update(&actor.authorize()?, invitation.id, role(n).id).await.map_err(told)?;
            }
            Step::InvitationAccept { invitation } => {
                let (email, token) = self.links.get(invitation % self.links.len().max(1)).ok_or_else(nothing)?.clone();
                let form = [("token", token.as_str()), ("password", PASSWORD)];
                let answer = self.app.visitor().form("invitation_accept", &form).await;
                if answer.status != 200 {
                    return Err(answer.error());
                }
                self.people.push(Person::sign_in(self.app.address, &email).await);
            }
            Step::InvitationWithdraw { invitation } => {
                let invitation = invitations.get(invitation % invitations.len().max(1)).ok_or_else(nothing)?;
                backend.invitation_withdraw(&actor.authorize()?, invitation.id).await.map_err(told)?;
            }
            Step::MemberUpdate { member, roles: [a, b] } => {
                let member = members[member % members.len()];
                let params = MemberUpdateParams {
                    id: member.id,
                    before: member.roles.iter().map(|role| role.id).collect(),
                    roles: vec![role(a).id, role(b).id],
                };
                backend.member_update(&actor.authorize()?, params).await.map_err(told)?;
            }
            Step::MemberRemove { member } => {
                backend.member_remove(&actor.authorize()?, members[member % members.len()].id).await.map_err(told)?;
            }
            Step::Transfer { member } => {
                let to = members[member % members.len()].id;
                backend.ownership_transfer(&actor.authorize()?, to, PASSWORD.to_owned()).await.map_err(told)?;
            }
            Step::Register { name } => {
                backend
                    .permission_create(&actor.authorize()?, OWN[name % OWN.len()], "For tests.")
                    .await
                    .map_err(told)?;
            }
            Step::Unregister { name } => {
                backend.permission_delete(&actor.authorize()?, OWN[name % OWN.len()]).await.map_err(told)?;
            }
        }
        Ok(())
    }

    async fn check(&mut self, (n, step): (usize, Step)) {
        let Some((name, actor)) = self.actor(n).await else { return };
        let (owner, roles, team) = self.look().await;
        let before = self.holdings(&owner, &roles, &team).await;
        let taken = self.take(&actor, &step, &roles, &team).await;
        let (owner, roles, team) = self.look().await;
        let after = self.holdings(&owner, &roles, &team).await;
        if let Err(error) = taken {
            let failed = matches!(error, AppError::Unavailable | AppError::Internal { .. });
            assert!(!failed, "{step:?} by {name} was neither done nor refused: {error}");
            assert_eq!(before, after, "{step:?} by {name} was refused ({error}) and changed something");
            return;
        }
        self.succeeded += 1;
        if let Step::InvitationAccept { .. } = step {
            // Nobody gains by it: the invitation's own holding goes over to the person, under the same name.
            assert_eq!(before, after, "{step:?} by {name}");
            return;
        }
        let ceiling = before.get(&name).cloned().unwrap_or_default();
        let born = match step {
            Step::Register { name } => Some(OWN[name % OWN.len()]),
            _ => None,
        };
        for (holder, held) in &after {
            let mut gained = held.clone();
            before.get(holder).into_iter().flat_map(Grants::names).for_each(|name| gained.remove(name));
            if let Some(born) = born.filter(|_| held.contains_all(&SystemRole::Admin.permissions().into())) {
                gained.remove(born);
            }
            assert!(ceiling.contains_all(&gained), "{step:?}: {name}, who holds {ceiling:?}, gave {holder} {gained:?}");
        }
    }
}

both_databases! {
    async fn whatever_anybody_holds_was_granted_by_somebody_who_held_it(app) {
        let mut runner = TestRunner::new(Config::default());
        let mut succeeded = 0;
        for _ in 0..3 {
            let owner = app.owner().await;
            let manager = owner.role_with("Manager", &[
                "api.key.view", "api.key.create", "api.key.update", "organization.role.view", "organization.role.create",
                "organization.role.update", "organization.role.delete", "organization.member.view", "organization.invite",
                "organization.member.update", "organization.member.remove",
            ]).await;
            let people = vec![
                app.member_of(&owner, SystemRole::Admin).await,
                app.member_with(&owner, manager.id).await,
                app.member_with(&owner, manager.id).await,
            ];
            let secrets = vec![owner.key_with(manager.id).await.secret];
            let mut world = World { app, owner, people, links: Vec::new(), secrets, succeeded: 0 };
            let steps = prop::collection::vec(step(), 60).new_tree(&mut runner).expect("steps").current();
            for step in steps {
                world.check(step).await;
            }
            succeeded += world.succeeded;
            let told = app.database.texts("SELECT detail AS text FROM audit_entries").await.concat();
            let hidden = world.secrets.iter().map(|secret| &secret[13..]).chain(world.links.iter().map(|(_, token)| &**token));
            hidden.chain([PASSWORD]).for_each(|hidden| assert!(!told.contains(hidden), "the trail holds a secret"));
        }
        let each = |proof: chain::Proof| assert_eq!(proof.broken, None, "{}", proof.organization);
        chain::verify(&app.database.url, None, each).await.expect("the trail");
        assert!(succeeded > 20, "only {succeeded} of 180 steps succeeded, so little was shown");
    }
}
