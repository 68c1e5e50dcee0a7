const pattern = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?(?:Z|[+-]\d\d:\d\d)$/;

/** @returns milliseconds since the epoch; undefined for what is not a moment in RFC 3339 with seconds or milliseconds. */
export function parseTimestamp(text: string): number | undefined {
  const day = pattern.exec(text)?.[1];
  const at = Date.parse(text);
  if (day === undefined || Number.isNaN(at)) return undefined;
  // 30 February would be taken for 2 March.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? at : undefined;
}
