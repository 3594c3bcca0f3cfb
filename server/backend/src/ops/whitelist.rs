//! The whitelist's entries: the addresses that an organization's keys may be used from.
//!
//! Every operation holds the organization's lock while it looks and changes, so that two who add at the same moment can
//! neither exceed the plan nor add the same twice. Removing an entry and making one narrower is known to the index before
//! the operation answers, like everything else; but unlike a revocation it refuses nobody before it is durable: should it
//! not be saved, the list that everybody sees goes on being the one that decides.

use std::cmp::Reverse;

use diesel::{ExpressionMethods as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use shared::{
    AppError, NetworkId, OrganizationId, Timestamp, field,
    network::Network,
    page::{Page, ROWS_PER_PAGE, pages},
    whitelist::{
        LINES_MAX, LineOutcome, SEARCH_MAX, WhitelistAddParams, WhitelistAllowance, WhitelistCreateParams,
        WhitelistEntry, WhitelistLine, WhitelistList, WhitelistListParams, WhitelistMode, WhitelistSaved,
        WhitelistUpdateParams, label,
    },
};

use super::{checked, stop_if, whitelist_callers::Elsewhere};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{Permit, WhitelistCreate, WhitelistDelete, WhitelistRead, WhitelistUpdate},
    db::{
        anydb::AnyConnection,
        column::Id,
        row::whitelist::WhitelistRow,
        schema::{organizations, whitelist_networks},
        tx::WriteTx,
    },
    expected::{Expected, State, Target},
    failure::Failure,
    keyring::applier::Subject,
    random::fresh_id,
    slice::{Cut, Slice},
};

/// What is to become of an entry; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct WhitelistChange {
    /// Which entry.
    pub target: Target<NetworkId>,
    /// An address or a range, as typed.
    pub address: Option<String>,
    /// At most [`shared::whitelist::LABEL_MAX`] characters after trimming.
    pub label: Option<String>,
    /// Whether it is changed even if there is something to warn about.
    pub accept: bool,
}

impl From<WhitelistUpdateParams> for WhitelistChange {
    fn from(params: WhitelistUpdateParams) -> Self {
        let WhitelistUpdateParams { id, version, line: WhitelistLine { address, label }, accept } = params;
        Self {
            target: Target { id, expected: Expected::just(State::of_version(version)) },
            address: Some(address),
            label: Some(label),
            accept,
        }
    }
}

/// How many entries that a new one overlaps are named.
const NAMED: usize = 3;

