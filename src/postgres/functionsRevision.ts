/**
 * Of the functions in the shared ledger: one more whenever they change, so that a check can tell who has the newer ones. The
 * schema's version is that of its tables. Those of before it was counted have 0.
 */
export const functionsRevision = 4;
