//! A believable organization to look around in: `ipaware serve --demo`.
//!
//! Its past is not painted on: a backend with a clock that is moved through the last months signs up, creates, uses,
//! pauses and revokes by the same operations as everybody, so every row and the audit chain are as they would be. Only the
//! counts of a year of requests are made up, in [`traffic`].

mod traffic;

use std::net::IpAddr;

use shared::{
    Permission, Timestamp,
    alert::AlertSettings,
    key::{Environment, KeyCreateParams, KeyListParams},
    limit::{RateLimit, Window},
    role::{RoleCreateParams, SystemRole},
    team::{InvitationCreateParams, TeamListParams},
    whitelist::{WhitelistCreateParams, WhitelistLine, WhitelistMode},
};
use smallvec::smallvec;

use self::traffic::{Past, Traffic};
use crate::{
    Backend, Failure, Settings, SignUpMode,
    audit::Tried,
    authn::session::NewSession,
    authz::{
        Invite, KeyCreate, KeyDelete, KeyRead, KeyUpdate, MemberRead, RoleCreate, WhitelistCreate, WhitelistUpdate,
    },
    clock::Clock,
    context::{Context, RequestInfo},
    expected::Expected,
    keyring::{AskedPermission, Question, secret::WellFormed},
    ops::{KeyNetworksChange, RateLimitsChange, WhitelistModeChange},
    random,
};

