-- Moments are microseconds since 1970 (UTC). Ids are text, "key_" and so on, and sort by age.

CREATE TABLE organizations (
  id             TEXT PRIMARY KEY NOT NULL,
  name           TEXT NOT NULL,
  plan           TEXT NOT NULL,
  whitelist_mode TEXT NOT NULL DEFAULT 'off' CHECK (whitelist_mode IN ('off', 'report', 'on')),
  -- The head of the audit chain, so that appending to it reads one row, which the transaction has locked anyway.
  audit_seq      INTEGER NOT NULL DEFAULT 0,
  audit_hash     BLOB NOT NULL CHECK (length(audit_hash) = 32),
  created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  id            TEXT PRIMARY KEY NOT NULL,
  email         TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE roles (
  id              TEXT PRIMARY KEY NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  -- Set for the four roles that come with every organization and cannot be changed.
  system          TEXT CHECK (system IN ('owner', 'admin', 'member', 'api_client')),
  name            TEXT NOT NULL,
  description     TEXT NOT NULL,
  created_at      INTEGER NOT NULL,
  UNIQUE (organization_id, name),
  UNIQUE (organization_id, system)
) STRICT;

CREATE TABLE role_permissions (
  role_id    TEXT NOT NULL REFERENCES roles (id),
  permission TEXT NOT NULL,
  PRIMARY KEY (role_id, permission)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
  id              TEXT PRIMARY KEY NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  user_id         TEXT NOT NULL REFERENCES users (id),
  created_at      INTEGER NOT NULL,
  UNIQUE (organization_id, user_id)
) STRICT;
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE member_roles (
  member_id TEXT NOT NULL REFERENCES members (id),
  role_id   TEXT NOT NULL REFERENCES roles (id),
  PRIMARY KEY (member_id, role_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_roles_by_role ON member_roles (role_id);

CREATE TABLE sessions (
  id           TEXT PRIMARY KEY NOT NULL,
  token_digest BLOB NOT NULL UNIQUE CHECK (length(token_digest) = 32),
  member_id    TEXT NOT NULL REFERENCES members (id),
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  address      TEXT,
  user_agent   TEXT
) STRICT;
CREATE INDEX sessions_by_member ON sessions (member_id);

CREATE TABLE api_keys (
  id              TEXT PRIMARY KEY NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  role_id         TEXT NOT NULL REFERENCES roles (id),
  name            TEXT NOT NULL,
  environment     TEXT NOT NULL CHECK (environment IN ('production', 'staging', 'development')),
  -- Expired is no status: it is what an active key is after its date.
  status          TEXT NOT NULL CHECK (status IN ('active', 'paused', 'revoked')),
  expires_at      INTEGER,
  version         INTEGER NOT NULL,
  form_token      TEXT,
  created_at      INTEGER NOT NULL,
  created_by      TEXT NOT NULL,
  revoked_at      INTEGER,
  revoked_by      TEXT,
  revoked_reason  TEXT,
  UNIQUE (organization_id, form_token),
  CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
) STRICT;
CREATE INDEX api_keys_by_age ON api_keys (organization_id, created_at, id);
CREATE INDEX api_keys_by_role ON api_keys (role_id);

CREATE TRIGGER api_keys_revoked_is_final BEFORE UPDATE OF status ON api_keys
WHEN OLD.status = 'revoked' AND NEW.status <> 'revoked'
BEGIN SELECT RAISE(ABORT, 'a revoked key stays revoked'); END;

-- Which peppers the digests above were made with; never a pepper itself. A server that lacks one refuses to start.
CREATE TABLE peppers (
  id          INTEGER PRIMARY KEY NOT NULL,
  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32)
) STRICT;

-- A key has one current secret and, while it is being rotated, one that retires.
CREATE TABLE key_secrets (
  id         TEXT PRIMARY KEY NOT NULL,
  key_id     TEXT NOT NULL REFERENCES api_keys (id),
  digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  pepper     INTEGER NOT NULL REFERENCES peppers (id),
  last4      TEXT NOT NULL CHECK (length(last4) = 4),
  created_at INTEGER NOT NULL,
  retires_at INTEGER
) STRICT;
CREATE UNIQUE INDEX key_secrets_one_current ON key_secrets (key_id) WHERE retires_at IS NULL;
CREATE INDEX key_secrets_by_key ON key_secrets (key_id);

-- From where a key may be used; no row: from anywhere.
CREATE TABLE key_networks (
  key_id  TEXT NOT NULL REFERENCES api_keys (id),
  network TEXT NOT NULL,
  PRIMARY KEY (key_id, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE whitelist_networks (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  network         TEXT NOT NULL,
  PRIMARY KEY (organization_id, network)
) STRICT, WITHOUT ROWID;

-- Written in batches, and never together with the rows above: a write-back of usage cannot undo a revocation.
CREATE TABLE secret_uses (
  secret_id  TEXT PRIMARY KEY NOT NULL REFERENCES key_secrets (id),
  used_at    INTEGER NOT NULL,
  address    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE organization_usage (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  -- year * 12 + month - 1
  month           INTEGER NOT NULL,
  requests        INTEGER NOT NULL,
  PRIMARY KEY (organization_id, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_entries (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  seq             INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  actor           TEXT NOT NULL,
  actor_label     TEXT NOT NULL,
  action          TEXT NOT NULL,
  target          TEXT NOT NULL,
  detail          TEXT NOT NULL CHECK (json_valid(detail)),
  address         TEXT,
  user_agent      TEXT,
  request_id      TEXT NOT NULL,
  previous_hash   BLOB NOT NULL CHECK (length(previous_hash) = 32),
  hash            BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (organization_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;

-- What the resident index has to load again, in the order of commits. The one row of index_head hands out the
-- numbers: it stays locked until the commit, so numbers have no gaps and become visible in order.
CREATE TABLE index_head (
  id  INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  seq INTEGER NOT NULL
) STRICT;
INSERT INTO index_head (id, seq) VALUES (1, 0);

CREATE TABLE index_changes (
  seq     INTEGER PRIMARY KEY NOT NULL,
  subject TEXT NOT NULL,
  at      INTEGER NOT NULL
) STRICT;
