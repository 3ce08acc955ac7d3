-- +goose Up
SET LOCAL lock_timeout = '2s'; -- who asks meanwhile waits behind us

-- Rows that say nothing. They are written where a request about somebody without an account
-- would otherwise write less than one about somebody with one.
CREATE TABLE padding (
  slot    BIGINT PRIMARY KEY,
  writes  BIGINT NOT NULL DEFAULT 0,
  written BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 40);
INSERT INTO padding (slot) SELECT generate_series(0, 1023);

-- +goose Down
DROP TABLE padding;
