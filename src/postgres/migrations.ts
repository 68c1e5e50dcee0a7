import { expectedTables } from './schema/expectedTables.ts';
import { presumedTables } from './schema/presumedTables.ts';
import { quotaTables } from './schema/quotaTables.ts';
import { usageTables } from './schema/usageTables.ts';

/** The steps from one version of the schema to the next; the first makes an empty schema a ledger. Never changed. */
export const migrations: readonly string[] = [quotaTables, usageTables, presumedTables, expectedTables];

/** The version of the schema that this code makes and speaks to. */
export const schemaVersion = migrations.length;
