//! "Why is it refused?": what would happen to a request with a key, rule by rule.
//!
//! The rules are asked as a verification asks them, of the same records in memory. Nothing is counted or noted.

use std::net::IpAddr;

use shared::{
    AppError, KeyId,
    explain::{self, ExplainParams, Explanation, Rule, RuleStep, RuleVerdict},
    verify::Refusal,
};

use super::{checked, stop_if};
use crate::{
    Backend,
    authz::{Permit, UsageRead},
    failure::Failure,
    keyring::{
        AskedPermission, Question,
        decide::{Asked, Records, Whitelist, explain as ask_every_rule},
    },
};

impl Backend {
    /// What would happen if the key's current secret were presented now.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's key, and [`AppError::Invalid`].
    pub fn key_explain(
        &self,
        permit: &Permit<UsageRead>,
        id: KeyId,
        params: &ExplainParams,
    ) -> Result<Explanation, Failure> {
        let now = self.now();
        let mut refused = Vec::new();
        let permissions = checked(&mut refused, "permissions", explain::permissions(&params.permissions));
        let address = checked(&mut refused, "address", explain::address(&params.address));
        stop_if(refused)?;
        let found = self.inner.keyring.index.key(id).filter(|found| found.organization.id() == permit.organization());
        let found = found.ok_or_else(|| AppError::not_found("API key"))?;
        let organization = found.organization.state();
        let records = Records {
            key: &found.state,
            held: found.held,
            // The current secret retires when another one takes its place.
            retires_at: None,
            organization_id: found.organization.id(),
            organization: &organization,
            requests_this_month: found.organization.requests_in(now),
        };
        let permissions = permissions.into_iter().map(AskedPermission::read).collect();
        let question = Question { permissions, address, ..Question::default() };
        let steps = ask_every_rule(&records, &Asked { question: &question, now });
        let refusal = steps.iter().find_map(|(_, said)| said.and_then(Result::err));
        let steps = steps.into_iter().map(|(rule, said)| match said {
            None => RuleStep {
                rule,
                verdict: RuleVerdict::NotReached,
                why: "A rule before it has refused already.".to_owned(),
            },
            Some(Ok(())) => RuleStep { rule, verdict: RuleVerdict::Passed, why: passed(rule, &records, &question) },
            Some(Err(refusal)) => {
                RuleStep { rule, verdict: RuleVerdict::Failed, why: failed(rule, refusal, &records, &question) }
            }
        });
        Ok(Explanation { refusal, steps: steps.collect() })
    }
}

/// Why a rule has nothing against it.
fn passed(rule: Rule, records: &Records<'_>, question: &Question<'_>) -> String {
    let organization = records.organization;
    match rule {
        Rule::Organization => "The key belongs to this organization.".to_owned(),
        Rule::Status => "The key is active.".to_owned(),
        Rule::Secret => "The current secret key is presented. An old one works until its rotation is over.".to_owned(),
        Rule::KeyNetworks if records.key.networks.is_none() => "The key may be used from anywhere.".to_owned(),
        Rule::KeyNetworks => format!("{} is in a network of the key.", said(question.address)),
        Rule::Whitelist if !matches!(organization.whitelist, Whitelist::On(_)) => {
            "The whitelist is not switched on.".to_owned()
        }
        Rule::Whitelist => format!("{} is on the whitelist.", said(question.address)),
        Rule::Permission if question.permissions.is_empty() => "No permission is asked for.".to_owned(),
        Rule::Permission => {
            let held = names(question.permissions.iter());
            format!("The role {} holds {held}.", role_name(records))
        }
        Rule::RateLimits if records.key.limits.is_none() => "The key has no limits of its own.".to_owned(),
        Rule::RateLimits => "None of the key's own limits is used up.".to_owned(),
        Rule::MonthlyRequests => match organization.monthly_requests {
            None => "The plan allows any number of requests.".to_owned(),
            Some(limit) => {
                format!(
                    "{} of the {limit} requests that the plan allows this month are used.",
                    records.requests_this_month
                )
            }
        },
    }
}

/// Why a rule refuses.
fn failed(rule: Rule, refusal: Refusal, records: &Records<'_>, question: &Question<'_>) -> String {
    match rule {
        Rule::Organization | Rule::Secret => refusal.detail().to_owned(),
        Rule::Status => match (refusal, records.key.expires_at) {
            (Refusal::Expired, Some(at)) => format!("The key has expired at {}.", at.exact()),
            (Refusal::Paused, _) => "The key is paused until somebody resumes it.".to_owned(),
            _ => "The key was revoked, which is final.".to_owned(),
        },
        Rule::KeyNetworks | Rule::Whitelist => {
            let list = if rule == Rule::Whitelist { "on the whitelist" } else { "in any network of the key" };
            match question.address {
                Some(address) => format!("{address} is not {list}."),
                None => format!("Without an address, nothing is {list}."),
            }
        }
        Rule::Permission => {
            let held = records.organization.roles.get(&records.key.role);
            let lacks = |asked: &&AskedPermission| !held.is_some_and(|role| asked.is_held_by(role.permissions()));
            format!("The role {} lacks {}.", role_name(records), names(question.permissions.iter().filter(lacks)))
        }
        Rule::RateLimits => "One of the key's own limits is used up for now.".to_owned(),
        Rule::MonthlyRequests => format!(
            "All {} requests that the plan allows this month are used.",
            records.organization.monthly_requests.unwrap_or_default()
        ),
    }
}

fn said(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "The address".to_owned(), |address| address.to_string())
}

fn role_name(records: &Records<'_>) -> String {
    records
        .organization
        .roles
        .get(&records.key.role)
        .map_or_else(|| "that is gone".to_owned(), |role| role.name().to_owned())
}

fn names<'p>(permissions: impl Iterator<Item = &'p AskedPermission>) -> String {
    permissions.map(AskedPermission::name).collect::<Vec<_>>().join(", ")
}
