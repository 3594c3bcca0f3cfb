DELETE FROM mails WHERE letter = 'alerts';
ALTER TABLE mails DROP CONSTRAINT mails_letter_check;
ALTER TABLE mails ADD CONSTRAINT mails_letter_check
  CHECK (letter IN ('invitation', 'ownership_given', 'ownership_received'));
DROP INDEX api_keys_by_expiry;
DROP INDEX refusals_by_time;
DROP INDEX key_traces_by_first;
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
DROP TABLE seen_networks;
DROP TABLE alert_mutes;
DROP TABLE alert_settings;
DROP TABLE alerts;
