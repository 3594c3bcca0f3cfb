//! What the sections of the page share.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shared::{
    AppError, KeyId, Permission,
    audit::{AuditList, AuditParams},
    explain::{ExplainParams, Explanation, RefusalView},
    key::KeyDetail,
    limit::RateLimitsView,
    usage::{UsageSeries, Window},
};

use super::{
    super::{
        api::{key_detail, key_explain, key_refusals},
        rate_limits::api::rate_limits_get,
        tab::Tab,
    },
    notes::NotesDraft,
    tester,
};
use crate::{
    error::ApiResult,
    features::{
        audit::api::audit_list,
        usage::{api::usage_series, series::window_of},
        whitelist::networks_section::KeyNetworksList,
    },
    session::Session,
};

/// The key that the address names, and what is asked about it.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// The dialogs, and where results are told.
    pub(super) tab: Tab,
    /// Which key; `None` when the address names none.
    pub(super) id: Memo<Option<KeyId>>,
    /// The key itself.
    pub(super) detail: Resource<ApiResult<KeyDetail>>,
    /// How far back the chart looks.
    pub(super) window: Memo<Window>,
    /// How much it is used.
    pub(super) usage: Resource<ApiResult<UsageSeries>>,
    /// From where it may be used.
    pub(super) networks: KeyNetworksList,
    /// How often it may be used.
    pub(super) limits: Resource<ApiResult<RateLimitsView>>,
    /// What was refused last.
    pub(super) refusals: Resource<ApiResult<Vec<RefusalView>>>,
    /// What the tester asks; `None` when it does not.
    pub(super) question: Memo<Option<ExplainParams>>,
    /// What it is told.
    pub(super) explanation: Resource<ApiResult<Option<Explanation>>>,
    /// What was done to it last.
    pub(super) audit: Resource<ApiResult<AuditList>>,
    /// What somebody is writing about the key. It outlives the form.
    pub(super) notes: NotesDraft,
}

impl Desk {
    /// Asks for everything.
    pub(super) fn new(session: Session, id: Memo<Option<KeyId>>) -> Self {
        let search = use_location().search;
        let window = Memo::new(move |_| window_of(&search.read()));
        let question = Memo::new(move |_| tester::question_of(&search.read()));
        let detail = Resource::new(
            move || id.get(),
            move |id| async move {
                session.allows(Permission::KeyView).await?;
                key_detail(known(id)?).await
            },
        );
        let usage = Resource::new(
            move || (id.get(), window.get()),
            move |(id, window)| async move {
                session.allows(Permission::UsageView).await?;
                usage_series(Some(known(id)?), window).await
            },
        );
        let limits = Resource::new(
            move || id.get(),
            move |id| async move {
                session.allows(Permission::KeyView).await?;
                rate_limits_get(known(id)?).await
            },
        );
        let refusals = Resource::new(
            move || id.get(),
            move |id| async move {
                session.allows(Permission::UsageView).await?;
                key_refusals(known(id)?).await
            },
        );
        let explanation = Resource::new(
            move || (id.get(), question.get()),
            move |(id, question)| async move {
                session.allows(Permission::UsageView).await?;
                match question {
                    Some(question) => key_explain(known(id)?, question).await.map(Some),
                    None => Ok(None),
                }
            },
        );
        let audit = Resource::new(
            move || id.get(),
            move |id| async move {
                session.allows(Permission::AuditView).await?;
                let params = AuditParams { target: Some(known(id)?.to_string()), ..AuditParams::default() };
                audit_list(params, None).await
            },
        );
        let reread = Callback::new(move |()| {
            detail.refetch();
            audit.refetch();
            explanation.refetch();
        });
        let tab = Tab::new(reread);
        let networks = KeyNetworksList::new(id);
        Self {
            tab,
            id,
            detail,
            window,
            usage,
            networks,
            limits,
            refusals,
            question,
            explanation,
            audit,
            notes: NotesDraft::new(),
        }
    }
}

fn known(id: Option<KeyId>) -> ApiResult<KeyId> {
    id.ok_or_else(|| AppError::not_found("API key").into())
}
