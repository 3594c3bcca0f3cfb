CREATE TABLE uses (
  secret_id  TEXT PRIMARY KEY NOT NULL REFERENCES key_secrets (id),
  used_at    INTEGER NOT NULL,
  address    TEXT NOT NULL,
  user_agent TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO uses SELECT secret_id, used_at, address, user_agent FROM secret_uses ORDER BY secret_id;
DROP TABLE secret_uses;
ALTER TABLE uses RENAME TO secret_uses;
