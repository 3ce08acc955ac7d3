-- +goose Up
-- The key of the audit trail, sealed under the key ring. There is one, but where a ring was lost.
CREATE TABLE audit_keys (
  id         INTEGER NOT NULL PRIMARY KEY,
  sealed     BLOB    NOT NULL,
  created_at INTEGER NOT NULL
);

-- Events of version 0.1.0 have no MAC, and a node of it that still runs writes more of them.
ALTER TABLE audit_events ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_events ADD COLUMN key_id INTEGER;
ALTER TABLE audit_events ADD COLUMN parents BLOB;
ALTER TABLE audit_events ADD COLUMN mac BLOB;

-- +goose Down
ALTER TABLE audit_events DROP COLUMN mac;
ALTER TABLE audit_events DROP COLUMN parents;
ALTER TABLE audit_events DROP COLUMN key_id;
ALTER TABLE audit_events DROP COLUMN device;
DROP TABLE audit_keys;
