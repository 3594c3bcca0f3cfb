-- Ids are text, "key_" and so on; compared byte by byte (collation "C"), they sort by age.

CREATE TABLE organizations (
  id             TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  name           TEXT NOT NULL,
  plan           TEXT NOT NULL,
  whitelist_mode TEXT NOT NULL DEFAULT 'off' CHECK (whitelist_mode IN ('off', 'report', 'on')),
  -- The head of the audit chain, so that appending to it reads one row, which the transaction has locked anyway.
  audit_seq      BIGINT NOT NULL DEFAULT 0,
  audit_hash     BYTEA NOT NULL CHECK (octet_length(audit_hash) = 32),
  created_at     TIMESTAMPTZ NOT NULL
);

CREATE TABLE users (
  id            TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  email         TEXT COLLATE "C" NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  created_at    TIMESTAMPTZ NOT NULL
);

CREATE TABLE roles (
  id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  -- Set for the four roles that come with every organization and cannot be changed.
  system          TEXT CHECK (system IN ('owner', 'admin', 'member', 'api_client')),
  name            TEXT NOT NULL,
  description     TEXT NOT NULL,
  created_at      TIMESTAMPTZ NOT NULL,
  UNIQUE (organization_id, name),
  UNIQUE (organization_id, system)
);

CREATE TABLE role_permissions (
  role_id    TEXT COLLATE "C" NOT NULL REFERENCES roles (id),
  permission TEXT NOT NULL,
  PRIMARY KEY (role_id, permission)
);

CREATE TABLE members (
  id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  user_id         TEXT COLLATE "C" NOT NULL REFERENCES users (id),
  created_at      TIMESTAMPTZ NOT NULL,
  UNIQUE (organization_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE member_roles (
  member_id TEXT COLLATE "C" NOT NULL REFERENCES members (id),
  role_id   TEXT COLLATE "C" NOT NULL REFERENCES roles (id),
  PRIMARY KEY (member_id, role_id)
);
CREATE INDEX member_roles_by_role ON member_roles (role_id);

CREATE TABLE sessions (
  id           TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  token_digest BYTEA NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
  member_id    TEXT COLLATE "C" NOT NULL REFERENCES members (id),
  created_at   TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  expires_at   TIMESTAMPTZ NOT NULL,
  address      TEXT,
  user_agent   TEXT
);
CREATE INDEX sessions_by_member ON sessions (member_id);

CREATE TABLE api_keys (
  id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  role_id         TEXT COLLATE "C" NOT NULL REFERENCES roles (id),
  name            TEXT NOT NULL,
  environment     TEXT NOT NULL CHECK (environment IN ('production', 'staging', 'development')),
  -- Expired is no status: it is what an active key is after its date.
  status          TEXT NOT NULL CHECK (status IN ('active', 'paused', 'revoked')),
  expires_at      TIMESTAMPTZ,
  version         BIGINT NOT NULL,
  form_token      TEXT,
  created_at      TIMESTAMPTZ NOT NULL,
  created_by      TEXT NOT NULL,
  revoked_at      TIMESTAMPTZ,
  revoked_by      TEXT,
  revoked_reason  TEXT,
  UNIQUE (organization_id, form_token),
  CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX api_keys_by_age ON api_keys (organization_id, created_at, id);
CREATE INDEX api_keys_by_role ON api_keys (role_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0];
END
$$;

CREATE TRIGGER api_keys_revoked_is_final BEFORE UPDATE OF status ON api_keys
FOR EACH ROW WHEN (OLD.status = 'revoked' AND NEW.status <> 'revoked')
EXECUTE FUNCTION refuse_change('a revoked key stays revoked');

-- Which peppers the digests above were made with; never a pepper itself. A server that lacks one refuses to start.
CREATE TABLE peppers (
  id          BIGINT PRIMARY KEY NOT NULL,
  fingerprint BYTEA NOT NULL CHECK (octet_length(fingerprint) = 32)
);

-- A key has one current secret and, while it is being rotated, one that retires.
CREATE TABLE key_secrets (
  id         TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  key_id     TEXT COLLATE "C" NOT NULL REFERENCES api_keys (id),
  digest     BYTEA NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
  pepper     BIGINT NOT NULL REFERENCES peppers (id),
  last4      TEXT NOT NULL CHECK (length(last4) = 4),
  created_at TIMESTAMPTZ NOT NULL,
  retires_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX key_secrets_one_current ON key_secrets (key_id) WHERE retires_at IS NULL;
CREATE INDEX key_secrets_by_key ON key_secrets (key_id);

-- From where a key may be used; no row: from anywhere.
CREATE TABLE key_networks (
  key_id  TEXT COLLATE "C" NOT NULL REFERENCES api_keys (id),
  network TEXT NOT NULL,
  PRIMARY KEY (key_id, network)
);

CREATE TABLE whitelist_networks (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  network         TEXT NOT NULL,
  PRIMARY KEY (organization_id, network)
);

-- Written in batches, and never together with the rows above: a write-back of usage cannot undo a revocation.
CREATE TABLE secret_uses (
  secret_id  TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES key_secrets (id),
  used_at    TIMESTAMPTZ NOT NULL,
  address    TEXT NOT NULL
);

CREATE TABLE organization_usage (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  -- year * 12 + month - 1
  month           BIGINT NOT NULL,
  requests        BIGINT NOT NULL,
  PRIMARY KEY (organization_id, month)
);

CREATE TABLE audit_entries (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  seq             BIGINT NOT NULL,
  at              TIMESTAMPTZ NOT NULL,
  actor           TEXT NOT NULL,
  actor_label     TEXT NOT NULL,
  action          TEXT NOT NULL,
  target          TEXT NOT NULL,
  detail          TEXT NOT NULL CHECK (detail::jsonb IS NOT NULL),
  address         TEXT,
  user_agent      TEXT,
  request_id      TEXT COLLATE "C" NOT NULL,
  previous_hash   BYTEA NOT NULL CHECK (octet_length(previous_hash) = 32),
  hash            BYTEA NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (organization_id, seq)
);

CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
FOR EACH ROW EXECUTE FUNCTION refuse_change('the audit trail is append only');

-- What the resident index has to load again, in the order of commits. The one row of index_head hands out the
-- numbers: it stays locked until the commit, so numbers have no gaps and become visible in order.
CREATE TABLE index_head (
  id  BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
  seq BIGINT NOT NULL
);
INSERT INTO index_head (id, seq) VALUES (1, 0);

CREATE TABLE index_changes (
  seq     BIGINT PRIMARY KEY NOT NULL,
  subject TEXT NOT NULL,
  at      TIMESTAMPTZ NOT NULL
);
