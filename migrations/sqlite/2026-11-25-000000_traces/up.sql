-- From where each key was used and what for, day by day (of UTC, counted from 1970). Written in batches like key_usage,
-- which has the exact numbers: of a key that comes from ever new addresses, this holds a part.
CREATE TABLE key_traces (
  organization_id TEXT NOT NULL,
  day             INTEGER NOT NULL,
  key_id          TEXT NOT NULL,
  -- Empty when whoever asked did not say.
  address         TEXT NOT NULL,
  -- The permissions that were asked for and held, with spaces between them.
  asked           TEXT NOT NULL,
  first_at        INTEGER NOT NULL,
  last_at         INTEGER NOT NULL,
  user_agent      TEXT,
  allowed         INTEGER NOT NULL,
  refused         INTEGER NOT NULL,
  -- Allowed only because the whitelist reports and does not refuse.
  reported        INTEGER NOT NULL,
  PRIMARY KEY (organization_id, day, key_id, address, asked)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_traces_by_key ON key_traces (key_id, day);