/// How to get in.
#[derive(Debug)]
pub struct DemoSignIn {
    /// Each person's email and the name of their role; the first is the Owner.
    pub people: Vec<(String, &'static str)>,
    /// The one password of all of them, drawn for this database.
    pub password: String,
}

const PEOPLE: [(&str, SystemRole); 3] = [
    ("maya@northwind.example", SystemRole::Owner),
    ("jonas@northwind.example", SystemRole::Admin),
    ("priya@northwind.example", SystemRole::Member),
];

/// Somebody who has not accepted yet.
const INVITED: &str = "sam@contoso.example";

/// What happens to a key after it was made.
enum Fate {
    Active,
    /// Active, with a date so many days ahead.
    Expiring(i64),
    Paused,
    Expired,
    Revoked(&'static str),
}

struct Story {
    name: &'static str,
    role: &'static str,
    environment: Environment,
    made_days_ago: i64,
    /// Minutes before now, and from where; `None`: never used.
    last_used: Option<(i64, &'static str)>,
    /// Requests in a busy hour, until it was last used.
    hourly: u64,
    fate: Fate,
}

/// The demo has more keys than the smallest plan allows.
const PLAN: &str = "Pro";
const CLIENT: &str = "API Client";
const PARTNER: &str = "Partner Integration";
/// The key that is refused more and more, and how often since yesterday.
const TROUBLED: &str = "Mobile App";
const TROUBLES: i64 = 19;
/// What the demo's own application asks for.
const APPLICATION_PERMISSIONS: [(&str, &str); 2] =
    [("orders.read", "See orders in the shop."), ("orders.refund", "Give a customer their money back.")];
/// From where a revoked secret is tried again and again.
const FINDER: &str = "203.0.113.201";
/// The one network that the partner's key may be used from.
const PARTNER_NETWORK: &str = "198.51.100.0/24";
/// How often it may be used.
const PARTNER_LIMITS: [RateLimit; 2] =
    [RateLimit { window: Window::Second, requests: 10 }, RateLimit { window: Window::Hour, requests: 1_000 }];
/// The organization's own addresses.
const WHITELIST: [(&str, &str); 4] = [
    ("192.0.2.0/24", "Data centre"),
    ("2001:db8::/48", "Data centre, IPv6"),
    (PARTNER_NETWORK, "Contoso"),
    ("203.0.113.5", ""),
];

#[rustfmt::skip]
const STORIES: [Story; 13] = {
    use Environment::{Development, Production, Staging};
    use Fate::{Active, Expired, Expiring, Paused, Revoked};
    const DAY: i64 = 24 * 60;
    [
        Story { name: "Legacy importer", role: CLIENT, environment: Production, made_days_ago: 379, last_used: Some((121 * DAY, "192.0.2.14")), hourly: 90, fate: Active },
        Story { name: "Website (old)", role: CLIENT, environment: Production, made_days_ago: 371, last_used: Some((64 * DAY, "192.0.2.20")), hourly: 420, fate: Revoked("Replaced by the new website's key") },
        Story { name: "Data science notebook", role: SystemRole::Member.name(), environment: Development, made_days_ago: 165, last_used: Some((2 * DAY, "203.0.113.77")), hourly: 12, fate: Active },
        Story { name: "Fraud screening", role: CLIENT, environment: Production, made_days_ago: 122, last_used: Some((3, "192.0.2.31")), hourly: 640, fate: Active },
        Story { name: "Partner: Contoso", role: PARTNER, environment: Production, made_days_ago: 95, last_used: Some((51, "198.51.100.8")), hourly: 150, fate: Active },
        Story { name: "Trade fair demo", role: CLIENT, environment: Staging, made_days_ago: 80, last_used: Some((49 * DAY, "203.0.113.5")), hourly: 30, fate: Expired },
        Story { name: "Load test", role: CLIENT, environment: Staging, made_days_ago: 61, last_used: Some((33 * DAY, "192.0.2.90")), hourly: 900, fate: Paused },
        Story { name: "Production Server", role: CLIENT, environment: Production, made_days_ago: 40, last_used: Some((1, "192.0.2.11")), hourly: 1400, fate: Active },
        Story { name: "Mobile App", role: CLIENT, environment: Production, made_days_ago: 33, last_used: Some((2, "203.0.113.140")), hourly: 860, fate: Active },
        Story { name: "Contractor laptop", role: CLIENT, environment: Development, made_days_ago: 21, last_used: Some((9 * DAY, "203.0.113.66")), hourly: 5, fate: Revoked("Found in a public repository") },
        Story { name: "Staging Server", role: CLIENT, environment: Staging, made_days_ago: 12, last_used: Some((26, "192.0.2.12")), hourly: 45, fate: Expiring(9) },
        Story { name: "Status page 状态", role: CLIENT, environment: Production, made_days_ago: 6, last_used: Some((9, "2001:db8::51")), hourly: 60, fate: Active },
        Story { name: "Ana's workstation", role: CLIENT, environment: Development, made_days_ago: 1, last_used: None, hourly: 0, fate: Active },
    ]
};

/// From where the demo's people work, and from where somebody guesses.
const OFFICE: [u8; 4] = [192, 0, 2, 10];
const ELSEWHERE: [u8; 4] = [203, 0, 113, 9];

fn request(address: [u8; 4]) -> RequestInfo {
    RequestInfo {
        request_id: "demo".to_owned(),
        address: Some(IpAddr::from(address)),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0".to_owned()),
    }
}

/// Fills the fresh database that `settings` name.
///
/// # Errors
/// When it holds an account already, or the plan allows too few keys.
pub async fn fill(settings: &Settings) -> Result<DemoSignIn, Failure> {
    let today = settings.clock.now();
    let clock = Clock::manual(today.plus_days(-380));
    let settings = Settings {
        clock: clock.clone(),
        sign_up: SignUpMode::First,
        plans: settings.plans.with_new_organizations_on(PLAN)?,
        ..settings.clone()
    };
    let backend = Backend::open(settings).await?;
    let password: String = random::bytes::<20>()
        .iter()
        .map(|byte| char::from(shared::base62::ALPHABET.get(usize::from(byte % 62)).copied().unwrap_or(b'0')))
        .collect();
    let filled = Demo { backend, clock, today }.fill(&password).await;
    match filled {
        Ok(()) => {
            Ok(DemoSignIn { people: PEOPLE.map(|(email, role)| (email.to_owned(), role.name())).to_vec(), password })
        }
        Err(Failure::Told(shared::AppError::SignUpClosed)) => Err(Failure::broken(
            "The database holds accounts already, and the demo needs a fresh one. Name an empty folder with --data-dir, \
             or leave --demo out.",
        )),
        Err(failure) => Err(failure),
    }
}

struct Demo {
    backend: Backend,
    clock: Clock,
    today: Timestamp,
}

impl Demo {
    async fn fill(&self, password: &str) -> Result<(), Failure> {
        let visitor = self.backend.visitor(request(OFFICE), std::iter::empty());
        let [(owner, _), ..] = PEOPLE;
        let session = visitor.sign_up(owner, password.to_owned(), "Northwind Labs").await?;
        let owner = self.person(&session).await?;
        self.add_colleagues(&owner, password).await?;
        self.add_partner_role(&owner).await?;
        self.clock.set(self.today.plus_days(-30));
        self.add_whitelist(&owner).await?;

        let mut past = Past::default();
        for story in &STORIES {
            self.tell(&owner, story, &mut past).await?;
        }
        self.clock.set(self.today.plus_days(-2));
        self.invite(&owner, INVITED, SystemRole::Member).await?;
        self.clock.set(self.today.plus_days(-1));
        self.be_refused(&owner, password).await?;
        self.clock.set(self.today);
        self.backend.flush_usage().await?;
        past.write(&self.backend, owner.viewer().await?.organization).await?;
        self.backend.watch_plans().await?;
        self.backend.watch_dates().await
    }

