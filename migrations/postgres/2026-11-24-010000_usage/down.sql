DROP TABLE usage_marks;
DROP TABLE refusals;
DROP TABLE organization_hours;
DROP TABLE key_usage;
ALTER TABLE secret_uses DROP COLUMN user_agent;
