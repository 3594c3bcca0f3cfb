-- What somebody should look at. `subject` is the key, the address or the limit; `occasion` tells one reason for such an
-- alert from the next. So whoever finds the same reason, twice or on two servers, raises one alert.
CREATE TABLE alerts (
  id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  kind            TEXT COLLATE "C" NOT NULL,
  subject         TEXT COLLATE "C" NOT NULL,
  occasion        TEXT COLLATE "C" NOT NULL,
  key_id          TEXT COLLATE "C" REFERENCES api_keys (id),
  detail          TEXT NOT NULL CHECK (detail::jsonb IS NOT NULL),
  times           BIGINT NOT NULL,
  opened_at       TIMESTAMPTZ NOT NULL,
  last_at         TIMESTAMPTZ NOT NULL,
  acknowledged_at TIMESTAMPTZ,
  acknowledged_by TEXT,
  -- Whether it is told by mail: several that come together are one letter.
  mail            TEXT NOT NULL CHECK (mail IN ('none', 'due', 'queued')),
  UNIQUE (organization_id, kind, subject, occasion),
  CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE INDEX alerts_by_age ON alerts (organization_id, id);
CREATE INDEX alerts_open ON alerts (organization_id) WHERE acknowledged_at IS NULL;
CREATE INDEX alerts_to_mail ON alerts (organization_id) WHERE mail = 'due';

-- No row: the defaults.
CREATE TABLE alert_settings (
  organization_id       TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES organizations (id),
  key_refusals          BIGINT NOT NULL,
  address_refusals      BIGINT NOT NULL,
  organization_refusals BIGINT NOT NULL,
  -- The kinds, separated by spaces.
  mailed                TEXT NOT NULL,
  version               BIGINT NOT NULL
);

CREATE TABLE alert_mutes (
  key_id     TEXT COLLATE "C" NOT NULL REFERENCES api_keys (id),
  kind       TEXT COLLATE "C" NOT NULL,
  -- NULL: for good.
  until_at   TIMESTAMPTZ,
  muted_by   TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (key_id, kind)
);

-- From where each key was ever used, as far as that tells anything: a /24 or a /48.
CREATE TABLE seen_networks (
  key_id   TEXT COLLATE "C" NOT NULL,
  network  TEXT COLLATE "C" NOT NULL,
  seen_at  TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (key_id, network)
);

-- What messages are signed with is worked out from the pepper, the id and the serial, so no secret is stored.
CREATE TABLE webhooks (
  id                TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  organization_id   TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  url               TEXT NOT NULL,
  description       TEXT NOT NULL,
  -- Separated by spaces; empty: all of them.
  kinds             TEXT NOT NULL,
  status            TEXT NOT NULL CHECK (status IN ('enabled', 'disabled')),
  -- Why the server itself has disabled it.
  disabled_because  TEXT,
  failing_since_at  TIMESTAMPTZ,
  -- Counts the secrets.
  serial            BIGINT NOT NULL,
  pepper            BIGINT NOT NULL REFERENCES peppers (id),
  previous_pepper   BIGINT REFERENCES peppers (id),
  previous_until_at TIMESTAMPTZ,
  version           BIGINT NOT NULL,
  created_at        TIMESTAMPTZ NOT NULL,
  created_by        TEXT NOT NULL
);
CREATE INDEX webhooks_by_organization ON webhooks (organization_id, id);

-- Written with the alert that is told, and sent after its commit.
CREATE TABLE webhook_deliveries (
  id         TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id),
  event      TEXT NOT NULL,
  body       TEXT NOT NULL CHECK (body::jsonb IS NOT NULL),
  status     TEXT NOT NULL CHECK (status IN ('queued', 'delivered', 'failed', 'dropped')),
  -- How often it was tried in all, and since it was queued last: it can be sent again.
  attempts   BIGINT NOT NULL,
  tries      BIGINT NOT NULL,
  next_at    TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE status = 'queued';
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (webhook_id, id);

CREATE TABLE webhook_attempts (
  delivery_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_deliveries (id),
  number      BIGINT NOT NULL,
  started_at  TIMESTAMPTZ NOT NULL,
  took_ms     BIGINT NOT NULL,
  status      BIGINT,
  problem     TEXT,
  answer      TEXT,
  PRIMARY KEY (delivery_id, number)
);

CREATE INDEX key_traces_by_first ON key_traces (first_at);
CREATE INDEX refusals_by_time ON refusals (at);
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL;

ALTER TABLE mails DROP CONSTRAINT mails_letter_check;
ALTER TABLE mails ADD CONSTRAINT mails_letter_check
  CHECK (letter IN ('invitation', 'ownership_given', 'ownership_received', 'alerts'));
