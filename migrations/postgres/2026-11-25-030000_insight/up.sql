-- What people write down about a key, and where it is deployed. Empty: nothing.
ALTER TABLE api_keys ADD COLUMN notes TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN deployed_to TEXT NOT NULL DEFAULT '';

-- Refusals are few beside what is allowed: so they are found without reading the others.
CREATE INDEX key_usage_refused ON key_usage (key_id, hour, requests) WHERE outcome <> 'allowed';
