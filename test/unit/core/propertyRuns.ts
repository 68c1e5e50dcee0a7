/** How many times each property is tried: `FC_RUNS=20000` for the long form. */
export const propertyRuns = { numRuns: Number(process.env['FC_RUNS'] ?? 1000) } as const;
