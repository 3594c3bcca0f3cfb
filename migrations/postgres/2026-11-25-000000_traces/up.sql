-- From where each key was used and what for, day by day (of UTC, counted from 1970). Written in batches like key_usage,
-- which has the exact numbers: of a key that comes from ever new addresses, this holds a part.
CREATE TABLE key_traces (
  organization_id TEXT COLLATE "C" NOT NULL,
  day             BIGINT NOT NULL,
  key_id          TEXT COLLATE "C" NOT NULL,
  -- Empty when whoever asked did not say.
  address         TEXT COLLATE "C" NOT NULL,
  -- The permissions that were asked for and held, with spaces between them.
  asked           TEXT COLLATE "C" NOT NULL,
  first_at        TIMESTAMPTZ NOT NULL,
  last_at         TIMESTAMPTZ NOT NULL,
  user_agent      TEXT,
  allowed         BIGINT NOT NULL,
  refused         BIGINT NOT NULL,
  -- Allowed only because the whitelist reports and does not refuse.
  reported        BIGINT NOT NULL,
  PRIMARY KEY (organization_id, day, key_id, address, asked)
);
CREATE INDEX key_traces_by_key ON key_traces (key_id, day);
