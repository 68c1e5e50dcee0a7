import { functionsRevision } from '../functionsRevision.ts';

/** What was used, and what machines show; see SharedQuota.deliver, usage, publish, machines, onNotice. */
export const usageCalls = `
-- More than any request has, and so few that sums of them stay numbers.
CREATE FUNCTION tokens_in(entry jsonb, kind text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  tokens bigint := (entry->'usage'->>kind)::bigint;
BEGIN
  IF tokens > 1000000000000 THEN
    RAISE EXCEPTION 'no request has % tokens', tokens USING ERRCODE = 'AQ005';
  END IF;
  RETURN tokens;
END $$;

-- What was delivered and how far are written together: whatever comes twice is known.
CREATE FUNCTION deliver(protocol integer, batch jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  caller text;
  through bigint;
  of_plan text;
BEGIN
  PERFORM check_protocol(protocol);
  -- What is new is made in the same order everywhere, plans first, so that no two calls wait for each other's.
  FOR of_plan IN SELECT DISTINCT e->>'planId' FROM jsonb_array_elements(batch->'entries') e ORDER BY 1 LOOP
    PERFORM admit(of_plan);
  END LOOP;
  caller := enter(batch->'machine');
  SELECT delivered_through INTO through FROM machine WHERE machine_id = caller FOR NO KEY UPDATE;
  INSERT INTO usage (plan_id, machine_id, at, session_id, agent_id, model, request_id,
      input_tokens, cache_creation_5m_tokens, cache_creation_1h_tokens, cache_read_tokens, output_tokens)
    SELECT e->>'planId', caller, sane((e->>'at')::double precision), e->>'sessionId', e->>'agentId', e->>'model', e->>'requestId',
      tokens_in(e, 'inputTokens'), tokens_in(e, 'cacheCreation5mTokens'),
      tokens_in(e, 'cacheCreation1hTokens'), tokens_in(e, 'cacheReadTokens'),
      tokens_in(e, 'outputTokens')
    FROM jsonb_array_elements(batch->'entries') e WHERE (e->>'position')::bigint > through
    -- Of two machines that deliver the same requests, neither waits for what the other does later.
    ORDER BY e->>'planId', e->>'requestId', (e->>'position')::bigint
    ON CONFLICT (plan_id, request_id) DO NOTHING;
  UPDATE machine SET delivered_through = greatest(through, last) FROM (
    SELECT max((e->>'position')::bigint) AS last FROM jsonb_array_elements(batch->'entries') e) said
    WHERE machine_id = caller AND said.last > through;
  SELECT delivered_through INTO through FROM machine WHERE machine_id = caller;
  RETURN through;
END $$;

CREATE FUNCTION usage_sums(protocol integer, of_plan text, from_at double precision, to_at double precision, step_ms double precision, by_session boolean)
RETURNS TABLE (at double precision, machine_id text, agent_id text, session_id text, model text, is_long boolean, requests bigint,
  input_tokens bigint, cache_creation_5m_tokens bigint, cache_creation_1h_tokens bigint, cache_read_tokens bigint, output_tokens bigint)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM check_protocol(protocol), admit(of_plan);
  RETURN QUERY SELECT from_at + floor((u.at - from_at) / step_ms) * step_ms, u.machine_id, u.agent_id,
      CASE WHEN by_session THEN u.session_id END, u.model,
      u.input_tokens + u.cache_creation_5m_tokens + u.cache_creation_1h_tokens + u.cache_read_tokens > 200000,
      count(*), sum(u.input_tokens)::bigint, sum(u.cache_creation_5m_tokens)::bigint, sum(u.cache_creation_1h_tokens)::bigint,
      sum(u.cache_read_tokens)::bigint, sum(u.output_tokens)::bigint
    FROM usage u WHERE u.plan_id = of_plan AND u.at >= from_at AND u.at < to_at
    GROUP BY 1, 2, 3, 4, 5, 6;
END $$;

CREATE FUNCTION publish(protocol integer, caller jsonb, of_plan text, body text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  id text;
BEGIN
  PERFORM check_protocol(protocol), admit(of_plan);
  id := enter(caller);
  INSERT INTO shown AS known (plan_id, machine_id, body, at) VALUES (of_plan, id, publish.body, clock())
    ON CONFLICT (plan_id, machine_id) DO UPDATE SET body = excluded.body, at = excluded.at;
  PERFORM tell(of_plan, 'machines', id);
END $$;

-- Those that have shown something and were heard of within five minutes.
CREATE FUNCTION machines(protocol integer, of_plan text)
RETURNS TABLE (machine_id text, name text, user_name text, body text, age_ms double precision) LANGUAGE plpgsql AS $$
DECLARE
  t double precision;
  length double precision := (SELECT lease_ms FROM setting);
BEGIN
  PERFORM check_protocol(protocol), admit(of_plan);
  t := clock();
  RETURN QUERY SELECT m.machine_id, m.name, m.user_name, s.body, greatest(0, t - greatest(s.at, l.ends_at - length))
    FROM shown s JOIN machine m USING (machine_id) LEFT JOIN lease l USING (plan_id, machine_id)
    WHERE s.plan_id = of_plan AND t - greatest(s.at, l.ends_at - length) < 300000;
END $$;

-- Where changes of the plan are told.
CREATE FUNCTION channel_of(protocol integer, of_plan text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM check_protocol(protocol), admit(of_plan);
  RETURN (SELECT channel FROM plan WHERE plan_id = of_plan);
END $$;

-- Which step of the schema this is.
CREATE FUNCTION version() RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT version FROM schema_version
$$;

-- What a check wants to know; it needs no plan.
CREATE FUNCTION hello() RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('clock', clock(), 'mayUse', may_use((SELECT members FROM setting))
      OR EXISTS (SELECT FROM plan WHERE members IS NOT NULL AND may_use(members)),
    'leaseMs', (SELECT lease_ms FROM setting), 'revision', ${functionsRevision})
$$;
`;
