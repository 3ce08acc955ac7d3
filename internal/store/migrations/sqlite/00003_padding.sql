-- +goose Up
-- Rows that say nothing. They are written where a request about somebody without an account
-- would otherwise write less than one about somebody with one.
CREATE TABLE padding (
  slot    INTEGER PRIMARY KEY,
  writes  INTEGER NOT NULL DEFAULT 0,
  written INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX padding_written ON padding (written); -- for its cost alone
WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot < 1023)
INSERT INTO padding (slot) SELECT slot FROM slots;

-- +goose Down
DROP TABLE padding;
