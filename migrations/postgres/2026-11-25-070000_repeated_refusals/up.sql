-- For how many requests a row stands: this one, and those for the same reason from the same address in that second.
ALTER TABLE refusals ADD COLUMN times BIGINT NOT NULL DEFAULT 1;
