/** What `PRAGMA user_version` says of a file that this code wrote. Another one is begun anew: it can all be read again. */
export const transcriptSchemaVersion = 1;

/**
 * `entry` is in the order of messages, so that all that may be the same is found at once. `kept_in` and `passed_over_by` are
 * sets of countings, bit by bit.
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

  CREATE TABLE entry (
    message_id TEXT NOT NULL,
    transcript_id INTEGER NOT NULL,
    line_at INTEGER NOT NULL,
    request_id TEXT,
    at INTEGER NOT NULL,
    model TEXT,
    speed TEXT,
    cost_usd REAL,
    is_sidechain INTEGER NOT NULL,
    passed_over_by INTEGER NOT NULL,
    kept_in INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_creation_5m_tokens INTEGER NOT NULL,
    cache_creation_1h_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (message_id, transcript_id, line_at)
  ) STRICT, WITHOUT ROWID;
`;
