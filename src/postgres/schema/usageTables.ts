/** The second step: what was used, and what machines show of themselves. */
export const usageTables = `
ALTER TABLE machine ADD COLUMN delivered_through bigint NOT NULL DEFAULT -1;

CREATE TABLE usage (
  usage_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  plan_id text NOT NULL REFERENCES plan ON DELETE CASCADE,
  machine_id text NOT NULL REFERENCES machine,
  -- By the machine's clock.
  at double precision NOT NULL,
  session_id text NOT NULL CHECK (length(session_id) <= 200),
  agent_id text NOT NULL CHECK (length(agent_id) <= 200),
  model text CHECK (length(model) <= 200),
  request_id text CHECK (length(request_id) <= 200),
  input_tokens bigint NOT NULL CHECK (input_tokens >= 0),
  cache_creation_5m_tokens bigint NOT NULL CHECK (cache_creation_5m_tokens >= 0),
  cache_creation_1h_tokens bigint NOT NULL CHECK (cache_creation_1h_tokens >= 0),
  cache_read_tokens bigint NOT NULL CHECK (cache_read_tokens >= 0),
  output_tokens bigint NOT NULL CHECK (output_tokens >= 0),
  UNIQUE (plan_id, request_id)
);
CREATE INDEX usage_by_time ON usage (plan_id, at);

CREATE TABLE shown (
  plan_id text NOT NULL REFERENCES plan ON DELETE CASCADE,
  machine_id text NOT NULL REFERENCES machine,
  body text NOT NULL CHECK (octet_length(body) <= 65536),
  at double precision NOT NULL,
  PRIMARY KEY (plan_id, machine_id)
) WITH (fillfactor = 50);
`;
