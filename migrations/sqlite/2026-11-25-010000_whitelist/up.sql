-- Made anew: nothing could put a row into it so far.
DROP TABLE whitelist_networks;
CREATE TABLE whitelist_networks (
  id              TEXT PRIMARY KEY NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  -- In canonical form, so that equal texts are equal networks.
  network         TEXT NOT NULL,
  -- Empty: none.
  label           TEXT NOT NULL,
  version         INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  created_by      TEXT NOT NULL,
  UNIQUE (organization_id, network)
) STRICT;

-- Counts the changes of the list and of its mode.
ALTER TABLE organizations ADD COLUMN whitelist_version INTEGER NOT NULL DEFAULT 1;
