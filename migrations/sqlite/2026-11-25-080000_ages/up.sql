-- What the calendar brings is looked for among the oldest, not among all.
CREATE INDEX key_secrets_current_by_age ON key_secrets (created_at) WHERE retires_at IS NULL;
CREATE INDEX api_keys_by_creation ON api_keys (created_at);
