ALTER TABLE roles ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- A deleted role stays for the sake of the revoked keys that had it, under a name that is free for others.
ALTER TABLE roles ADD COLUMN deleted_at TIMESTAMPTZ;

-- What the organization has registered for its own application; roles hold them by name in role_permissions.
CREATE TABLE application_permissions (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  name            TEXT COLLATE "C" NOT NULL,
  description     TEXT NOT NULL,
  created_at      TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (organization_id, name)
);

-- A row is gone once its invitation is accepted or withdrawn: whatever is here can be accepted until its date.
CREATE TABLE invitations (
  id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  email           TEXT COLLATE "C" NOT NULL,
  role_id         TEXT COLLATE "C" NOT NULL REFERENCES roles (id),
  -- Counts the sendings; each has a token of its own.
  serial          BIGINT NOT NULL,
  token_digest    BYTEA NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
  invited_by      TEXT NOT NULL,
  sent_at         TIMESTAMPTZ NOT NULL,
  expires_at      TIMESTAMPTZ NOT NULL,
  UNIQUE (organization_id, email)
);
CREATE INDEX invitations_by_role ON invitations (role_id);

-- Mails are written with the change that causes them and sent after its commit. What a mail says is put together when
-- it is sent, so no link is stored.
CREATE TABLE mails (
  id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  letter          TEXT NOT NULL CHECK (letter IN ('invitation', 'ownership_given', 'ownership_received')),
  recipient       TEXT NOT NULL,
  detail          TEXT NOT NULL CHECK (detail::jsonb IS NOT NULL),
  -- The invitation it carries, and which sending of it.
  invitation_id   TEXT COLLATE "C",
  serial          BIGINT,
  status          TEXT NOT NULL CHECK (status IN ('queued', 'sent', 'written', 'failed', 'dropped')),
  attempts        BIGINT NOT NULL,
  -- When it is tried next; meaningless once it is not queued any more.
  next_at         TIMESTAMPTZ NOT NULL,
  problem         TEXT,
  created_at      TIMESTAMPTZ NOT NULL
);
CREATE INDEX mails_due ON mails (status, next_at);
CREATE INDEX mails_by_invitation ON mails (invitation_id, serial);