impl Backend {
    /// One page of the table, and what the page around it needs.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn whitelist_list(
        &self,
        permit: &Permit<WhitelistRead>,
        params: &WhitelistListParams,
    ) -> Result<WhitelistList, Failure> {
        let (organization, now) = (permit.organization(), self.now());
        let found = self.whitelist_found(organization, &params.search).await?;
        let standing = self.whitelist_standing(permit).await?;
        let total = found.len() as u64;
        let number = params.page.clamp(1, pages(total));
        let (skip, rows) = ((number - 1) as usize * ROWS_PER_PAGE as usize, ROWS_PER_PAGE as usize);
        let page = Page { rows: found.into_iter().skip(skip).take(rows).collect(), total, number };
        let reported = match standing.mode {
            WhitelistMode::Report => Some(self.whitelist_callers(permit, Elsewhere::Reported).await?),
            WhitelistMode::Off | WhitelistMode::On => None,
        };
        Ok(WhitelistList { page, standing, reported, now })
    }

    /// A slice of the same list.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn whitelist_slice(
        &self,
        permit: &Permit<WhitelistRead>,
        search: &str,
        slice: &Slice,
    ) -> Result<Cut<WhitelistEntry>, Failure> {
        let organization = permit.organization();
        let slicing = self.slicing("whitelist", organization, &search, slice)?;
        let found = self.whitelist_found(organization, search).await?;
        slicing.cut_sorted(found, place)
    }

    /// One entry.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's entry.
    pub async fn whitelist_get(
        &self,
        permit: &Permit<WhitelistRead>,
        id: NetworkId,
    ) -> Result<WhitelistEntry, Failure> {
        let listed = listed(&mut *self.inner.store.read().await?, permit.organization()).await?;
        find(&listed, id)
    }

    /// The entries that a search finds, newest first. A list is short enough to be looked through as a whole, and so an
    /// address finds the ranges that contain it.
    async fn whitelist_found(
        &self,
        organization: OrganizationId,
        search: &str,
    ) -> Result<Vec<WhitelistEntry>, Failure> {
        let wanted = field::search(search, SEARCH_MAX).to_lowercase();
        let mut found = listed(&mut *self.inner.store.read().await?, organization).await?;
        found.retain(|entry| entry.matches(&wanted));
        found.sort_unstable_by_key(place);
        Ok(found)
    }

    /// Adds one entry.
    ///
    /// # Errors
    /// [`AppError::Invalid`], [`AppError::WhitelistFull`], or [`AppError::Unsure`] when it is not accepted whatever there
    /// is to warn about.
    pub async fn whitelist_create(
        &self,
        permit: &Permit<WhitelistCreate>,
        params: WhitelistCreateParams,
    ) -> Result<WhitelistSaved, Failure> {
        let WhitelistCreateParams { line, accept } = params;
        let outcome = self.add_to_whitelist(permit, &[line], accept).await?.pop();
        outcome.ok_or_else(|| Failure::broken("one line has no outcome"))?
    }

    /// Adds many entries, and says of each line what became of it. Those that are right are added, whatever the others
    /// are.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for more than [`LINES_MAX`] lines.
    pub async fn whitelist_add(
        &self,
        permit: &Permit<WhitelistCreate>,
        params: WhitelistAddParams,
    ) -> Result<Vec<LineOutcome>, Failure> {
        let WhitelistAddParams { lines, accept } = params;
        if !(1..=LINES_MAX).contains(&lines.len()) {
            let message = format!("Paste 1 to {LINES_MAX} lines at once; this has {}.", lines.len());
            return Err(AppError::field("lines", message).into());
        }
        let outcomes = self.add_to_whitelist(permit, &lines, accept).await?;
        let told = |outcome| match outcome {
            Ok(saved) => Ok(LineOutcome::Added(saved)),
            Err(Failure::Told(AppError::Unsure { warnings })) => Ok(LineOutcome::Unsure { warnings }),
            Err(Failure::Told(error) | Failure::Unfit(error)) => {
                Ok(LineOutcome::Refused { message: error.to_string() })
            }
            Err(failure) => Err(failure),
        };
        outcomes.into_iter().map(told).collect()
    }

    /// In one transaction: the plan's limit is counted down line by line.
    async fn add_to_whitelist(
        &self,
        permit: &Permit<WhitelistCreate>,
        lines: &[WhitelistLine],
        accept: bool,
    ) -> Result<Vec<Result<WhitelistSaved, Failure>>, Failure> {
        let now = self.now();
        let lines: Vec<_> = lines.iter().map(|line| read(&line.address, &line.label)).collect();
        let mut tx = WriteTx::begin(&self.inner.store, permit, now).await?;
        let mut listed = listed(tx.connection()?, permit.organization()).await?;
        let mut allowance = self.whitelist_allowance(&tx.organization().plan, listed.len() as u64)?;
        let created_by = tx.actor_label();
        let mut outcomes = Vec::with_capacity(lines.len());
        for line in lines {
            let outcome = line.and_then(|(network, label)| {
                refuse_equal(network, None, &listed)?;
                if allowance.is_reached() {
                    return Err(AppError::WhitelistFull { allowance: allowance.clone() }.into());
                }
                let warnings = warnings(network, None, &listed);
                if !accept && !warnings.is_empty() {
                    return Err(AppError::Unsure { warnings }.into());
                }
                let id = fresh_id!(NetworkId, now);
                let created_by = created_by.clone();
                Ok(WhitelistSaved {
                    entry: WhitelistEntry { id, network, label, version: 1, created_at: now, created_by },
                    warnings,
                })
            });
            if let Ok(saved) = &outcome {
                listed.push(saved.entry.clone());
                allowance.used += 1;
            }
            outcomes.push(outcome);
        }
        let organization = tx.organization_id();
        let added: Vec<_> = outcomes.iter().flatten().map(|saved| &saved.entry).collect();
        let rows: Vec<_> = added.iter().map(|entry| WhitelistRow::of(organization, entry)).collect();
        let event = match added.as_slice() {
            [one] => AuditEvent::created("whitelist.create", one.id, audited(one)),
            many => {
                let entries = many.iter().map(|entry| audited(entry)).collect();
                AuditEvent::created("whitelist.create", organization.0, Value::Array(entries))
            }
        };
        if rows.is_empty() {
            return Ok(outcomes);
        }
        diesel::insert_into(whitelist_networks::table).values(rows).execute(tx.connection()?).await?;
        note_change(&mut tx).await?;
        self.commit(tx, event).await?;
        Ok(outcomes)
    }

    /// Changes an entry's address and label.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`Failure::Outdated`] when somebody else was quicker, and as [`Self::whitelist_create`].
    pub async fn whitelist_update(
        &self,
        permit: &Permit<WhitelistUpdate>,
        change: impl Into<WhitelistChange>,
    ) -> Result<WhitelistSaved, Failure> {
        let WhitelistChange { target: Target { id, expected }, address, label, accept } = change.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let listed = listed(tx.connection()?, permit.organization()).await?;
        let before = find(&listed, id)?;
        expected.check(before.clone())?;
        let address = address.unwrap_or_else(|| before.network.to_string());
        let (network, label) = read(&address, label.as_deref().unwrap_or(&before.label))?;
        refuse_equal(network, Some(id), &listed)?;
        let warnings = if network == before.network { Vec::new() } else { warnings(network, Some(id), &listed) };
        if !accept && !warnings.is_empty() {
            return Err(AppError::Unsure { warnings }.into());
        }
        let entry = WhitelistEntry { network, label, version: before.version + 1, ..before.clone() };
        diesel::update(whitelist_networks::table.find(Id(id)))
            .set((
                whitelist_networks::network.eq(network.to_string()),
                whitelist_networks::label.eq(&entry.label),
                whitelist_networks::version.eq(entry.version),
            ))
            .execute(tx.connection()?)
            .await?;
        note_change(&mut tx).await?;
        let event = AuditEvent::changed("whitelist.update", id, audited(&before), audited(&entry));
        self.commit(tx, event).await?;
        Ok(WhitelistSaved { entry, warnings })
    }

    /// Removes an entry. If the whitelist is on, no request from there is allowed that starts after this returns, unless
    /// another entry allows it.
    ///
    /// # Errors
    /// [`AppError::NotFound`], or [`Failure::Outdated`] when somebody else was quicker.
    pub async fn whitelist_remove(
        &self,
        permit: &Permit<WhitelistDelete>,
        target: impl Into<Target<NetworkId>>,
    ) -> Result<(), Failure> {
        let Target { id, expected } = target.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let listed = listed(tx.connection()?, permit.organization()).await?;
        let before = find(&listed, id)?;
        expected.check(before.clone())?;
        diesel::delete(whitelist_networks::table.find(Id(id))).execute(tx.connection()?).await?;
        note_change(&mut tx).await?;
        let detail = json!({ "before": audited(&before) });
        let event = AuditEvent { action: "whitelist.delete", target: id.to_string(), detail };
        self.commit(tx, event).await
    }

    pub(super) fn whitelist_allowance(&self, plan: &str, used: u64) -> Result<WhitelistAllowance, Failure> {
        let limit = self.inner.plans.of(plan)?.whitelisted_ips;
        Ok(WhitelistAllowance { used, limit, plan: plan.to_owned() })
    }
}

