/** Who may do what, and what time it is. None of these is for members to call. */
export const accessFunctions = `
-- The only clock. Tests put another in its place.
CREATE FUNCTION clock() RETURNS double precision LANGUAGE sql VOLATILE AS $$
  SELECT extract(epoch FROM clock_timestamp())::double precision * 1000
$$;

-- Which protocol the caller speaks; this schema speaks one.
CREATE FUNCTION check_protocol(spoken integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF spoken IS DISTINCT FROM 1 THEN
    RAISE EXCEPTION 'the shared ledger speaks protocol 1, and was asked in %', spoken USING ERRCODE = 'AQ001';
  END IF;
END $$;

-- Makes sure that the caller may use the plan. One that nobody has asked for before becomes the default role's.
CREATE FUNCTION admit(asked_plan text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  default_role name := (SELECT members FROM setting);
  plan_role name;
  is_new boolean := false;
BEGIN
  SELECT coalesce(members, default_role) INTO plan_role FROM plan WHERE plan_id = asked_plan;
  IF NOT FOUND THEN
    plan_role := default_role;
    is_new := true;
  END IF;
  IF NOT may_use(plan_role) THEN
    RAISE EXCEPTION 'the plan "%" is not for %', asked_plan, session_user USING ERRCODE = 'AQ002';
  END IF;
  IF is_new THEN INSERT INTO plan (plan_id) VALUES (asked_plan) ON CONFLICT DO NOTHING; END IF;
END $$;

-- The same, and locks the plan: whoever else changes it waits. Only then may the clock be asked. Rows that refer to it
-- may be added meanwhile (FOR NO KEY UPDATE): a delivery holds its machine and adds usage of the plan, a renewal holds the
-- plan and adds what the machine used today, and neither may wait for the other.
CREATE FUNCTION lock_plan(asked_plan text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM admit(asked_plan);
  PERFORM FROM plan WHERE plan_id = asked_plan FOR NO KEY UPDATE;
END $$;

-- A role that is gone has no members.
CREATE FUNCTION may_use(wanted name) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT pg_has_role(session_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = wanted), false)
$$;

-- The caller's machine: bound to the login that it first came with.
CREATE FUNCTION enter(caller jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  id text := caller->>'machineId';
  bound name;
BEGIN
  IF NOT EXISTS (SELECT FROM machine WHERE machine_id = id AND name = caller->>'name' AND user_name = caller->>'user') THEN
    INSERT INTO machine AS known (machine_id, login, name, user_name)
      VALUES (id, session_user, caller->>'name', caller->>'user')
      ON CONFLICT (machine_id) DO UPDATE SET name = excluded.name, user_name = excluded.user_name
        WHERE known.login = session_user;
  END IF;
  SELECT login INTO bound FROM machine WHERE machine_id = id;
  IF bound IS DISTINCT FROM session_user THEN
    RAISE EXCEPTION 'the machine "%" is not %''s', id, session_user USING ERRCODE = 'AQ003';
  END IF;
  RETURN id;
END $$;

-- Lets a role's members call what members may: whether for a plan of theirs, each call finds out.
CREATE FUNCTION open_to(role name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  known regprocedure;
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA agent_quota TO %I', role);
  FOR known IN SELECT oid FROM pg_proc WHERE pronamespace = 'agent_quota'::regnamespace AND prosecdef LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', known, role);
  END LOOP;
END $$;

-- Tells of something, once the transaction is over: \`room\`, to one machine or to everybody, or \`machines\`, of one
-- machine or of any.
CREATE FUNCTION tell(told_plan text, what text, which text) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify(channel, what || coalesce(' ' || which, '')) FROM plan WHERE plan_id = told_plan
$$;
`;
