//! Brings the index up to date by replaying the change log, in order.
//!
//! A change names what has to be loaded again, not what it became; loading later than the change finds a later
//! state, never an older one. So replaying is idempotent, and a change that is applied twice does no harm.
//!
//! An operation waits until its own change is applied and answers then: "revoked" is true when it is said. The same
//! log is followed by a task, which picks up what another process on the same database has changed.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use diesel::{ExpressionMethods as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use shared::{Grants, KeyId, OrganizationId, network::Network, whitelist::WhitelistMode};
use tokio::sync::Mutex;

use super::{
    Keyring,
    decide::{OrganizationState, RoleState, Whitelist},
    load::{self, Progress},
    network::{self, NetworkSet},
};
use crate::{
    clock::Clock,
    db::{
        anydb::AnyConnection,
        column::Id,
        pool::{Connection, Store},
        row::{
            organization::OrganizationRow,
            role::{RolePermissionRow, RoleRow},
        },
        schema::{
            index_changes, index_head, organization_usage, organizations, role_permissions, roles, whitelist_networks,
        },
    },
    failure::Failure,
    plan::Plans,
};

/// How many changes are read at once: a fraction of a millisecond's work.
const AT_ONCE: usize = 50;

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// Its roles, whitelist or plan.
    Organization(OrganizationId),
    /// The key itself or its secrets.
    Key(KeyId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
        }
    }
}

impl FromStr for Subject {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        text.parse()
            .map(Self::Key)
            .or_else(|_| text.parse().map(Self::Organization))
            .or(Err(Failure::broken(format!("the change log names {text:?}"))))
    }
}

/// The one who writes the index.
pub(crate) struct Applier {
    store: Store,
    keyring: Arc<Keyring>,
    plans: Plans,
    clock: Clock,
    progress: Arc<Progress>,
    /// The last change that the index contains.
    applied: AtomicI64,
    /// Held while applying; whoever waits for it finds most of the work done.
    turn: Mutex<()>,
}

impl Applier {
    pub(crate) fn new(store: Store, keyring: Arc<Keyring>, plans: Plans, clock: Clock) -> Self {
        Self {
            store,
            keyring,
            plans,
            clock,
            progress: Arc::default(),
            applied: AtomicI64::new(0),
            turn: Mutex::new(()),
        }
    }

