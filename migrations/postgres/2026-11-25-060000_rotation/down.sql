ALTER TABLE organizations DROP COLUMN rotate_other_days;
ALTER TABLE organizations DROP COLUMN rotate_production_days;
