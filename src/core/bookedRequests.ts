/** Request ids that the ledger has, in the column of a table in a file of SQLite. */
export interface BookedTable {
  readonly kind: 'table';
  readonly path: string;
  readonly table: string;
  readonly column: string;
  /** The column with the row's number: each new row has a greater one than all that are there. */
  readonly idColumn: string;
}

/** Request ids that the ledger has: in memory, or in its file. */
export type BookedRequests = { readonly kind: 'ids'; readonly ids: ReadonlySet<string> } | BookedTable;
