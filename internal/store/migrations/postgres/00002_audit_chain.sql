-- +goose Up
SET LOCAL lock_timeout = '2s'; -- who asks meanwhile waits behind us

-- The key of the audit trail, sealed under the key ring. There is one, but where a ring was lost.
CREATE TABLE audit_keys (
  id         BIGINT  PRIMARY KEY,
  sealed     BYTEA   NOT NULL,
  created_at BIGINT  NOT NULL
);

-- Events of version 0.1.0 have no MAC, and a node of it that still runs writes more of them.
ALTER TABLE audit_events ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_events ADD COLUMN key_id BIGINT;
ALTER TABLE audit_events ADD COLUMN parents BYTEA;
ALTER TABLE audit_events ADD COLUMN mac BYTEA;

-- +goose Down
ALTER TABLE audit_events DROP COLUMN mac;
ALTER TABLE audit_events DROP COLUMN parents;
ALTER TABLE audit_events DROP COLUMN key_id;
ALTER TABLE audit_events DROP COLUMN device;
DROP TABLE audit_keys;
