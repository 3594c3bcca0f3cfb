-- For how many requests of that second a row stands: this one, and others for the same reason from the same address or,
-- where it has no address, from elsewhere.
ALTER TABLE refusals ADD COLUMN times BIGINT NOT NULL DEFAULT 1;