    async fn person(&self, session: &NewSession) -> Result<Context, Failure> {
        let cookie = (session.cookie.name(), session.token.expose());
        self.backend.visitor(request(OFFICE), std::iter::once(cookie)).authenticate().await
    }

    /// Somebody tries what their role does not allow, and somebody else a password.
    async fn be_refused(&self, owner: &Context, password: &str) -> Result<(), Failure> {
        let keys = self.backend.key_list(&owner.authorize::<KeyRead>()?, &KeyListParams::default()).await?.page.rows;
        let [.., (member, _)] = PEOPLE;
        let visitor = self.backend.visitor(request(OFFICE), std::iter::empty());
        let member = self.person(&visitor.sign_in(member, password.to_owned()).await?).await?;
        for key in keys.iter().take(2) {
            if let Err(error) = member.authorize::<KeyDelete>() {
                member.note_refusal(Tried::new("key.revoke", Some(&key.id.to_string())), &error.into());
            }
            self.backend.flush_attempts().await?;
        }
        let stranger = self.backend.visitor(request(ELSEWHERE), std::iter::empty());
        let [(owner, _), ..] = PEOPLE;
        _ = stranger.sign_in(owner, "a guess".to_owned()).await;
        self.clock.set(self.backend.now().plus_seconds(120));
        self.backend.flush_attempts().await
    }

    /// Whoever found a secret does not know that it was revoked.
    async fn go_on_with(&self, secret: &str) -> Result<(), Failure> {
        self.clock.set(self.today.plus_seconds(-60 * 38));
        for number in 0..AlertSettings::default().key_refusals {
            let request_id = format!("req_found{number:02}");
            let address = FINDER.parse::<IpAddr>().ok();
            let question = Question { address, request_id: &request_id, ..Question::default() };
            if self.backend.verify(WellFormed::read(secret), &question).outcome.is_ok() {
                return Err(Failure::broken("a revoked key was allowed"));
            }
        }
        self.backend.flush_usage().await?;
        self.backend.watch_requests().await
    }

