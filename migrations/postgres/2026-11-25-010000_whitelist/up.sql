-- Made anew: nothing could put a row into it so far.
DROP TABLE whitelist_networks;
CREATE TABLE whitelist_networks (
  id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
  -- In canonical form, so that equal texts are equal networks.
  network         TEXT COLLATE "C" NOT NULL,
  -- Empty: none.
  label           TEXT NOT NULL,
  version         BIGINT NOT NULL,
  created_at      TIMESTAMPTZ NOT NULL,
  created_by      TEXT NOT NULL,
  UNIQUE (organization_id, network)
);

-- Counts the changes of the list and of its mode.
ALTER TABLE organizations ADD COLUMN whitelist_version BIGINT NOT NULL DEFAULT 1;
