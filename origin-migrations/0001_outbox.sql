-- What was produced and is not yet known to the Room. Bytes lie beside it in files until R2 has them.

-- One run of one publisher, from its right to publish until the Room has stored its end.
CREATE TABLE epochs (
    stream TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    -- The first report that the Room has not acknowledged.
    next INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (stream, epoch)
) STRICT, WITHOUT ROWID;

-- Reports the Room has not acknowledged, numbered as it is told them.
CREATE TABLE reports (
    stream TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    n INTEGER NOT NULL,
    -- `protocol::link::Report` as JSON.
    report TEXT NOT NULL,
    -- The object it speaks of, as `protocol::media::MediaObject::path` writes it; its bytes are in the file named `n`.
    object TEXT,
    bytes INTEGER NOT NULL DEFAULT 0,
    -- Whether R2 has acknowledged the object (or there is none).
    stored INTEGER NOT NULL,
    PRIMARY KEY (stream, epoch, n),
    FOREIGN KEY (stream, epoch) REFERENCES epochs (stream, epoch) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
