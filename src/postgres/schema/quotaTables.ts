/**
 * The first step: what plans allow and what machines have of it. Times are milliseconds since the epoch by the
 * database's clock. A dimension is named as `LeaseDimension`.
 */
export const quotaTables = `
CREATE TABLE setting (
  -- One row.
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  -- How long a lease lasts, in milliseconds.
  lease_ms double precision NOT NULL DEFAULT 10000 CHECK (lease_ms BETWEEN 100 AND 600000),
  -- The role whose members may use plans that name no other.
  members name NOT NULL
);

CREATE TABLE plan (
  plan_id text PRIMARY KEY CHECK (length(plan_id) BETWEEN 1 AND 200 AND plan_id !~ '/'),
  -- The role whose members may use it; null for the setting's.
  members name,
  -- Where changes are told: a name that nobody guesses.
  channel text NOT NULL DEFAULT 'agent_quota_' || replace(gen_random_uuid()::text, '-', ''),
  -- How much of the set rates is used; see core/adaptiveShare.ts.
  share double precision NOT NULL DEFAULT 1,
  share_at double precision NOT NULL DEFAULT 0,
  windows jsonb NOT NULL DEFAULT '[]'
);

CREATE TABLE scope (
  plan_id text NOT NULL REFERENCES plan ON DELETE CASCADE,
  scope_id text NOT NULL CHECK (length(scope_id) <= 400),
  -- By dimension: set by the owner, and reported by the upstream.
  set_limits jsonb NOT NULL DEFAULT '{}',
  reported jsonb NOT NULL DEFAULT '{}',
  paused_until double precision NOT NULL DEFAULT 0,
  PRIMARY KEY (plan_id, scope_id)
);

CREATE TABLE bucket (
  plan_id text NOT NULL,
  scope_id text NOT NULL,
  dimension text NOT NULL,
  -- Taken and not refilled yet, as of \`at\`; see core/tokenBucket.ts.
  used double precision NOT NULL DEFAULT 0,
  -- What holds for all machines together, as of \`at\`; null where nothing does.
  size double precision,
  at double precision NOT NULL DEFAULT 0,
  PRIMARY KEY (plan_id, scope_id, dimension),
  FOREIGN KEY (plan_id, scope_id) REFERENCES scope ON DELETE CASCADE
) WITH (fillfactor = 50);

CREATE TABLE machine (
  machine_id text PRIMARY KEY CHECK (length(machine_id) BETWEEN 1 AND 100),
  -- The login that it is bound to: nobody else speaks for it.
  login name NOT NULL,
  name text NOT NULL CHECK (length(name) <= 200),
  user_name text NOT NULL CHECK (length(user_name) <= 200)
);

CREATE TABLE lease (
  plan_id text NOT NULL REFERENCES plan ON DELETE CASCADE,
  machine_id text NOT NULL REFERENCES machine,
  epoch bigint NOT NULL,
  ends_at double precision NOT NULL,
  is_over boolean NOT NULL DEFAULT false,
  -- The machine's local day.
  day_key text NOT NULL,
  -- What it was given so far, as parts of limits by weight: who has less goes first.
  service double precision NOT NULL DEFAULT 0,
  PRIMARY KEY (machine_id, plan_id)
) WITH (fillfactor = 50);

CREATE TABLE part (
  plan_id text NOT NULL,
  machine_id text NOT NULL,
  scope_id text NOT NULL,
  dimension text NOT NULL,
  -- Counters: see core/sharedQuota.ts. Leased is what they leave, at least 0.
  granted double precision NOT NULL,
  returned double precision NOT NULL,
  consumed double precision NOT NULL,
  held double precision NOT NULL,
  -- Of the ask that is being answered: what was newly consumed, and given back.
  fresh double precision NOT NULL DEFAULT 0,
  freed double precision NOT NULL DEFAULT 0,
  -- What of the last ask has not been granted since.
  needs double precision NOT NULL,
  wants double precision NOT NULL,
  -- Its needs cannot be met because of another scope: in this one no more than they is set aside for it.
  is_blocked boolean NOT NULL DEFAULT false,
  -- Of the machine's sessions with demand; 0 once the lease is over. Then it has no limit of its own either.
  weight double precision NOT NULL,
  own_limit double precision,
  -- The day that its tokens of the day are of.
  day_key text NOT NULL,
  leased double precision NOT NULL GENERATED ALWAYS AS (greatest(0, granted - returned - consumed)) STORED,
  PRIMARY KEY (plan_id, scope_id, dimension, machine_id),
  FOREIGN KEY (machine_id, plan_id) REFERENCES lease ON DELETE CASCADE,
  FOREIGN KEY (plan_id, scope_id) REFERENCES scope ON DELETE CASCADE
) WITH (fillfactor = 50);
CREATE INDEX part_of_machine ON part (machine_id, plan_id);

-- Counted tokens of a machine's local day.
CREATE TABLE day_use (
  plan_id text NOT NULL,
  scope_id text NOT NULL,
  day_key text NOT NULL,
  machine_id text NOT NULL REFERENCES machine,
  consumed double precision NOT NULL DEFAULT 0,
  -- What an ended lease may have used beside, until its machine tells.
  presumed double precision NOT NULL DEFAULT 0,
  PRIMARY KEY (plan_id, scope_id, day_key, machine_id),
  FOREIGN KEY (plan_id, scope_id) REFERENCES scope ON DELETE CASCADE
);
`;