    /// A key's life, each event on its day.
    async fn tell(&self, owner: &Context, story: &Story, past: &mut Past) -> Result<(), Failure> {
        let made = self.today.plus_days(-story.made_days_ago);
        self.clock.set(made);
        let roles = {
            let permit = owner.authorize::<KeyRead>()?;
            self.backend.key_list(&permit, &KeyListParams::default()).await?.roles
        };
        let role = roles.iter().find(|role| role.name == story.role).ok_or_else(|| Failure::broken(story.role))?.id;
        let expires_at = match story.fate {
            Fate::Expired => Some(self.today.plus_days(-30)),
            Fate::Expiring(days) => Some(self.today.plus_days(days)),
            _ => None,
        };
        let params = KeyCreateParams {
            name: story.name.to_owned(),
            role,
            environment: story.environment,
            expires_at,
            form_token: None,
        };
        let created = self.backend.key_create(&owner.authorize::<KeyCreate>()?, params).await?;
        let key = created.key.id;
        if story.role == PARTNER {
            self.restrict(owner, key).await?;
            let limits = RateLimitsChange { target: key.into(), limits: PARTNER_LIMITS.to_vec() };
            self.backend.rate_limits_update(&owner.authorize::<KeyUpdate>()?, limits).await?;
        }
        if let Some((minutes, address)) = story.last_used {
            self.clock.set(self.today.plus_seconds(-60 * minutes));
            let question = Question {
                permissions: smallvec![AskedPermission::Known(if story.role == SystemRole::Member.name() {
                    Permission::UsageView
                } else {
                    Permission::IpLookup
                })],
                address: address.parse::<IpAddr>().ok(),
                ..Question::default()
            };
            let verdict = self.backend.verify(WellFormed::read(created.secret.expose()), &question);
            verdict.outcome.map_err(|refusal| Failure::broken(format!("{}: {}", story.name, refusal.reason())))?;
            let refused = if story.name == TROUBLED { 0 } else { 6 };
            let traffic = Traffic { hourly: story.hourly, refused };
            past.add(key, traffic, made, self.today.plus_seconds(-60 * minutes), self.today);
        }
        if story.name == TROUBLED {
            self.trouble(created.secret.expose());
        }
        self.clock.set(self.today.plus_days(-5));
        match story.fate {
            Fate::Active | Fate::Expiring(_) | Fate::Expired => {}
            Fate::Paused => {
                self.backend.key_pause(&owner.authorize::<KeyUpdate>()?, key).await?;
            }
            Fate::Revoked(reason) => {
                let permit = owner.authorize::<KeyDelete>()?;
                self.backend.key_revoke(&permit, key, reason).await?;
                if story.role == CLIENT && story.environment == Environment::Development {
                    self.go_on_with(created.secret.expose()).await?;
                }
            }
        }
        Ok(())
    }

    /// Since yesterday its application asks for what the key's role does not hold.
    fn trouble(&self, secret: &str) {
        for number in (0..TROUBLES).rev() {
            self.clock.set(self.today.plus_seconds(-(1 + 67 * number) * 60));
            let request_id = format!("req_demo{number:02}");
            let question = Question {
                permissions: smallvec![AskedPermission::read(APPLICATION_PERMISSIONS[1].0)],
                address: Some(IpAddr::from([203, 0, 113, 140])),
                user_agent: Some("shop-app/4.2 (Android 16)"),
                request_id: &request_id,
                ..Question::default()
            };
            _ = self.backend.verify(WellFormed::read(secret), &question);
        }
    }

    async fn add_colleagues(&self, owner: &Context, password: &str) -> Result<(), Failure> {
        for (email, system) in PEOPLE.into_iter().skip(1) {
            let link = self.invite(owner, email, system).await?;
            let (_, token) = link.split_once("token=").ok_or_else(|| Failure::broken(email))?;
            let invited = self.backend.visitor(request(OFFICE), std::iter::empty());
            invited.invitation_accept(token, password.to_owned()).await?;
        }
        Ok(())
    }

    /// Gives the link.
    async fn invite(&self, owner: &Context, email: &str, system: SystemRole) -> Result<String, Failure> {
        let roles = self.backend.team_list(&owner.authorize::<MemberRead>()?, &TeamListParams::default()).await?.roles;
        let role = roles.iter().find(|role| role.name == system.name()).ok_or_else(|| Failure::broken(email))?.id;
        let params = InvitationCreateParams { email: email.to_owned(), role };
        Ok(self.backend.invitation_create(&owner.authorize::<Invite>()?, params).await?.link)
    }

