DROP INDEX audit_entries_by_request;
DROP INDEX audit_entries_by_outcome;
DROP INDEX audit_entries_by_target;
DROP INDEX audit_entries_by_action;
DROP INDEX audit_entries_by_actor;
DROP INDEX audit_entries_by_time;
ALTER TABLE audit_entries DROP COLUMN outcome;
