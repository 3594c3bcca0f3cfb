-- What somebody should look at. `subject` is the key, the address or the limit; `occasion` tells one reason for such an
-- alert from the next. So whoever finds the same reason, twice or on two servers, raises one alert.
CREATE TABLE alerts (
  id              TEXT PRIMARY KEY NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  kind            TEXT NOT NULL,
  subject         TEXT NOT NULL,
  occasion        TEXT NOT NULL,
  key_id          TEXT REFERENCES api_keys (id),
  detail          TEXT NOT NULL CHECK (json_valid(detail)),
  times           INTEGER NOT NULL,
  opened_at       INTEGER NOT NULL,
  last_at         INTEGER NOT NULL,
  acknowledged_at INTEGER,
  acknowledged_by TEXT,
  -- Whether it is told by mail: several that come together are one letter.
  mail            TEXT NOT NULL CHECK (mail IN ('none', 'due', 'queued')),
  UNIQUE (organization_id, kind, subject, occasion),
  CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
) STRICT;
CREATE INDEX alerts_by_age ON alerts (organization_id, id);
CREATE INDEX alerts_open ON alerts (organization_id) WHERE acknowledged_at IS NULL;
CREATE INDEX alerts_to_mail ON alerts (organization_id) WHERE mail = 'due';

-- No row: the defaults.
CREATE TABLE alert_settings (
  organization_id       TEXT PRIMARY KEY NOT NULL REFERENCES organizations (id),
  key_refusals          INTEGER NOT NULL,
  address_refusals      INTEGER NOT NULL,
  organization_refusals INTEGER NOT NULL,
  -- The kinds, separated by spaces.
  mailed                TEXT NOT NULL,
  version               INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_mutes (
  key_id     TEXT NOT NULL REFERENCES api_keys (id),
  kind       TEXT NOT NULL,
  -- NULL: for good.
  until_at   INTEGER,
  muted_by   TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (key_id, kind)
) STRICT, WITHOUT ROWID;

-- From where each key was ever used, as far as that tells anything: a /24 or a /48.
CREATE TABLE seen_networks (
  key_id   TEXT NOT NULL,
  network  TEXT NOT NULL,
  seen_at  INTEGER NOT NULL,
  PRIMARY KEY (key_id, network)
) STRICT, WITHOUT ROWID;

-- What messages are signed with is worked out from the pepper, the id and the serial, so no secret is stored.
CREATE TABLE webhooks (
  id                TEXT PRIMARY KEY NOT NULL,
  organization_id   TEXT NOT NULL REFERENCES organizations (id),
  url               TEXT NOT NULL,
  description       TEXT NOT NULL,
  -- Separated by spaces; empty: all of them.
  kinds             TEXT NOT NULL,
  status            TEXT NOT NULL CHECK (status IN ('enabled', 'disabled')),
  -- Why the server itself has disabled it.
  disabled_because  TEXT,
  failing_since_at  INTEGER,
  -- Counts the secrets.
  serial            INTEGER NOT NULL,
  pepper            INTEGER NOT NULL REFERENCES peppers (id),
  previous_pepper   INTEGER REFERENCES peppers (id),
  previous_until_at INTEGER,
  version           INTEGER NOT NULL,
  created_at        INTEGER NOT NULL,
  created_by        TEXT NOT NULL
) STRICT;
CREATE INDEX webhooks_by_organization ON webhooks (organization_id, id);

-- Written with the alert that is told, and sent after its commit.
CREATE TABLE webhook_deliveries (
  id         TEXT PRIMARY KEY NOT NULL,
  webhook_id TEXT NOT NULL REFERENCES webhooks (id),
  event      TEXT NOT NULL,
  body       TEXT NOT NULL CHECK (json_valid(body)),
  status     TEXT NOT NULL CHECK (status IN ('queued', 'delivered', 'failed', 'dropped')),
  -- How often it was tried in all, and since it was queued last: it can be sent again.
  attempts   INTEGER NOT NULL,
  tries      INTEGER NOT NULL,
  next_at    INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE status = 'queued';
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (webhook_id, id);

CREATE TABLE webhook_attempts (
  delivery_id TEXT NOT NULL REFERENCES webhook_deliveries (id),
  number      INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  took_ms     INTEGER NOT NULL,
  status      INTEGER,
  problem     TEXT,
  answer      TEXT,
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_traces_by_first ON key_traces (first_at);
CREATE INDEX refusals_by_time ON refusals (at);
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL;

-- The list of letters is part of the table here, so the table is made anew.
CREATE TABLE mails_new (
  id              TEXT PRIMARY KEY NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  letter          TEXT NOT NULL CHECK (letter IN ('invitation', 'ownership_given', 'ownership_received', 'alerts')),
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
