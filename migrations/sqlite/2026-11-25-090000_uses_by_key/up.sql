-- Next to those of the same key, as the counts are: whoever writes many in the order of their keys touches few pages.
CREATE TABLE uses (
  key_id     TEXT NOT NULL REFERENCES api_keys (id),
  secret_id  TEXT NOT NULL REFERENCES key_secrets (id),
  used_at    INTEGER NOT NULL,
  address    TEXT NOT NULL,
  user_agent TEXT,
  PRIMARY KEY (key_id, secret_id)
) STRICT, WITHOUT ROWID;
INSERT INTO uses
  SELECT key_secrets.key_id, secret_id, used_at, address, user_agent
  FROM secret_uses JOIN key_secrets ON key_secrets.id = secret_id
  ORDER BY key_secrets.key_id, secret_id;
DROP TABLE secret_uses;
ALTER TABLE uses RENAME TO secret_uses;
