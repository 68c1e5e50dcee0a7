/** What `PRAGMA user_version` says of a ledger that this code wrote. */
export const schemaVersion = 3;

/** The steps from one schema version to the next; the first makes an empty file a ledger. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE session (
    session_id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    engine_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    finish_tag REAL NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX session_by_state ON session (state, plan_id) WHERE state <> 'ended';

  CREATE TABLE slot_ticket (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL,
    engine_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE reservation (
    reservation_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    engine_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    state TEXT NOT NULL,
    tag REAL NOT NULL,
    weight REAL NOT NULL,
    cost TEXT NOT NULL,
    charged TEXT NOT NULL,
    usage TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE scope (
    scope_id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX scope_by_plan ON scope (plan_id);

  CREATE TABLE usage_day (
    scope_id TEXT NOT NULL,
    day TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_creation_5m_tokens INTEGER NOT NULL,
    cache_creation_1h_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (scope_id, day)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE usage_hour (
    hour INTEGER NOT NULL,
    plan_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_creation_5m_tokens INTEGER NOT NULL,
    cache_creation_1h_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (hour, plan_id, agent_id, model)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE usage (
    usage_id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    day TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    model TEXT,
    request_id TEXT UNIQUE,
    input_tokens INTEGER NOT NULL,
    cache_creation_5m_tokens INTEGER NOT NULL,
    cache_creation_1h_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE engine (
    engine_id TEXT PRIMARY KEY,
    process TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE usage ADD COLUMN subagent_id TEXT;

  CREATE TABLE subagent_usage (
    position INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL,
    subagent_id TEXT NOT NULL,
    parent_id TEXT,
    last_at INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_creation_5m_tokens INTEGER NOT NULL,
    cache_creation_1h_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    UNIQUE (session_id, subagent_id)
  ) STRICT;
  `,
  // Without AUTOINCREMENT a place could be given again after the last one was dropped.
  `
  CREATE TABLE machine (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    record TEXT NOT NULL
  ) STRICT;

  CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    record TEXT NOT NULL
  ) STRICT;
  `,
];
