-- +goose Up
CREATE TABLE users (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  email               TEXT    NOT NULL UNIQUE,
  username            TEXT    UNIQUE,
  status              TEXT    NOT NULL CHECK (status IN ('pending', 'active', 'blocked', 'closed')),
  locale              TEXT    NOT NULL DEFAULT '',
  name                TEXT,
  password_hash       TEXT    NOT NULL DEFAULT '',
  password_changed_at INTEGER NOT NULL DEFAULT 0,
  email_verified_at   INTEGER NOT NULL DEFAULT 0,
  first_name          TEXT,
  last_name           TEXT,
  birth_date          TEXT,
  country             TEXT,
  nationality         TEXT,
  phone_number        TEXT,
  photo_key           TEXT    NOT NULL DEFAULT '',
  totp_sealed         BLOB,
  totp_enabled_at     INTEGER NOT NULL DEFAULT 0,
  created_at          INTEGER NOT NULL,
  updated_at          INTEGER NOT NULL
);
CREATE INDEX users_pending ON users (updated_at) WHERE status = 'pending';

CREATE TABLE notification_preferences (
  user_id       INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  email_enabled BOOLEAN NOT NULL,
  inapp_enabled BOOLEAN NOT NULL,
  push_enabled  BOOLEAN NOT NULL
);

CREATE TABLE registration_codes (
  user_id    INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  digest     BLOB    NOT NULL,
  tries      INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX registration_codes_expiry ON registration_codes (expires_at);

-- One live link a person; spent ones stay for a while, so that a second click can be told from a forgery.
CREATE TABLE registration_links (
  digest     BLOB    NOT NULL PRIMARY KEY,
  user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX registration_links_live ON registration_links (user_id) WHERE used_at = 0;
CREATE INDEX registration_links_user ON registration_links (user_id);
CREATE INDEX registration_links_expiry ON registration_links (expires_at);

CREATE TABLE sessions (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash    BLOB    NOT NULL,
  device_id     TEXT,
  device_type   TEXT    NOT NULL DEFAULT '',
  device_name   TEXT    NOT NULL DEFAULT '',
  country       TEXT    NOT NULL DEFAULT '',
  ip            TEXT    NOT NULL DEFAULT '',
  created_at    INTEGER NOT NULL,
  last_used_at  INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  stepped_up_at INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX sessions_one_per_device ON sessions (user_id, device_id) WHERE device_id IS NOT NULL;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_idle ON sessions (last_used_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE known_devices (
  user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  device_hash   BLOB    NOT NULL,
  first_used_at INTEGER NOT NULL,
  last_used_at  INTEGER NOT NULL,
  PRIMARY KEY (user_id, device_hash)
);
CREATE INDEX known_devices_age ON known_devices (last_used_at);

-- A time step that a person's secret has been used in (RFC 6238 section 5.2).
CREATE TABLE totp_steps (
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  step    INTEGER NOT NULL,
  PRIMARY KEY (user_id, step)
);
CREATE INDEX totp_steps_age ON totp_steps (step);

CREATE TABLE outbox (
  id         TEXT    NOT NULL PRIMARY KEY,
  kind       TEXT    NOT NULL,
  recipient  TEXT    NOT NULL,
  locale     TEXT    NOT NULL,
  sealed     BLOB    NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  due_at     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at);

CREATE TABLE blob_trash (
  object_key TEXT    NOT NULL PRIMARY KEY,
  attempts   INTEGER NOT NULL DEFAULT 0,
  due_at     INTEGER NOT NULL
);
CREATE INDEX blob_trash_due ON blob_trash (due_at);

CREATE TABLE audit_events (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  action     TEXT    NOT NULL,
  actor      TEXT    NOT NULL,
  user_id    INTEGER,
  session_id INTEGER,
  ip         TEXT    NOT NULL DEFAULT '',
  request_id TEXT    NOT NULL DEFAULT '',
  detail     TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX audit_events_user ON audit_events (user_id, id);

CREATE TABLE leases (
  name       TEXT    NOT NULL PRIMARY KEY,
  holder     TEXT    NOT NULL,
  expires_at INTEGER NOT NULL
);

-- +goose Down
DROP TABLE leases;
DROP TABLE audit_events;
DROP TABLE blob_trash;
DROP TABLE outbox;
DROP TABLE totp_steps;
DROP TABLE known_devices;
DROP TABLE sessions;
DROP TABLE registration_links;
DROP TABLE registration_codes;
DROP TABLE notification_preferences;
DROP TABLE users;
