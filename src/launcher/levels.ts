/** Share of a limit from which on it is marked, as the setting `agentQuota.warnAtPercent` has it by default. */
export const markedFromPercent = 80;

/** How loud things are painted. */
export const levelFormats = { warning: 'yellow', error: 'red' } as const;