    /// Fills an empty index with everything there is.
    pub(crate) async fn load_all(&self) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        let began = Instant::now();
        let mut connection = self.store.read().await?;
        // The head comes first: a change committed during the load is loaded, or replayed afterwards, or both.
        let head: i64 = index_head::table.select(index_head::seq).first(&mut connection).await?;
        self.load_organizations(&mut connection, None).await?;
        drop(connection);
        load::all_keys(&self.store, &self.keyring, &self.progress).await?;
        self.applied.store(head, Ordering::Release);
        tracing::info!(
            database = self.store.engine_name(),
            secrets = self.keyring.index.len(),
            milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "the index is loaded"
        );
        Ok(())
    }

    /// How many keys are loaded, and how many there are.
    pub(crate) fn progress(&self) -> (u64, u64) {
        self.progress.read()
    }

    /// Returns when the index contains change `seq`, read over `connection` if nobody has done it before.
    pub(crate) async fn apply_through(&self, connection: Option<Connection>, seq: i64) -> Result<(), Failure> {
        if self.applied() >= seq {
            return Ok(());
        }
        // It comes before the turn: whoever waits for that may hold the last one.
        let mut connection = match connection {
            Some(connection) => connection,
            None => self.store.read().await?,
        };
        let _turn = self.turn.lock().await;
        if self.applied() >= seq {
            return Ok(());
        }
        while !self.apply_some(&mut connection).await? {}
        Ok(())
    }

    /// Applies whatever other processes have written since. This is not urgent, and an operation that waits for its own
    /// change gets its turn in between.
    pub(crate) async fn catch_up(&self) -> Result<(), Failure> {
        // It comes before the turn: whoever waits for that may hold the last one.
        let mut connection = self.store.read().await?;
        loop {
            let began = {
                let _turn = self.turn.lock().await;
                let began = Instant::now();
                if self.apply_some(&mut connection).await? {
                    return Ok(());
                }
                began
            };
            if let Some(rest) = self.store.rest_after(began.elapsed()) {
                tokio::time::sleep(rest).await;
            }
        }
    }

    fn applied(&self) -> i64 {
        // Spelled out: diesel-async gives every type a method called `load`.
        AtomicI64::load(&self.applied, Ordering::Acquire)
    }

    /// Applies the next changes, and says whether these were all.
    async fn apply_some(&self, connection: &mut AnyConnection) -> Result<bool, Failure> {
        let changes: Vec<(i64, String)> = index_changes::table
            .filter(index_changes::seq.gt(self.applied()))
            .order(index_changes::seq)
            .limit(AT_ONCE as i64)
            .select((index_changes::seq, index_changes::subject))
            .load(connection)
            .await?;
        let Some(&(last, _)) = changes.last() else { return Ok(true) };
        let subjects = changes.iter().map(|(_, subject)| subject.parse()).collect::<Result<BTreeSet<_>, _>>()?;
        let (mut organization_ids, mut key_ids) = (Vec::new(), Vec::new());
        for subject in subjects {
            match subject {
                Subject::Organization(id) => organization_ids.push(Id(id)),
                Subject::Key(id) => key_ids.push(Id(id)),
            }
        }
        if !organization_ids.is_empty() {
            self.load_organizations(connection, Some(&organization_ids)).await?;
        }
        if !key_ids.is_empty() {
            load::some_keys(connection, &self.keyring, &key_ids).await?;
        }
        self.applied.store(last, Ordering::Release);
        Ok(changes.len() < AT_ONCE)
    }

    /// Loads these organizations, or all.
    async fn load_organizations(
        &self,
        connection: &mut AnyConnection,
        only: Option<&[Id<OrganizationId>]>,
    ) -> Result<(), Failure> {
        let mut rows = organizations::table.select(OrganizationRow::as_select()).into_boxed();
        let mut role_rows = roles::table.select(RoleRow::as_select()).into_boxed();
        let mut permission_rows =
            role_permissions::table.inner_join(roles::table).select(RolePermissionRow::as_select()).into_boxed();
        let mut lists = whitelist_networks::table
            .select((whitelist_networks::organization_id, whitelist_networks::network))
            .into_boxed();
        if let Some(only) = only {
            rows = rows.filter(organizations::id.eq_any(only.to_vec()));
            role_rows = role_rows.filter(roles::organization_id.eq_any(only.to_vec()));
            permission_rows = permission_rows.filter(roles::organization_id.eq_any(only.to_vec()));
            lists = lists.filter(whitelist_networks::organization_id.eq_any(only.to_vec()));
        }
        let rows: Vec<OrganizationRow> = rows.load(connection).await?;
        // Deleted roles are loaded, too: until a key's own record follows, it keeps what its old role allowed.
        let mut permissions = HashMap::<_, Grants>::new();
        for row in permission_rows.load::<RolePermissionRow>(connection).await? {
            permissions.entry(row.role_id.0).or_default().insert(&row.permission);
        }
        let mut organization_roles = HashMap::<OrganizationId, HashMap<_, _, _>>::new();
        for row in role_rows.load::<RoleRow>(connection).await? {
            let permissions = permissions.remove(&row.id.0).unwrap_or_default();
            let state = Arc::new(RoleState::new(row.name, permissions));
            organization_roles.entry(row.organization_id.0).or_default().insert(row.id.0, state);
        }
        let mut networks = HashMap::<OrganizationId, Vec<Network>>::new();
        for (organization, network) in lists.load::<(Id<OrganizationId>, String)>(connection).await? {
            networks.entry(organization.0).or_default().push(network::read(&network)?);
        }
        for row in rows {
            let id = row.id.0;
            let listed = networks.remove(&id).unwrap_or_default();
            let state = OrganizationState {
                roles: organization_roles.remove(&id).unwrap_or_default(),
                whitelist: match row.whitelist_mode()? {
                    WhitelistMode::Off => Whitelist::Off,
                    WhitelistMode::Report => Whitelist::Report(NetworkSet::new(listed)),
                    WhitelistMode::On => Whitelist::On(NetworkSet::new(listed)),
                },
                monthly_requests: self.plans.of(&row.plan)?.monthly_requests,
            };
            let is_new = self.keyring.index.organization(id).is_none();
            let slot = self.keyring.index.put_organization(id, state);
            if is_new {
                let now = self.clock.now();
                let counted: Vec<i64> = organization_usage::table
                    .filter(organization_usage::organization_id.eq(row.id))
                    .filter(organization_usage::month.eq(now.month()))
                    .select(organization_usage::requests)
                    .load(connection)
                    .await?;
                for requests in counted {
                    slot.learn(now, u64::try_from(requests).unwrap_or(0));
                }
            }
        }
        Ok(())
    }
}
