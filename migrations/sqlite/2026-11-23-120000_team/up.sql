ALTER TABLE roles ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- A deleted role stays for the sake of the revoked keys that had it, under a name that is free for others.
ALTER TABLE roles ADD COLUMN deleted_at INTEGER;

-- What the organization has registered for its own application; roles hold them by name in role_permissions.
CREATE TABLE application_permissions (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  name            TEXT NOT NULL,
  description     TEXT NOT NULL,
  created_at      INTEGER NOT NULL,
  PRIMARY KEY (organization_id, name)
) STRICT, WITHOUT ROWID;

-- A row is gone once its invitation is accepted or withdrawn: whatever is here can be accepted until its date.
CREATE TABLE invitations (
  id              TEXT PRIMARY KEY NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  email           TEXT NOT NULL,
  role_id         TEXT NOT NULL REFERENCES roles (id),
  -- Counts the sendings; each has a token of its own.
  serial          INTEGER NOT NULL,
  token_digest    BLOB NOT NULL UNIQUE CHECK (length(token_digest) = 32),
  invited_by      TEXT NOT NULL,
  sent_at         INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  UNIQUE (organization_id, email)
) STRICT;
CREATE INDEX invitations_by_role ON invitations (role_id);

-- Mails are written with the change that causes them and sent after its commit. What a mail says is put together when
-- it is sent, so no link is stored.
CREATE TABLE mails (
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
CREATE INDEX mails_due ON mails (status, next_at);
CREATE INDEX mails_by_invitation ON mails (invitation_id, serial);
