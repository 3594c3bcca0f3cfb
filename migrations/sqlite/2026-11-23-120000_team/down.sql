DROP TABLE mails;
DROP TABLE invitations;
DROP TABLE application_permissions;
ALTER TABLE roles DROP COLUMN deleted_at;
ALTER TABLE roles DROP COLUMN version;
