ALTER TABLE secret_uses ADD COLUMN user_agent TEXT;

-- What verifications were answered, in whole hours of UTC since 1970. Written in batches and never together with
-- configuration; without foreign keys, whose checking would cost as much as the writing, since keys are never deleted.
CREATE TABLE key_usage (
  key_id   TEXT COLLATE "C" NOT NULL,
  hour     BIGINT NOT NULL,
  -- 'allowed', or the reason of the refusal.
  outcome  TEXT NOT NULL,
  requests BIGINT NOT NULL,
  PRIMARY KEY (key_id, hour, outcome)
);

-- The same, summed up for an organization.
CREATE TABLE organization_hours (
  organization_id TEXT COLLATE "C" NOT NULL,
  hour            BIGINT NOT NULL,
  outcome         TEXT NOT NULL,
  requests        BIGINT NOT NULL,
  PRIMARY KEY (organization_id, hour, outcome)
);

-- The last refusals of each key, with what was known of the request.
CREATE TABLE refusals (
  key_id      TEXT COLLATE "C" NOT NULL,
  at          TIMESTAMPTZ NOT NULL,
  request_id  TEXT NOT NULL,
  reason      TEXT NOT NULL,
  -- What was asked for, when that was missing.
  permissions TEXT,
  address     TEXT,
  user_agent  TEXT,
  PRIMARY KEY (key_id, at, request_id)
);

-- How far a server's journal of usage has been written here: what makes writing it again, after a crash, count once.
CREATE TABLE usage_marks (
  journal TEXT PRIMARY KEY NOT NULL,
  segment BIGINT NOT NULL,
  written BIGINT NOT NULL
);
