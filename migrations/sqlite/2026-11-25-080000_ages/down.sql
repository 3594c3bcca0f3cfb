DROP INDEX api_keys_by_creation;
DROP INDEX key_secrets_current_by_age;
