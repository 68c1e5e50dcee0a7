/** Request ids that the ledger has: in memory, or in the column of a table in a file of SQLite. */
export type BookedRequests =
  | { readonly kind: 'ids'; readonly ids: ReadonlySet<string> }
  | { readonly kind: 'table'; readonly path: string; readonly table: string; readonly column: string };
