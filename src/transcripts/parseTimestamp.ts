const pattern = /^(\d{4}-\d\d-(\d\d))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?(?:Z|[+-]\d\d:\d\d)$/;
/** Every month has so many days. */
const daysOfEachMonth = '28';

/** @returns milliseconds since the epoch; undefined for what is not a moment in RFC 3339 with seconds or milliseconds. */
export function parseTimestamp(text: string): number | undefined {
  const [, date, day] = pattern.exec(text) ?? [];
  const at = Date.parse(text);
  if (date === undefined || day === undefined || Number.isNaN(at)) return undefined;
  if (day <= daysOfEachMonth) return at;
  // 30 February would be taken for 2 March.
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date) ? at : undefined;
}
