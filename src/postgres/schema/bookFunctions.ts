/** How buckets, limits and leases are kept. None of these is for members to call. */
export const bookFunctions = `
CREATE FUNCTION dimensions() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['requestsPerMinute', 'tokensPerMinute', 'inputTokensPerMinute', 'outputTokensPerMinute', 'tokensPerDay', 'slots']
$$;

CREATE FUNCTION is_rate(dimension text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT dimension LIKE '%PerMinute'
$$;

-- A number that can be counted with: one that is none, or beyond all that machines count, would stay in all sums.
CREATE FUNCTION sane(number double precision) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF number NOT BETWEEN -1e15 AND 1e15 THEN
    RAISE EXCEPTION 'the number % is none that can be counted with', number USING ERRCODE = 'AQ005';
  END IF;
  RETURN number;
END $$;

-- So many times its size a bucket may be overdrawn: a single long answer may be more than a minute's limit, and nobody
-- is to be kept from the plan for hours by what one machine says of itself.
CREATE FUNCTION most_debt() RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT 10 $$;

-- How much of the set rates is used now; see core/adaptiveShare.ts.
CREATE FUNCTION share_now(share double precision, share_at double precision, t double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT least(1, share + greatest(0, t - share_at) * 0.05 / 60000)
$$;

CREATE FUNCTION lower_by(amount double precision, share double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN share = 1 OR amount IS NULL THEN amount ELSE greatest(1, floor(amount * share)) END
$$;

-- The limits that hold for all machines together; see ScopeGrant.limits.
CREATE FUNCTION sizes(of_plan text, of_scopes text[], t double precision)
RETURNS TABLE (scope_id text, dimension text, size double precision) LANGUAGE sql STABLE AS $$
  SELECT s.scope_id, d, least(
    lower_by(coalesce((s.set_limits->>d)::double precision, CASE WHEN NOT s.reported ? d THEN m.own_limit END),
      CASE WHEN s.scope_id = of_plan AND d IN ('requestsPerMinute', 'tokensPerMinute') THEN p.share ELSE 1 END),
    (s.reported->>d)::double precision)
  FROM (SELECT share_now(share, share_at, t) AS share FROM plan WHERE plan_id = of_plan OFFSET 0) p,
    scope s CROSS JOIN unnest(dimensions()) d
    LEFT JOIN (SELECT scope_id, dimension, min(own_limit) AS own_limit FROM part
      WHERE plan_id = of_plan AND scope_id = ANY (of_scopes) GROUP BY 1, 2) m ON m.scope_id = s.scope_id AND m.dimension = d
  WHERE s.plan_id = of_plan AND s.scope_id = ANY (of_scopes)
$$;

-- A bucket's content now; see core/tokenBucket.ts. \`at\` lies ahead where the clock was set back.
CREATE FUNCTION refilled(used double precision, at double precision, size double precision, t double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN size IS NULL THEN 0 ELSE greatest(0, used - size * greatest(0, t - at) / 60000) END
$$;

CREATE FUNCTION make_scopes(of_plan text, of_scopes text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM scope WHERE plan_id = of_plan AND scope_id = ANY (of_scopes)) = cardinality(of_scopes) THEN
    RETURN;
  END IF;
  INSERT INTO scope (plan_id, scope_id) SELECT of_plan, unnest(of_scopes) ON CONFLICT DO NOTHING;
  INSERT INTO bucket (plan_id, scope_id, dimension)
    SELECT of_plan, s, d FROM unnest(of_scopes) s, unnest(dimensions()) d ON CONFLICT DO NOTHING;
END $$;

-- The size that a bucket has where limits give none: while no machine is there of those that share it, what they have
-- set holds as it did last, so that what was used stays used.
CREATE FUNCTION kept_size(b bucket) RETURNS double precision LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN b.size IS NOT NULL AND NOT EXISTS (SELECT FROM part JOIN lease USING (plan_id, machine_id)
    WHERE plan_id = b.plan_id AND scope_id = b.scope_id AND NOT is_over) THEN b.size END
$$;

-- Buckets as of now, with the limits of now.
CREATE FUNCTION refill(of_plan text, of_scopes text[], t double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- What is presumed refills no later than anything else: at least so much less would be used without it.
  IF EXISTS (SELECT FROM part WHERE plan_id = of_plan AND scope_id = ANY (of_scopes) AND presumed > 0) THEN
    UPDATE part p SET presumed = refilled(p.presumed, b.at, coalesce(s.size, kept_size(b)), t)
      FROM sizes(of_plan, of_scopes, t) s
        JOIN bucket b ON b.plan_id = of_plan AND b.scope_id = s.scope_id AND b.dimension = s.dimension
      WHERE p.plan_id = of_plan AND p.scope_id = s.scope_id AND p.dimension = s.dimension AND p.presumed > 0;
  END IF;
  UPDATE bucket b SET used = refilled(b.used, b.at, coalesce(s.size, kept_size(b)), t), size = coalesce(s.size, kept_size(b)), at = t
    FROM sizes(of_plan, of_scopes, t) s
    WHERE b.plan_id = of_plan AND b.scope_id = s.scope_id AND b.dimension = s.dimension;
END $$;

-- What was leased to a machine and may have been used counts as used: nobody knows. Its slots are free.
CREATE FUNCTION end_lease(of_plan text, of_machine text, t double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM refill(of_plan, ARRAY(
    SELECT DISTINCT scope_id FROM part WHERE plan_id = of_plan AND machine_id = of_machine AND leased > 0), t);
  UPDATE bucket b SET used = b.used + p.leased FROM part p
    WHERE p.plan_id = of_plan AND p.machine_id = of_machine AND p.leased > 0 AND is_rate(p.dimension)
      AND (b.plan_id, b.scope_id, b.dimension) = (p.plan_id, p.scope_id, p.dimension) AND b.size IS NOT NULL;
  INSERT INTO day_use AS known (plan_id, scope_id, day_key, machine_id, presumed)
    SELECT p.plan_id, p.scope_id, l.day_key, p.machine_id, p.leased FROM part p JOIN lease l USING (plan_id, machine_id)
    WHERE p.plan_id = of_plan AND p.machine_id = of_machine AND p.leased > 0 AND p.dimension = 'tokensPerDay'
    ON CONFLICT (plan_id, scope_id, day_key, machine_id) DO UPDATE SET presumed = known.presumed + excluded.presumed;
  UPDATE part p SET presumed = p.presumed + p.leased FROM bucket b
    WHERE p.plan_id = of_plan AND p.machine_id = of_machine AND p.leased > 0 AND is_rate(p.dimension)
      AND (b.plan_id, b.scope_id, b.dimension) = (p.plan_id, p.scope_id, p.dimension) AND b.size IS NOT NULL;
  UPDATE part SET granted = returned + consumed, held = 0, needs = 0, wants = 0, weight = 0, own_limit = NULL
    WHERE plan_id = of_plan AND machine_id = of_machine;
  UPDATE lease SET is_over = true WHERE plan_id = of_plan AND machine_id = of_machine;
END $$;

-- Drops what is kept of machines that were last there long ago, but for how far they have delivered and which epoch was
-- their last: whatever they used is in no minute's limit any more.
CREATE FUNCTION forget_gone(of_plan text, t double precision) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  long_ago double precision := t - 7 * 86400000.0;
BEGIN
  DELETE FROM part USING lease l WHERE part.plan_id = of_plan AND l.plan_id = of_plan AND l.machine_id = part.machine_id
    AND l.is_over AND l.ends_at < long_ago;
  DELETE FROM day_use WHERE plan_id = of_plan
    AND day_key < to_char(to_timestamp(long_ago / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD');
  DELETE FROM shown WHERE plan_id = of_plan AND at < long_ago;
END $$;

CREATE FUNCTION longest_pause() RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT 600000 $$;

-- Ends the leases whose time is over. Where the clock was set back, none lasts longer than it is meant to, no pause either.
CREATE FUNCTION end_leases(of_plan text, t double precision) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  length double precision := (SELECT lease_ms FROM setting);
  ended text;
BEGIN
  UPDATE lease SET ends_at = t + length WHERE plan_id = of_plan AND NOT is_over AND ends_at > t + length + 15000;
  UPDATE scope SET paused_until = t + longest_pause() WHERE plan_id = of_plan AND paused_until > t + longest_pause() + 15000;
  UPDATE plan SET share_at = t WHERE plan_id = of_plan AND share_at > t + 15000;
  FOR ended IN SELECT machine_id FROM lease WHERE plan_id = of_plan AND NOT is_over AND ends_at <= t LOOP
    PERFORM end_lease(of_plan, ended, t);
    PERFORM tell(of_plan, 'room', NULL), tell(of_plan, 'machines', NULL);
  END LOOP;
END $$;
`;
