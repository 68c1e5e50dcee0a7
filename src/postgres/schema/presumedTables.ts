/** The third step: what ended leases are presumed to have used, so that it is not counted again when it is told. */
export const presumedTables = `
-- Of the rates: counted in the bucket when the lease ended, and what of it has not refilled since (as of the bucket's
-- \`at\`), until the machine tells what it was.
ALTER TABLE part ADD COLUMN presumed double precision NOT NULL DEFAULT 0;
`;
