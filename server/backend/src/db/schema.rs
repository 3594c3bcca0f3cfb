//! The tables, as `migrations/` makes them on both engines. A test compares the two.

macro_rules! tables {
    ($($name:ident ($($key:ident),+) { $($column:ident -> $sql:ty,)* })*) => {$(
        diesel::table! {
            use diesel::sql_types::*;
            use crate::db::anydb::UtcMoment;

            $name ($($key),+) { $($column -> $sql,)* }
        }
    )*};
}

tables! {
    organizations (id) {
        id -> Text,
        name -> Text,
        plan -> Text,
        whitelist_mode -> Text,
        rotate_production_days -> BigInt,
        rotate_other_days -> BigInt,
        audit_seq -> BigInt,
        audit_hash -> Binary,
        created_at -> UtcMoment,
        whitelist_version -> BigInt,
    }
    users (id) {
        id -> Text,
        email -> Text,
        password_hash -> Text,
        created_at -> UtcMoment,
    }
    roles (id) {
        id -> Text,
        organization_id -> Text,
        system -> Nullable<Text>,
        name -> Text,
        description -> Text,
        created_at -> UtcMoment,
        version -> BigInt,
        deleted_at -> Nullable<UtcMoment>,
    }
    application_permissions (organization_id, name) {
        organization_id -> Text,
        name -> Text,
        description -> Text,
        created_at -> UtcMoment,
    }
    role_permissions (role_id, permission) {
        role_id -> Text,
        permission -> Text,
    }
    members (id) {
        id -> Text,
        organization_id -> Text,
        user_id -> Text,
        created_at -> UtcMoment,
    }
    member_roles (member_id, role_id) {
        member_id -> Text,
        role_id -> Text,
    }
    sessions (id) {
        id -> Text,
        token_digest -> Binary,
        member_id -> Text,
        created_at -> UtcMoment,
        last_seen_at -> UtcMoment,
        expires_at -> UtcMoment,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
    invitations (id) {
        id -> Text,
        organization_id -> Text,
        email -> Text,
        role_id -> Text,
        serial -> BigInt,
        token_digest -> Binary,
        invited_by -> Text,
        sent_at -> UtcMoment,
        expires_at -> UtcMoment,
    }
    mails (id) {
        id -> Text,
        organization_id -> Text,
        letter -> Text,
        recipient -> Text,
        detail -> Text,
        invitation_id -> Nullable<Text>,
        serial -> Nullable<BigInt>,
        status -> Text,
        attempts -> BigInt,
        next_at -> UtcMoment,
        problem -> Nullable<Text>,
        created_at -> UtcMoment,
    }
    api_keys (id) {
        id -> Text,
        organization_id -> Text,
        role_id -> Text,
        name -> Text,
        environment -> Text,
        status -> Text,
        expires_at -> Nullable<UtcMoment>,
        version -> BigInt,
        form_token -> Nullable<Text>,
        created_at -> UtcMoment,
        created_by -> Text,
        revoked_at -> Nullable<UtcMoment>,
        revoked_by -> Nullable<Text>,
        revoked_reason -> Nullable<Text>,
        notes -> Text,
        deployed_to -> Text,
    }
    key_secrets (id) {
        id -> Text,
        key_id -> Text,
        digest -> Binary,
        pepper -> BigInt,
        last4 -> Text,
        created_at -> UtcMoment,
        retires_at -> Nullable<UtcMoment>,
    }
    answered_requests (key_id, idempotency_key) {
        key_id -> Text,
        idempotency_key -> Text,
        fingerprint -> Binary,
        answer -> Nullable<Text>,
        created_at -> UtcMoment,
    }
    peppers (id) {
        id -> BigInt,
        fingerprint -> Binary,
    }
    key_networks (key_id, network) {
        key_id -> Text,
        network -> Text,
    }
    key_rate_limits (key_id, window_seconds) {
        key_id -> Text,
        window_seconds -> BigInt,
        requests -> BigInt,
    }
    whitelist_networks (id) {
        id -> Text,
        organization_id -> Text,
        network -> Text,
        label -> Text,
        version -> BigInt,
        created_at -> UtcMoment,
        created_by -> Text,
    }
    secret_uses (key_id, secret_id) {
        key_id -> Text,
        secret_id -> Text,
        used_at -> UtcMoment,
        address -> Text,
        user_agent -> Nullable<Text>,
    }
    key_traces (organization_id, day, key_id, address, asked) {
        organization_id -> Text,
        day -> BigInt,
        key_id -> Text,
        address -> Text,
        asked -> Text,
        first_at -> UtcMoment,
        last_at -> UtcMoment,
        user_agent -> Nullable<Text>,
        allowed -> BigInt,
        refused -> BigInt,
        reported -> BigInt,
    }
    key_usage (key_id, hour, outcome) {
        key_id -> Text,
        hour -> BigInt,
        outcome -> Text,
        requests -> BigInt,
    }
    organization_hours (organization_id, hour, outcome) {
        organization_id -> Text,
        hour -> BigInt,
        outcome -> Text,
        requests -> BigInt,
    }
    refusals (key_id, at, request_id) {
        key_id -> Text,
        at -> UtcMoment,
        request_id -> Text,
        reason -> Text,
        permissions -> Nullable<Text>,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        times -> BigInt,
    }
    usage_marks (journal) {
        journal -> Text,
        segment -> BigInt,
        written -> BigInt,
    }
    organization_usage (organization_id, month) {
        organization_id -> Text,
        month -> BigInt,
        requests -> BigInt,
    }
    alerts (id) {
        id -> Text,
        organization_id -> Text,
        kind -> Text,
        subject -> Text,
        occasion -> Text,
        key_id -> Nullable<Text>,
        detail -> Text,
        times -> BigInt,
        opened_at -> UtcMoment,
        last_at -> UtcMoment,
        acknowledged_at -> Nullable<UtcMoment>,
        acknowledged_by -> Nullable<Text>,
        mail -> Text,
    }
    alert_settings (organization_id) {
        organization_id -> Text,
        key_refusals -> BigInt,
        address_refusals -> BigInt,
        organization_refusals -> BigInt,
        mailed -> Text,
        version -> BigInt,
    }
    alert_mutes (key_id, kind) {
        key_id -> Text,
        kind -> Text,
        until_at -> Nullable<UtcMoment>,
        muted_by -> Text,
        created_at -> UtcMoment,
    }
    seen_networks (key_id, network) {
        key_id -> Text,
        network -> Text,
        seen_at -> UtcMoment,
    }
    webhooks (id) {
        id -> Text,
        organization_id -> Text,
        url -> Text,
        description -> Text,
        kinds -> Text,
        status -> Text,
        disabled_because -> Nullable<Text>,
        failing_since_at -> Nullable<UtcMoment>,
        serial -> BigInt,
        pepper -> BigInt,
        previous_pepper -> Nullable<BigInt>,
        previous_until_at -> Nullable<UtcMoment>,
        version -> BigInt,
        created_at -> UtcMoment,
        created_by -> Text,
    }
    webhook_deliveries (id) {
        id -> Text,
        webhook_id -> Text,
        event -> Text,
        body -> Text,
        status -> Text,
        attempts -> BigInt,
        tries -> BigInt,
        next_at -> UtcMoment,
        created_at -> UtcMoment,
    }
    webhook_attempts (delivery_id, number) {
        delivery_id -> Text,
        number -> BigInt,
        started_at -> UtcMoment,
        took_ms -> BigInt,
        status -> Nullable<BigInt>,
        problem -> Nullable<Text>,
        answer -> Nullable<Text>,
    }
    audit_entries (organization_id, seq) {
        organization_id -> Text,
        seq -> BigInt,
        at -> UtcMoment,
        actor -> Text,
        actor_label -> Text,
        action -> Text,
        target -> Text,
        detail -> Text,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        request_id -> Text,
        previous_hash -> Binary,
        hash -> Binary,
        outcome -> Text,
    }
    index_head (id) {
        id -> BigInt,
        seq -> BigInt,
    }
    index_changes (seq) {
        seq -> BigInt,
        subject -> Text,
        at -> UtcMoment,
    }
}

diesel::joinable!(members -> users (user_id));
diesel::joinable!(members -> organizations (organization_id));
diesel::joinable!(sessions -> members (member_id));
diesel::joinable!(member_roles -> roles (role_id));
diesel::joinable!(member_roles -> members (member_id));
diesel::joinable!(role_permissions -> roles (role_id));
diesel::joinable!(invitations -> roles (role_id));
diesel::joinable!(invitations -> organizations (organization_id));
diesel::joinable!(api_keys -> roles (role_id));
diesel::joinable!(api_keys -> organizations (organization_id));
diesel::joinable!(key_secrets -> api_keys (key_id));
diesel::joinable!(secret_uses -> api_keys (key_id));
diesel::joinable!(alerts -> api_keys (key_id));
diesel::joinable!(alert_mutes -> api_keys (key_id));
diesel::joinable!(refusals -> api_keys (key_id));
diesel::joinable!(webhook_deliveries -> webhooks (webhook_id));
diesel::joinable!(organization_usage -> organizations (organization_id));
diesel::allow_tables_to_appear_in_same_query!(
    organizations,
    users,
    roles,
    role_permissions,
    members,
    member_roles,
    sessions,
    invitations,
    mails,
    api_keys,
    key_secrets,
    secret_uses,
    key_networks,
    key_usage,
    key_traces,
    alerts,
    alert_mutes,
    refusals,
    webhooks,
    webhook_deliveries,
    organization_usage,
);

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    api_keys::organization_id,
    refusals::key_id,
    refusals::address,
);

diesel::define_sql_function! {
    /// The same on both engines for ASCII; SQLite leaves other letters as they are.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}
