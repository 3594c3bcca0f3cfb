DELETE FROM mails WHERE letter = 'alerts';
CREATE TABLE mails_new (
  id              TEXT PRIMARY KEY NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  letter          TEXT NOT NULL CHECK (letter IN ('invitation', 'ownership_given', 'ownership_received')),
  recipient       TEXT NOT NULL,
  detail          TEXT NOT NULL CHECK (json_valid(detail)),
  -- The invitation it carries, and which sending of it.
  invitation_id   TEXT,
  serial          INTEGER,
  status          TEXT NOT NULL CHECK (status IN ('queued', 'sent', 'written', 'failed', 'dropped')),
  attempts        INTEGER NOT NULL,
  -- When it is tried next; meaningless once it is not queued any more.
  next_at         INTEGER NOT NULL,
  problem         TEXT,
  created_at      INTEGER NOT NULL
) STRICT;
INSERT INTO mails_new SELECT * FROM mails;
DROP TABLE mails;
ALTER TABLE mails_new RENAME TO mails;
CREATE INDEX mails_due ON mails (status, next_at);
CREATE INDEX mails_by_invitation ON mails (invitation_id, serial);
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
