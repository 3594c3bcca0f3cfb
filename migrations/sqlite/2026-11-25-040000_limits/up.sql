-- How many requests a key may make in windows of time; all of a key's rows hold.
CREATE TABLE key_rate_limits (
  key_id         TEXT NOT NULL REFERENCES api_keys (id),
  -- A second, a minute, an hour, a day.
  window_seconds INTEGER NOT NULL CHECK (window_seconds IN (1, 60, 3600, 86400)),
  requests       INTEGER NOT NULL CHECK (requests BETWEEN 1 AND 1000000),
  PRIMARY KEY (key_id, window_seconds)
) STRICT, WITHOUT ROWID;
