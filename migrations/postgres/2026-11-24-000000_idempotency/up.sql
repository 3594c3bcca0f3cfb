-- Requests that were carried out under an Idempotency-Key, for a day. The row comes with the change itself, the answer
-- right after it, without any secret.
CREATE TABLE answered_requests (
  key_id          TEXT COLLATE "C" NOT NULL REFERENCES api_keys (id),
  idempotency_key TEXT COLLATE "C" NOT NULL,
  -- Of method, path and body.
  fingerprint     BYTEA NOT NULL CHECK (octet_length(fingerprint) = 32),
  -- Status, headers and data. NULL: it has not been written down, or never was.
  answer          TEXT CHECK (answer IS NULL OR answer::jsonb IS NOT NULL),
  created_at      TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (key_id, idempotency_key)
);
CREATE INDEX answered_requests_by_age ON answered_requests (created_at);
