-- Times are milliseconds since the Unix epoch, money is minor units, flags are 0 or 1.

-- The only table with names and e-mail addresses.
CREATE TABLE people (
  id            TEXT PRIMARY KEY,
  username      TEXT NOT NULL,
  username_key  TEXT NOT NULL UNIQUE,  -- the username in lower case
  email         TEXT NOT NULL UNIQUE,  -- in lower case
  password_hash TEXT NOT NULL,         -- PHC string
  role          TEXT NOT NULL DEFAULT 'VIEWER' CHECK (role IN ('VIEWER', 'ADMIN')),
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT;

-- A log-in: the family of refresh tokens that were rotated from its first one.
CREATE TABLE sessions (
  id         TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,  -- when its newest token ends
  ended_at   INTEGER            -- logged out, or a spent token was used again
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id, expires_at);

CREATE TABLE refresh_tokens (
  hash       TEXT PRIMARY KEY,  -- SHA-256 of the token
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  nonce      TEXT NOT NULL,     -- with the token itself and the server's secret it gives the next one
  issued_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  spent_at   INTEGER
) STRICT;
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id, expires_at);

-- What a creator publishes from. Its key's version is the Channel's.
CREATE TABLE sources (
  id         TEXT PRIMARY KEY,
  creator_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sources_of_creator ON sources (creator_id);
CREATE UNIQUE INDEX default_source_of_creator ON sources (creator_id) WHERE is_default = 1;

CREATE TABLE streams (
  id                   TEXT PRIMARY KEY,
  creator_id           TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  source_id            TEXT NOT NULL REFERENCES sources (id),
  title                TEXT NOT NULL,
  description          TEXT,
  search_text          TEXT NOT NULL,  -- title and description in lower case
  status               TEXT NOT NULL DEFAULT 'SCHEDULED' CHECK (status IN ('SCHEDULED', 'LIVE', 'ENDED', 'CANCELLED')),
  is_subscriber_only   INTEGER NOT NULL CHECK (is_subscriber_only IN (0, 1)),
  required_tier        INTEGER,
  ticket_price         INTEGER,
  currency             TEXT NOT NULL,
  quality              TEXT NOT NULL CHECK (quality IN ('SD', 'HD', 'FHD', '4K')),
  recording_enabled    INTEGER NOT NULL CHECK (recording_enabled IN (0, 1)),
  chat_enabled         INTEGER NOT NULL CHECK (chat_enabled IN (0, 1)),
  tips_enabled         INTEGER NOT NULL CHECK (tips_enabled IN (0, 1)),
  max_viewers          INTEGER,
  delay_seconds        INTEGER NOT NULL CHECK (delay_seconds BETWEEN 0 AND 60),
  scheduled_start_time INTEGER,
  actual_start_time    INTEGER,
  end_time             INTEGER,
  recording_url        TEXT,
  thumbnail_url        TEXT,
  -- The Room's figures, as of its last report.
  viewer_count         INTEGER NOT NULL DEFAULT 0,
  peak_viewers         INTEGER NOT NULL DEFAULT 0,
  total_tips           INTEGER NOT NULL DEFAULT 0,
  messages_count       INTEGER NOT NULL DEFAULT 0,
  created_at           INTEGER NOT NULL,
  updated_at           INTEGER NOT NULL,
  -- The order of lists: live, scheduled, ended, and cancelled ones last.
  rank                 INTEGER NOT NULL GENERATED ALWAYS AS (
    CASE status WHEN 'LIVE' THEN 0 WHEN 'SCHEDULED' THEN 1 WHEN 'ENDED' THEN 2 ELSE 3 END
  ) STORED
) STRICT;
CREATE INDEX streams_listed ON streams (rank, id DESC);
CREATE INDEX streams_of_creator ON streams (creator_id, rank, id DESC);
CREATE INDEX streams_of_source ON streams (source_id);

-- What POSTs with an Idempotency-Key made. Only the made thing's id is kept: the reply follows from it and the same body.
CREATE TABLE idempotency (
  user_id    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  key        TEXT NOT NULL,
  route      TEXT NOT NULL,
  body_hash  TEXT NOT NULL,  -- SHA-256 of the body
  made_id    TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
