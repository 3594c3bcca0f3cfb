-- Requests that were carried out under an Idempotency-Key, for a day. The row comes with the change itself, the answer
-- right after it, without any secret.
CREATE TABLE answered_requests (
  key_id          TEXT NOT NULL REFERENCES api_keys (id),
  idempotency_key TEXT NOT NULL,
  -- Of method, path and body.
  fingerprint     BLOB NOT NULL CHECK (length(fingerprint) = 32),
  -- Status, headers and data. NULL: it has not been written down, or never was.
  answer          TEXT CHECK (json_valid(answer)),
  created_at      INTEGER NOT NULL,
  PRIMARY KEY (key_id, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_requests_by_age ON answered_requests (created_at);
