/** In the name of the file, and in its `PRAGMA user_version`: one that says something else is begun anew. */
export const transcriptSchemaVersion = 2;

/**
 * `entry` is in the order in which it is summed up, so that nothing is sorted for that: by quarter of an hour, transcript and
 * what the price depends on. All entries that may be the same are found at once by their message. `kept_in` and
 * `passed_over_by` are sets of countings, bit by bit. A model and a speed that are not known are empty.
 * `quarter_sum` has what counts in `all` and the ledger has not booked, but for the quarters in `stale_quarter`; `booked` says
 * up to which of the ledger's rows.
 */
export const transcriptSchema = `
  CREATE TABLE transcript (
    transcript_id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    project_path TEXT NOT NULL,
    session_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_at TEXT NOT NULL,
    inode TEXT NOT NULL,
    born_at TEXT,
    read_to INTEGER NOT NULL,
    fingerprint TEXT NOT NULL
  ) STRICT;

  CREATE TABLE model (
    model_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE entry (
    quarter INTEGER NOT NULL,
    transcript_id INTEGER NOT NULL,
    model_id INTEGER NOT NULL,
    speed TEXT NOT NULL,
    is_long INTEGER NOT NULL,
    line_at INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    request_id TEXT,
    at INTEGER NOT NULL,
    cost_usd REAL,
    is_sidechain INTEGER NOT NULL,
    passed_over_by INTEGER NOT NULL,
    kept_in INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_creation_5m_tokens INTEGER NOT NULL,
    cache_creation_1h_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (quarter, transcript_id, model_id, speed, is_long, line_at)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX entry_of_message ON entry (message_id) WHERE message_id <> '';

  CREATE TABLE quarter_sum (
    quarter INTEGER NOT NULL,
    transcript_id INTEGER NOT NULL,
    model_id INTEGER NOT NULL,
    speed TEXT NOT NULL,
    is_long INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    cost_usd REAL,
    input_tokens INTEGER NOT NULL,
    cache_creation_5m_tokens INTEGER NOT NULL,
    cache_creation_1h_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (quarter, transcript_id, model_id, speed, is_long)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE stale_quarter (quarter INTEGER PRIMARY KEY) STRICT;

  CREATE TABLE booked (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    path TEXT NOT NULL,
    last_id INTEGER NOT NULL,
    last_request_id TEXT
  ) STRICT;
`;
