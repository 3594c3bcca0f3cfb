-- After how many days a secret is due for another one.
ALTER TABLE organizations ADD COLUMN rotate_production_days BIGINT NOT NULL DEFAULT 90;
ALTER TABLE organizations ADD COLUMN rotate_other_days BIGINT NOT NULL DEFAULT 180;
