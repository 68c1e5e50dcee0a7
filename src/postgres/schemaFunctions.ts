import { accessFunctions } from './schema/accessFunctions.ts';
import { bookFunctions } from './schema/bookFunctions.ts';
import { observeCall } from './schema/observeCall.ts';
import { renewCall } from './schema/renewCall.ts';
import { renewFunctions } from './schema/renewFunctions.ts';
import { usageCalls } from './schema/usageCalls.ts';
import { schemaName } from './schemaName.ts';

/** What members may call. Everything else in the schema is the owner's alone. */
export const memberCalls = [
  'renew',
  'observe',
  'deliver',
  'usage_sums',
  'publish',
  'machines',
  'channel_of',
  'hello',
  'version',
] as const;

const dropAll = `
DO $$
DECLARE
  known regprocedure;
BEGIN
  FOR known IN SELECT oid FROM pg_proc WHERE pronamespace = '${schemaName}'::regnamespace LOOP
    EXECUTE format('DROP FUNCTION %s CASCADE', known);
  END LOOP;
END $$;
`;

/** Functions are everybody's until that is taken back. Those of members run with the owner's rights, and find only the schema's names. */
const closeAll = `
DO $$
DECLARE
  known record;
BEGIN
  FOR known IN SELECT oid::regprocedure AS signature, proname FROM pg_proc WHERE pronamespace = '${schemaName}'::regnamespace LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', known.signature);
    IF known.proname IN (${memberCalls.map((name) => `'${name}'`).join(', ')}) THEN
      EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = ${schemaName}, pg_temp', known.signature);
    END IF;
  END LOOP;
  PERFORM open_to(rolname) FROM pg_roles
    WHERE rolname IN (SELECT members FROM setting UNION SELECT members FROM plan WHERE members IS NOT NULL);
END $$;
`;

/** Makes all functions anew, for the tables as the last migration leaves them. */
export const schemaFunctions: readonly string[] = [
  dropAll,
  accessFunctions,
  bookFunctions,
  renewFunctions,
  renewCall,
  observeCall,
  usageCalls,
  closeAll,
];
