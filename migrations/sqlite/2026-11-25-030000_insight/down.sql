DROP INDEX key_usage_refused;
ALTER TABLE api_keys DROP COLUMN deployed_to;
ALTER TABLE api_keys DROP COLUMN notes;
