-- What became of it: 'done', or 'refused' for what somebody tried and may not do.
ALTER TABLE audit_entries ADD COLUMN outcome TEXT NOT NULL DEFAULT 'done' CHECK (outcome IN ('done', 'refused'));

-- The trail is read by time, newest first, and narrowed by one of these.
CREATE INDEX audit_entries_by_time ON audit_entries (organization_id, at, seq);
CREATE INDEX audit_entries_by_actor ON audit_entries (organization_id, actor, at, seq);
CREATE INDEX audit_entries_by_action ON audit_entries (organization_id, action, at, seq);
CREATE INDEX audit_entries_by_target ON audit_entries (organization_id, target, at, seq);
CREATE INDEX audit_entries_by_outcome ON audit_entries (organization_id, outcome, at, seq);
CREATE INDEX audit_entries_by_request ON audit_entries (organization_id, request_id);
