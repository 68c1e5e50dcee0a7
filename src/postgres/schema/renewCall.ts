/** The one call of a lease; see SharedQuota.renew. */
export const renewCall = `
CREATE FUNCTION wants_rates(of_plan text, of_machine text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM part
    WHERE plan_id = of_plan AND machine_id = of_machine AND wants > 0 AND dimension <> 'slots')
$$;

CREATE FUNCTION needs_rates(of_plan text, of_machine text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM part
    WHERE plan_id = of_plan AND machine_id = of_machine AND needs > 0 AND dimension <> 'slots')
$$;

-- What part of the rates that are leased will probably be used, by scope and dimension. A request holds more tokens than it
-- uses in the end; how much more is taken from what earlier ones used and what those hold that are under way or wait.
CREATE FUNCTION used_parts(of_plan text, of_machine text, asked text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(m.scope_id || ' ' || m.dimension,
    greatest(0.01, least(1, m.consumed / r.consumed * (r.held + r.needs) / (m.held + m.needs)))), '{}')
  FROM part m JOIN part r USING (plan_id, scope_id, machine_id)
  WHERE m.plan_id = of_plan AND m.machine_id = of_machine AND m.scope_id = ANY (asked) AND is_rate(m.dimension)
    AND r.dimension = 'requestsPerMinute' AND r.consumed > 0 AND m.held + m.needs > 0
$$;

-- What a machine will probably use of what it has leased, as parts of limits by weight.
CREATE FUNCTION expected_use(of_plan text, of_machine text, asked text[], parts jsonb, busy double precision)
RETURNS double precision LANGUAGE sql STABLE AS $$
  SELECT coalesce(max(least(1, p.leased * coalesce((parts->>(p.scope_id || ' ' || p.dimension))::double precision, 1) / b.size)), 0) / busy
  FROM part p JOIN bucket b USING (plan_id, scope_id, dimension)
  WHERE p.plan_id = of_plan AND p.machine_id = of_machine AND p.scope_id = ANY (asked) AND is_rate(p.dimension) AND b.size > 0
$$;

-- The service that a machine's wants go by. One that begins to want has no less than those who wait: it cannot have saved up.
-- Where nobody waits nothing is scarce: it is level with whoever has had most, who would have to wait for all others later.
-- Nor can one whose wants were never met be behind by more than a whole limit: others would wait for a minute, and no longer.
CREATE FUNCTION fair_service(of_plan text, of_machine text, own double precision, wanted boolean, waited boolean)
RETURNS double precision LANGUAGE sql STABLE AS $$
  SELECT greatest(own, CASE
    WHEN NOT waited AND bool_and(NOT o.waits) THEN max(o.service)
    WHEN NOT wanted THEN coalesce(min(o.service) FILTER (WHERE o.waits), own)
    ELSE max(o.service) FILTER (WHERE o.wants) - 1 END)
  FROM (SELECT l.service + l.expected AS service, wants_rates(of_plan, l.machine_id) AS wants, needs_rates(of_plan, l.machine_id) AS waits FROM lease l
    WHERE l.plan_id = of_plan AND l.machine_id <> of_machine AND NOT l.is_over) o
$$;

-- The machine's lease in force with its end moved on, or a new one.
CREATE FUNCTION lease_of(of_plan text, of_machine text, known_epoch bigint, day text, t double precision, length double precision)
RETURNS lease LANGUAGE plpgsql AS $$
DECLARE
  known lease;
BEGIN
  SELECT * INTO known FROM lease WHERE plan_id = of_plan AND machine_id = of_machine;
  IF FOUND AND NOT known.is_over AND known_epoch > known.epoch THEN
    -- The database has forgotten what it granted since: whatever was leased may have been used.
    PERFORM end_lease(of_plan, of_machine, t);
    known.is_over := true;
  END IF;
  IF known.epoch IS NULL OR known.is_over THEN
    INSERT INTO lease AS l (plan_id, machine_id, epoch, ends_at, day_key)
      VALUES (of_plan, of_machine, greatest(known.epoch, known_epoch, 0) + 1, t + length, day)
      ON CONFLICT (machine_id, plan_id) DO UPDATE
        SET epoch = excluded.epoch, ends_at = excluded.ends_at, day_key = excluded.day_key, is_over = false
      RETURNING l.* INTO known;
  ELSE
    UPDATE lease SET ends_at = t + length, day_key = day WHERE plan_id = of_plan AND machine_id = of_machine;
  END IF;
  RETURN known;
END $$;

-- A day that is nowhere today: whoever named tomorrow's would have another day's tokens.
CREATE FUNCTION check_day(day text, t double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Another spelling of a day would be another day.
  IF day IS DISTINCT FROM to_char(day::date, 'YYYY-MM-DD') OR abs(day::date - (to_timestamp(t / 1000) AT TIME ZONE 'UTC')::date) > 1 THEN
    RAISE EXCEPTION 'it is not % anywhere by the database''s clock', day USING ERRCODE = 'AQ004';
  END IF;
END $$;

CREATE FUNCTION renew(protocol integer, ask jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  of_plan text := ask->>'planId';
  caller text;
  day text := ask->>'dayKey';
  asked text[] := ARRAY(SELECT s->>'scopeId' FROM jsonb_array_elements(ask->'scopes') s);
  length double precision := (SELECT lease_ms FROM setting);
  t double precision;
  before lease;
  held_lease lease;
  is_new boolean;
  has_wanted boolean;
  has_waited boolean;
  busy double precision;
  parts jsonb;
  -- Somebody there has requests under way or waiting. Where nobody has, nothing of its leases is expected to be used: it
  -- would count by the weight of none, and whoever is level with it would wait for all others.
  is_at_work boolean;
  expects double precision;
  my_service double precision;
  decided record;
  waits double precision;
  day_is_used boolean := false;
BEGIN
  PERFORM check_protocol(protocol);
  PERFORM lock_plan(of_plan);
  caller := enter(ask->'machine');
  t := clock();
  PERFORM check_day(day, t);
  PERFORM end_leases(of_plan, t);
  SELECT * INTO before FROM lease WHERE plan_id = of_plan AND machine_id = caller;
  held_lease := lease_of(of_plan, caller, (ask->>'epoch')::bigint, day, t, length);
  is_new := before.epoch IS DISTINCT FROM held_lease.epoch;
  IF is_new THEN PERFORM forget_gone(of_plan, t); END IF;
  has_wanted := wants_rates(of_plan, caller);
  has_waited := needs_rates(of_plan, caller);
  busy := (SELECT max(weight) FROM part WHERE plan_id = of_plan AND machine_id = caller AND scope_id = ANY (asked));
  PERFORM make_scopes(of_plan, asked);
  PERFORM take_report(of_plan, caller, ask->'scopes', day, is_new, held_lease.epoch IS NOT DISTINCT FROM (ask->>'epoch')::bigint,
    before.day_key IS DISTINCT FROM day, t);

  -- What was used was used by those who were at work before or are now.
  busy := (SELECT greatest(max(weight), busy, 0.01) FROM part WHERE plan_id = of_plan AND machine_id = caller AND scope_id = ANY (asked));
  my_service := held_lease.service + CASE WHEN is_new THEN 0 ELSE coalesce((SELECT max(least(1, p.fresh / b.size) / busy)
    FROM part p JOIN bucket b USING (plan_id, scope_id, dimension)
    WHERE p.plan_id = of_plan AND p.machine_id = caller AND p.fresh > 0 AND b.size > 0 AND p.scope_id = ANY (asked)), 0) END;
  parts := used_parts(of_plan, caller, asked);
  is_at_work := EXISTS (SELECT FROM part WHERE plan_id = of_plan AND machine_id = caller AND scope_id = ANY (asked)
    AND is_rate(part.dimension) AND held + needs > 0);
  expects := CASE WHEN is_at_work THEN expected_use(of_plan, caller, asked, parts, busy) ELSE 0 END;
  IF wants_rates(of_plan, caller) THEN
    my_service := fair_service(of_plan, caller, my_service + expects, has_wanted, has_waited) - expects;
  END IF;

  FOR decided IN SELECT d.*, p.weight FROM decide(of_plan, caller, asked, day, my_service + expects, parts) d
      JOIN part p ON p.plan_id = of_plan AND p.machine_id = caller AND p.scope_id = d.scope_id AND p.dimension = d.dimension LOOP
    UPDATE part SET granted = granted + decided.gets, is_blocked = decided.is_blocked,
        needs = greatest(0, needs - decided.gets), wants = greatest(0, wants - decided.gets)
      WHERE plan_id = of_plan AND machine_id = caller AND scope_id = decided.scope_id AND dimension = decided.dimension
        AND (decided.gets > 0 OR is_blocked <> decided.is_blocked);
    IF decided.lacks > 0 AND is_rate(decided.dimension) AND decided.size > 0 THEN
      waits := greatest(waits, decided.lacks / decided.size * 60000);
    ELSIF decided.lacks > 0 AND decided.dimension = 'tokensPerDay' THEN
      day_is_used := true;
    END IF;
  END LOOP;
  expects := CASE WHEN is_at_work THEN expected_use(of_plan, caller, asked, parts, busy) ELSE 0 END;
  UPDATE lease SET service = my_service, expected = expects
    WHERE plan_id = of_plan AND machine_id = caller AND (service <> my_service OR expected <> expects);
  PERFORM tell_of_room(of_plan, caller, asked);
  UPDATE part SET fresh = 0, freed = 0
    WHERE plan_id = of_plan AND machine_id = caller AND (fresh > 0 OR freed > 0);

  RETURN jsonb_build_object(
    'planId', of_plan, 'epoch', held_lease.epoch, 'durationMs', length, 'dayKey', day,
    'scopes', (SELECT coalesce(jsonb_agg(grant_of(of_plan, caller, s.id, day, t) ORDER BY s.place), '[]')
      FROM unnest(asked) WITH ORDINALITY s (id, place)),
    'askAgainAfterMs', CASE WHEN waits IS NOT NULL AND NOT day_is_used THEN least(length / 2, greatest(20, waits)) END,
    'othersWait', EXISTS (SELECT FROM part o
      WHERE o.plan_id = of_plan AND o.scope_id = ANY (asked) AND o.machine_id <> caller AND o.needs > 0));
END $$;

-- What came back may be what others wait for: those who go first are told. What refills they know of by themselves.
CREATE FUNCTION tell_of_room(of_plan text, caller text, asked text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  waiting text;
BEGIN
  IF NOT EXISTS (SELECT FROM part WHERE plan_id = of_plan AND machine_id = caller AND scope_id = ANY (asked) AND freed > 0) THEN
    RETURN;
  END IF;
  FOR waiting IN
    SELECT l.machine_id FROM lease l WHERE l.plan_id = of_plan AND l.machine_id <> caller AND NOT l.is_over AND EXISTS (
      SELECT FROM part o JOIN part m USING (plan_id, scope_id, dimension)
      WHERE o.plan_id = of_plan AND o.machine_id = l.machine_id AND o.needs > 0 AND m.machine_id = caller AND m.freed > 0)
    ORDER BY l.service LIMIT 8
  LOOP
    PERFORM tell(of_plan, 'room', waiting);
  END LOOP;
END $$;

-- What is shared of a scope, and the caller's part; see ScopeGrant.
CREATE FUNCTION grant_of(of_plan text, caller text, of_scope text, day text, t double precision) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT jsonb_build_object(
    'scopeId', of_scope,
    'granted', jsonb_object_agg(b.dimension, coalesce(a.granted, 0)),
    'limits', coalesce(jsonb_object_agg(b.dimension, b.size) FILTER (WHERE b.size IS NOT NULL), '{}'),
    'reported', (SELECT reported FROM scope WHERE plan_id = of_plan AND scope_id = of_scope),
    'used', jsonb_object_agg(b.dimension, CASE b.dimension WHEN 'slots' THEN 0
      WHEN 'tokensPerDay' THEN (SELECT coalesce(sum(u.consumed + u.presumed), 0) FROM day_use u
        WHERE u.plan_id = of_plan AND u.scope_id = of_scope AND u.day_key = day)
      ELSE b.used END),
    'leased', jsonb_object_agg(b.dimension, coalesce(a.leased, 0)),
    'fairShare', jsonb_object_agg(b.dimension, coalesce(
      CASE b.dimension WHEN 'slots' THEN floor(b.size * a.my_weight / a.all_weights) ELSE b.size * a.my_weight / a.all_weights END, 0)),
    'pausedForMs', (SELECT greatest(0, paused_until - t) FROM scope WHERE plan_id = of_plan AND scope_id = of_scope),
    'windows', CASE WHEN of_scope = of_plan THEN (SELECT windows FROM plan WHERE plan_id = of_plan) ELSE '[]' END)
  FROM bucket b
  LEFT JOIN (
    SELECT o.dimension, sum(o.leased) FILTER (WHERE o.dimension <> 'tokensPerDay' OR o.day_key = day) AS leased,
      -- One without demand may have some at any moment.
      sum(CASE WHEN o.weight > 0.01 THEN o.weight WHEN o.weight > 0 THEN 1 END) AS all_weights,
      sum(CASE WHEN o.weight > 0.01 THEN o.weight ELSE 1 END) FILTER (WHERE o.machine_id = caller) AS my_weight,
      sum(o.granted) FILTER (WHERE o.machine_id = caller) AS granted
    FROM part o WHERE o.plan_id = of_plan AND o.scope_id = of_scope GROUP BY 1
  ) a USING (dimension)
  WHERE b.plan_id = of_plan AND b.scope_id = of_scope);
END $$;
`;