    async fn add_partner_role(&self, owner: &Context) -> Result<(), Failure> {
        for (name, description) in APPLICATION_PERMISSIONS {
            self.backend.permission_create(&owner.authorize::<RoleCreate>()?, name, description).await?;
        }
        let held = [Permission::IpLookup, Permission::UsageView].map(Permission::name);
        let params = RoleCreateParams {
            name: PARTNER.to_owned(),
            description: "For partners: calls the IPAware API and sees its own usage.".to_owned(),
            permissions: held.into_iter().chain([APPLICATION_PERMISSIONS[0].0]).map(str::to_owned).collect(),
        };
        self.backend.role_create(&owner.authorize::<RoleCreate>()?, params).await?;
        Ok(())
    }

    async fn restrict(&self, owner: &Context, key: shared::KeyId) -> Result<(), Failure> {
        let change = KeyNetworksChange { target: key.into(), networks: vec![PARTNER_NETWORK.to_owned()] };
        self.backend.key_networks_update(&owner.authorize::<KeyUpdate>()?, change).await?;
        Ok(())
    }

    /// A whitelist on trial: most of the traffic comes from it, and some does not.
    async fn add_whitelist(&self, owner: &Context) -> Result<(), Failure> {
        for (address, label) in WHITELIST {
            let line = WhitelistLine { address: address.to_owned(), label: label.to_owned() };
            let params = WhitelistCreateParams { line, accept: false };
            self.backend.whitelist_create(&owner.authorize::<WhitelistCreate>()?, params).await?;
        }
        let change =
            WhitelistModeChange { expected: Expected::Anything, mode: WhitelistMode::Report, accept_empty: false };
        self.backend.whitelist_mode_update(&owner.authorize::<WhitelistUpdate>()?, change).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use shared::key::{KeyStatus, StatusFilter};

    use super::*;
    use crate::plan::Plans;

    fn settings(folder: &tempfile::TempDir) -> Settings {
        Settings {
            database_url: folder.path().join("demo.db").display().to_string(),
            pepper_file: folder.path().join("pepper"),
            usage_dir: folder.path().join("usage"),
            sign_up: SignUpMode::First,
            secure_cookies: false,
            plans: Plans::load(None, "Free").expect("the plans that come with the server"),
            mail: crate::mail::MailSettings::files(folder.path().join("outbox")),
            webhooks: crate::webhook::WebhookSettings::default(),
            clock: Clock::System,
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_demo_has_keys_in_every_state_and_a_sign_in_that_works() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(&folder);
        let sign_in = fill(&settings).await.expect("a demo");
        let backend = Backend::open(settings).await.expect("a backend");
        for (email, role) in &sign_in.people {
            let visitor = backend.visitor(RequestInfo::default(), std::iter::empty());
            let session = visitor.sign_in(email, sign_in.password.clone()).await.expect("a session");
            let cookie = std::iter::once((session.cookie.name(), session.token.expose()));
            let context = backend.visitor(RequestInfo::default(), cookie).authenticate().await.expect("a context");
            assert_eq!(context.viewer().await.expect("a person").roles, [*role]);
            let params = KeyListParams { status: StatusFilter::All, ..KeyListParams::default() };
            let permit = context.authorize::<KeyRead>().expect("all of them may look");
            let keys = backend.key_list(&permit, &params).await.expect("keys").page.rows;
            assert_eq!(keys.len(), STORIES.len());
            for status in KeyStatus::ALL {
                assert!(keys.iter().any(|key| key.status == *status), "no key is {status:?}");
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_with_accounts_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fill(&settings(&folder)).await.expect("a demo");
        let message = fill(&settings(&folder)).await.expect_err("a second one").to_string();
        assert!(message.contains("holds accounts already"), "{message}");
    }
}