/// All entries, in the order of their networks.
pub(super) async fn listed(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<Vec<WhitelistEntry>, Failure> {
    let rows: Vec<WhitelistRow> = whitelist_networks::table
        .filter(whitelist_networks::organization_id.eq(Id(organization)))
        .select(WhitelistRow::as_select())
        .load(connection)
        .await?;
    let mut listed = rows.into_iter().map(WhitelistRow::view).collect::<Result<Vec<_>, _>>()?;
    listed.sort_unstable_by_key(|entry| entry.network);
    Ok(listed)
}

/// Where an entry stands in the table: the newest first, and those that were added together in the order of their networks.
fn place(entry: &WhitelistEntry) -> (Reverse<Timestamp>, Network) {
    (Reverse(entry.created_at), entry.network)
}

fn find(listed: &[WhitelistEntry], id: NetworkId) -> Result<WhitelistEntry, Failure> {
    let entry = listed.iter().find(|entry| entry.id == id).cloned();
    Ok(entry.ok_or_else(|| AppError::not_found("whitelist entry"))?)
}

/// Reads an entry as typed.
fn read(address: &str, text: &str) -> Result<(Network, String), Failure> {
    let mut refused = Vec::new();
    let network = Network::read(address).map(Some);
    let network = checked(&mut refused, "address", network);
    let label = checked(&mut refused, "label", label(text));
    stop_if(refused)?;
    Ok((network.ok_or_else(|| Failure::broken("a network was neither read nor refused"))?, label))
}

fn refuse_equal(network: Network, but: Option<NetworkId>, listed: &[WhitelistEntry]) -> Result<(), Failure> {
    match listed.iter().find(|entry| entry.network == network && Some(entry.id) != but) {
        Some(equal) => Err(Failure::unfit("address", format!("{} is on the whitelist already.", equal.said()))),
        None => Ok(()),
    }
}

/// What there is to know before such an entry is added.
fn warnings(network: Network, but: Option<NetworkId>, listed: &[WhitelistEntry]) -> Vec<String> {
    let others = || listed.iter().filter(move |entry| Some(entry.id) != but);
    let around = others().find(|entry| entry.network.contains(network));
    let within: Vec<_> = others().filter(|entry| network.contains(entry.network)).collect();
    let around = around.map(|wide| format!("{network} lies within {}, which allows it already.", wide.said()));
    let within = (!within.is_empty()).then(|| {
        let named: Vec<_> = within.iter().take(NAMED).map(|entry| entry.said()).collect();
        let more = match within.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{network} contains {}{more}.", named.join(", "))
    });
    network.breadth().into_iter().chain(around).chain(within).collect()
}

/// Whoever has seen the whitelist as it was before has seen another one, and the index reads it anew.
pub(super) async fn note_change(tx: &mut WriteTx) -> Result<(), Failure> {
    let organization = tx.organization_id();
    diesel::update(organizations::table.find(organization))
        .set(organizations::whitelist_version.eq(organizations::whitelist_version + 1))
        .execute(tx.connection()?)
        .await?;
    tx.touch(Subject::Organization(organization.0));
    Ok(())
}

/// An entry as the audit trail tells it.
fn audited(entry: &WhitelistEntry) -> Value {
    json!({ "id": entry.id, "address": entry.network, "label": entry.label })
}
