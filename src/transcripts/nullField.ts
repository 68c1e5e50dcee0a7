const QUOTE = 0x22;
const nullValue = Buffer.from(':null');
/** Source: ccusage 20, `has_unsupported_null_field`. */
const refusedNames: ReadonlySet<string> = new Set([
  'id',
  'cwd',
  'model',
  'speed',
  'costUSD',
  'version',
  'sessionId',
  'requestId',
  'isApiErrorMessage',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
]);

/**
 * Whether anywhere in a line, be it in what a tool was called with, one of ccusage's fields is `null`: it passes such
 * lines over.
 */
export function hasNullField(line: Buffer): boolean {
  for (let at = line.indexOf(nullValue); at !== -1; at = line.indexOf(nullValue, at + nullValue.length)) {
    const end = at > 0 ? line.lastIndexOf(QUOTE, at - 1) : -1;
    if (end < 1) continue;
    const start = line.lastIndexOf(QUOTE, end - 1);
    if (start !== -1 && refusedNames.has(line.toString('latin1', start + 1, end))) return true;
  }
  return false;
}
