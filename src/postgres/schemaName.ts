/** The schema that holds the shared ledger; one in a database. */
export const schemaName = 'agent_quota';

/** Which calls of the schema's functions this code makes, and understands the answers of. */
export const protocol = 1;
