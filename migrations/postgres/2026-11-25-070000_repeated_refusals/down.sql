ALTER TABLE refusals DROP COLUMN times;
