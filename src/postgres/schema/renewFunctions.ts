/** How much of its even part of a rate a machine is given at once while others wait, in milliseconds. */
const turnMs = 400;

/** What a call of a machine does: report, return, ask, get. */
export const renewFunctions = `
CREATE FUNCTION amount(amounts jsonb, dimension text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(0, coalesce(sane((amounts->>dimension)::double precision), 0))
$$;

-- Takes in what the machine says of its scopes. \`is_new\`: a new epoch begins with it; \`is_same\`: it knows the epoch.
CREATE FUNCTION take_report(
  of_plan text, of_machine text, said jsonb, day text, is_new boolean, is_same boolean, is_new_day boolean, t double precision
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  asked text[] := ARRAY(SELECT s->>'scopeId' FROM jsonb_array_elements(said) s);
BEGIN
  INSERT INTO part AS k (plan_id, machine_id, scope_id, dimension,
      granted, returned, consumed, held, needs, wants, weight, own_limit, day_key)
    SELECT of_plan, of_machine, s->>'scopeId', d,
      CASE WHEN is_same THEN amount(s->'returned', d) ELSE 0 END + amount(s->'consumed', d) + amount(s->'held', d),
      CASE WHEN is_same THEN amount(s->'returned', d) ELSE 0 END, amount(s->'consumed', d), amount(s->'held', d),
      amount(s->'needs', d), greatest(amount(s->'wants', d), amount(s->'needs', d)),
      greatest(0.01, least(1e6, coalesce(sane((s->>'weight')::double precision), 1))), sane((s->'set'->>d)::double precision), day
    FROM jsonb_array_elements(said) s, unnest(dimensions()) d
    ON CONFLICT (plan_id, scope_id, dimension, machine_id) DO UPDATE SET
      -- With a new epoch what the machine says is taken: its own record may be that of before, from a backup.
      consumed = CASE WHEN is_new OR k.dimension = 'tokensPerDay' AND is_new_day THEN excluded.consumed
        ELSE greatest(k.consumed, excluded.consumed) END,
      returned = CASE WHEN is_new OR k.dimension = 'tokensPerDay' AND is_new_day THEN 0
        WHEN is_same THEN greatest(k.returned, excluded.returned) ELSE k.returned END,
      held = excluded.held, needs = excluded.needs, wants = excluded.wants, is_blocked = false,
      weight = excluded.weight, own_limit = excluded.own_limit, day_key = excluded.day_key,
      fresh = greatest(0, excluded.consumed - k.consumed),
      freed = CASE WHEN is_new OR NOT is_same THEN 0 ELSE greatest(0, excluded.returned - k.returned) END,
      -- What is promised was promised: it is covered, whatever the limits say. By what the ask itself has told, for one
      -- that was overtaken: what it holds was used since, or given back, and is counted there already.
      granted = CASE WHEN is_new OR k.dimension = 'tokensPerDay' AND is_new_day THEN 0
        WHEN is_same THEN greatest(k.granted, excluded.granted) ELSE k.granted END;
  UPDATE part SET granted = returned + consumed + held
    WHERE plan_id = of_plan AND machine_id = of_machine AND scope_id = ANY (asked)
      AND (is_new OR NOT is_same OR dimension = 'tokensPerDay' AND is_new_day)
      AND granted < returned + consumed + held;
  UPDATE part SET needs = 0, wants = 0
    WHERE plan_id = of_plan AND machine_id = of_machine AND wants > 0 AND scope_id <> ALL (asked);
  INSERT INTO day_use AS known (plan_id, scope_id, day_key, machine_id, consumed)
    SELECT of_plan, scope_id, day, of_machine, consumed FROM part
    WHERE plan_id = of_plan AND machine_id = of_machine AND scope_id = ANY (asked) AND dimension = 'tokensPerDay'
      AND (consumed > 0 OR is_new)
    ON CONFLICT (plan_id, scope_id, day_key, machine_id) DO UPDATE
      SET consumed = greatest(known.consumed, excluded.consumed), presumed = CASE WHEN is_new THEN 0 ELSE known.presumed END
      WHERE excluded.consumed > known.consumed OR is_new;
  PERFORM refill(of_plan, asked, t);
  -- Who comes back may bring much that is old. The upstream's bucket never held more than its size. What was presumed
  -- is not counted again; what of it was never used is given back once the machine knows its new epoch: an ask of before
  -- may be late, and what was used after it comes with the next one.
  UPDATE bucket b
    SET used = CASE WHEN is_new THEN least(b.used + greatest(0, p.fresh - p.presumed), greatest(b.size, b.used))
      WHEN is_same THEN least(greatest(0, b.used + p.fresh - p.presumed), greatest(b.used, most_debt() * b.size))
      ELSE least(b.used + greatest(0, p.fresh - p.presumed), greatest(b.used, most_debt() * b.size)) END
    FROM part p
    WHERE p.plan_id = of_plan AND p.machine_id = of_machine AND p.scope_id = ANY (asked) AND (p.fresh > 0 OR p.presumed > 0)
      AND is_rate(p.dimension) AND b.size IS NOT NULL
      AND (b.plan_id, b.scope_id, b.dimension) = (p.plan_id, p.scope_id, p.dimension);
  UPDATE part SET presumed = CASE WHEN is_same THEN 0 ELSE greatest(0, presumed - fresh) END
    WHERE plan_id = of_plan AND machine_id = of_machine AND scope_id = ANY (asked) AND presumed > 0;
END $$;

-- A machine's part of \`room\` when it is shared max-min by weight. \`wants\` and \`weights\`: the others', in order of wants / weight.
CREATE FUNCTION fair_part(
  room double precision, want double precision, weight double precision, wants double precision[], weights double precision[]
) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  left_room double precision := room;
  all_weights double precision := weight + coalesce((SELECT sum(w) FROM unnest(weights) w), 0);
BEGIN
  IF room <= 0 OR want <= 0 THEN RETURN 0; END IF;
  FOR i IN 1 .. coalesce(cardinality(wants), 0) LOOP
    EXIT WHEN wants[i] / weights[i] > left_room / all_weights;
    left_room := left_room - wants[i];
    all_weights := all_weights - weights[i];
  END LOOP;
  -- Whoever wants less than an even part is through; the caller may be one of them.
  RETURN least(want, greatest(0, left_room) * weight / all_weights);
END $$;

-- What the caller gets of each limit that it wants something of. Who has had less so far (\`my_service\`; of slots: who has
-- fewer) goes first: so much is set aside as would make them even, or as their first request needs. Beyond what its first
-- requests need, a machine has little at once while others wait: who has much lets all go that wait, whoever's turn it is.
-- \`parts\`: what part of the caller's leases will probably be used; see used_parts.
CREATE FUNCTION decide(of_plan text, caller text, asked text[], day text, my_service double precision, parts jsonb)
RETURNS TABLE (scope_id text, dimension text, size double precision, gets double precision, is_blocked boolean, lacks double precision)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH mine AS (
    SELECT m.scope_id, m.dimension, b.size, m.leased, m.wants, m.weight, least(m.needs, b.size) AS needs,
      CASE m.dimension
        WHEN 'tokensPerDay' THEN (SELECT coalesce(sum(u.consumed + u.presumed), 0) FROM day_use u
          WHERE u.plan_id = of_plan AND u.scope_id = m.scope_id AND u.day_key = day)
        WHEN 'slots' THEN 0 ELSE b.used END AS used,
      CASE m.dimension WHEN 'slots' THEN m.leased / m.weight ELSE my_service END AS rank,
      CASE m.dimension WHEN 'slots' THEN 1 ELSE b.size END AS unit
    FROM part m JOIN bucket b USING (plan_id, scope_id, dimension)
    WHERE m.plan_id = of_plan AND m.machine_id = caller AND m.scope_id = ANY (asked) AND m.wants > 0 AND b.size IS NOT NULL
  ), others AS (
    SELECT m.scope_id, m.dimension, o.leased, o.weight, least(o.needs, m.size) AS needs, least(o.wants, m.size) AS wants,
      CASE WHEN o.wants <= 0 THEN 0
        WHEN (r.rank, o.machine_id) >= (m.rank, caller) THEN 0
        WHEN o.is_blocked THEN least(o.needs, m.size)
        ELSE least(o.wants, m.size, greatest(o.needs, (m.rank - r.rank) * o.weight * m.unit)) END AS aside
    FROM mine m
    JOIN part o ON o.plan_id = of_plan AND o.scope_id = m.scope_id AND o.dimension = m.dimension AND o.machine_id <> caller
    JOIN lease l ON l.machine_id = o.machine_id AND l.plan_id = of_plan,
    LATERAL (SELECT CASE m.dimension WHEN 'slots' THEN o.leased / o.weight ELSE l.service + l.expected END AS rank) r
    -- A day's tokens are leased of the day that they are for.
    WHERE (o.dimension <> 'tokensPerDay' OR o.day_key = day) AND (o.leased > 0 OR o.wants > 0)
  ), sums AS (
    SELECT scope_id, dimension, sum(leased) AS leased, sum(aside) AS aside, sum(greatest(needs, aside)) AS all_aside,
      bool_or(needs > 0) AS wait, sum(weight) FILTER (WHERE wants > 0) AS weight,
      array_agg(wants - greatest(needs, aside) ORDER BY (wants - greatest(needs, aside)) / weight, weight)
        FILTER (WHERE wants > greatest(needs, aside)) AS wants,
      array_agg(weight ORDER BY (wants - greatest(needs, aside)) / weight, weight)
        FILTER (WHERE wants > greatest(needs, aside)) AS weights
    FROM others GROUP BY scope_id, dimension
  ), rooms AS (
    SELECT m.*, CASE m.dimension WHEN 'slots' THEN 'slots' ELSE 'rates' END AS kind,
      m.size - m.used - m.leased - coalesce(s.leased, 0) AS room, coalesce(s.aside, 0) AS aside,
      coalesce(s.all_aside, 0) AS all_aside, s.wants AS their_wants, s.weights AS their_weights,
      CASE WHEN s.wait AND is_rate(m.dimension) THEN greatest(0, m.size * m.weight / (m.weight + coalesce(s.weight, 0)) * ${turnMs} / 60000
        / coalesce((parts->>(m.scope_id || ' ' || m.dimension))::double precision, 1) - m.needs) ELSE m.wants END AS most_extra
    FROM mine m LEFT JOIN sums s USING (scope_id, dimension)
  ), fits AS (
    -- Each waiting agent needs one slot, so that some of them help some; a request needs all of its tokens.
    SELECT r.*, r.needs <= 0 OR r.room - r.aside >= CASE r.kind WHEN 'slots' THEN 1 ELSE r.needs END - 5e-7 AS fits
    FROM rooms r
  ), scopes AS (
    SELECT scope_id, kind, bool_and(fits) AS fits, bool_or(needs > 0) AS has_needs FROM fits GROUP BY scope_id, kind
  ), kinds AS (
    -- A request needs the plan's and one other's at least: neither is of use without the other.
    SELECT kind, coalesce(bool_and(fits) FILTER (WHERE scope_id = of_plan), true)
      AND coalesce(bool_or(fits) FILTER (WHERE scope_id <> of_plan AND has_needs), true) AS fits
    FROM scopes GROUP BY kind
  )
  SELECT f.scope_id, f.dimension, f.size,
    CASE WHEN NOT (s.fits AND k.fits) THEN 0
      WHEN f.kind = 'slots' AND f.room - f.aside < f.needs THEN floor(f.room - f.aside + 1e-9)
      ELSE f.needs + whole_extra.amount END,
    f.fits AND NOT (s.fits AND k.fits),
    CASE WHEN f.fits THEN 0 ELSE f.needs - (f.room - f.aside) END
  FROM fits f JOIN scopes s USING (scope_id, kind) JOIN kinds k USING (kind),
  LATERAL (SELECT fair_part(f.room - f.all_aside - f.needs, least(f.wants, f.size) - f.needs, f.weight, f.their_wants, f.their_weights)
    AS amount) fair,
  LATERAL (SELECT least(fair.amount, f.most_extra) AS amount) extra,
  LATERAL (SELECT CASE WHEN f.dimension IN ('slots', 'requestsPerMinute') THEN floor(extra.amount + 1e-9) ELSE extra.amount END
    AS amount) whole_extra;
END $$;
`;
