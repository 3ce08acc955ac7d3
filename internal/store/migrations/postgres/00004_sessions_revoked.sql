-- +goose Up
SET LOCAL lock_timeout = '2s';

-- When all sessions of a person were last ended at once: a login that waits for its second
-- factor ends with them. And when one or all of them were, on purpose: a second factor that was
-- begun ends with it.
ALTER TABLE users ADD COLUMN sessions_revoked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN devices_revoked_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE users DROP COLUMN devices_revoked_at;
ALTER TABLE users DROP COLUMN sessions_revoked_at;
