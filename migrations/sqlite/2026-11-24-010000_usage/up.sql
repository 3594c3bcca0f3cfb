ALTER TABLE secret_uses ADD COLUMN user_agent TEXT;

-- What verifications were answered, in whole hours of UTC since 1970. Written in batches and never together with
-- configuration; without foreign keys, whose checking would cost as much as the writing, since keys are never deleted.
CREATE TABLE key_usage (
  key_id   TEXT NOT NULL,
  hour     INTEGER NOT NULL,
  -- 'allowed', or the reason of the refusal.
  outcome  TEXT NOT NULL,
  requests INTEGER NOT NULL,
  PRIMARY KEY (key_id, hour, outcome)
) STRICT, WITHOUT ROWID;

-- The same, summed up for an organization.
CREATE TABLE organization_hours (
  organization_id TEXT NOT NULL,
  hour            INTEGER NOT NULL,
  outcome         TEXT NOT NULL,
  requests        INTEGER NOT NULL,
  PRIMARY KEY (organization_id, hour, outcome)
) STRICT, WITHOUT ROWID;

-- The last refusals of each key, with what was known of the request.
CREATE TABLE refusals (
  key_id      TEXT NOT NULL,
  at          INTEGER NOT NULL,
  request_id  TEXT NOT NULL,
  reason      TEXT NOT NULL,
  -- What was asked for, when that was missing.
  permissions TEXT,
  address     TEXT,
  user_agent  TEXT,
  PRIMARY KEY (key_id, at, request_id)
) STRICT, WITHOUT ROWID;

-- How far a server's journal of usage has been written here: what makes writing it again, after a crash, count once.
CREATE TABLE usage_marks (
  journal TEXT PRIMARY KEY NOT NULL,
  segment INTEGER NOT NULL,
  written INTEGER NOT NULL
) STRICT;
