/** What the upstream has said, for all machines; see SharedQuota.observe and, on one machine, ledger/scopeBooks.ts. */
export const observeCall = `
CREATE FUNCTION observe(protocol integer, of_plan text, of_scope text, report jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t double precision;
  has_changed boolean := false;
BEGIN
  PERFORM check_protocol(protocol);
  PERFORM lock_plan(of_plan);
  t := clock();
  IF jsonb_array_length(report->'limits') > 0 OR report ? 'retryAfterMs' THEN
    PERFORM make_scopes(of_plan, ARRAY[of_scope]);
    has_changed := observe_limits(of_plan, of_scope, report, t);
  END IF;
  IF jsonb_array_length(report->'windows') > 0 THEN
    PERFORM observe_windows(of_plan, report->'windows');
  ELSIF (report->>'limited')::boolean AND jsonb_array_length(report->'limits') = 0 THEN
    has_changed := observe_refusal(of_plan, t) OR has_changed;
  END IF;
  IF has_changed THEN PERFORM tell(of_plan, 'room', NULL); END IF;
END $$;

-- @returns whether other limits hold than before, or a pause begins.
CREATE FUNCTION observe_limits(of_plan text, of_scope text, report jsonb, t double precision) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  before scope;
  told jsonb := coalesce((SELECT jsonb_object_agg(l->>'dimension', sane((l->>'limit')::double precision))
    FROM jsonb_array_elements(report->'limits') l WHERE is_rate(l->>'dimension') AND l->>'dimension' = ANY (dimensions())), '{}');
  pause double precision := t + least(greatest(0, coalesce(sane((report->>'retryAfterMs')::double precision), 0)), longest_pause());
BEGIN
  SELECT * INTO before FROM scope WHERE plan_id = of_plan AND scope_id = of_scope;
  PERFORM refill(of_plan, ARRAY[of_scope], t);
  -- Others may use the same limit. What is leased may or may not be counted by now, so it is left out of the comparison;
  -- token counts are rounded to the nearest thousand.
  UPDATE bucket b SET used = greatest(b.used, sane((l->>'limit')::double precision) - greatest(0, sane((l->>'remaining')::double precision))
      - CASE b.dimension WHEN 'requestsPerMinute' THEN 0 ELSE 500 END
      - coalesce((SELECT sum(o.leased) FROM part o
          WHERE o.plan_id = of_plan AND o.scope_id = of_scope AND o.dimension = b.dimension), 0))
    FROM jsonb_array_elements(report->'limits') l
    WHERE b.plan_id = of_plan AND b.scope_id = of_scope AND b.dimension = l->>'dimension' AND is_rate(b.dimension);
  UPDATE scope SET reported = reported || told, paused_until = CASE WHEN pause > t THEN greatest(paused_until, pause) ELSE paused_until END
    WHERE plan_id = of_plan AND scope_id = of_scope;
  PERFORM refill(of_plan, ARRAY[of_scope], t);
  RETURN NOT before.reported @> told OR pause > greatest(t, before.paused_until);
END $$;

CREATE FUNCTION observe_windows(of_plan text, told jsonb) RETURNS void LANGUAGE sql AS $$
  WITH taken AS (
    SELECT w->>'name' AS name, jsonb_build_object('name', w->>'name', 'utilization', sane((w->>'utilization')::double precision),
      'resetsAt', sane((w->>'resetsAt')::double precision), 'rejected', (w->>'rejected')::boolean,
      'reportedAt', sane((w->>'reportedAt')::double precision)) AS shape
    FROM jsonb_array_elements(told) w WHERE w->>'name' IN ('fiveHour', 'sevenDay')
  )
  UPDATE plan SET windows = coalesce((SELECT jsonb_agg(w) FROM (
      SELECT k AS w FROM jsonb_array_elements(windows) k WHERE k->>'name' NOT IN (SELECT name FROM taken)
      UNION ALL SELECT shape FROM taken) kept), '[]')
    WHERE plan_id = of_plan
$$;

-- A 429 that says nothing of limits; those of requests that were under way together count as one.
CREATE FUNCTION observe_refusal(of_plan text, t double precision) RETURNS boolean LANGUAGE sql AS $$
  WITH lowered AS (
    UPDATE plan SET share = greatest(0.05, share_now(share, share_at, t) * 0.7), share_at = t
    WHERE plan_id = of_plan AND NOT (share < 1 AND abs(t - share_at) < 2000) RETURNING 1)
  SELECT EXISTS (SELECT FROM lowered)
$$;
`;
