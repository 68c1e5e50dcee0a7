/** The fourth step: what machines will probably use of what they have leased. */
export const expectedTables = `
-- As parts of limits by weight, like the service, beside which it counts until it is used or given back.
ALTER TABLE lease ADD COLUMN expected double precision NOT NULL DEFAULT 0;
`;
