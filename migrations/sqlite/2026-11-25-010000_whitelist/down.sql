ALTER TABLE organizations DROP COLUMN whitelist_version;
DROP TABLE whitelist_networks;
CREATE TABLE whitelist_networks (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  network         TEXT NOT NULL,
  PRIMARY KEY (organization_id, network)
) STRICT, WITHOUT ROWID;
