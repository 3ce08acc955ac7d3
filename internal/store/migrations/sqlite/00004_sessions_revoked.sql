-- +goose Up
-- When all sessions of a person were last ended: a login that was under way ends with them.
ALTER TABLE users ADD COLUMN sessions_revoked_at INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE users DROP COLUMN sessions_revoked_at;
