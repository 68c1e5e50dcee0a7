/** Claude Code's own word on a request that it makes again. */
export interface Retry {
  readonly subtype: 'api_retry';
  readonly error_status: number | null;
  readonly retry_delay_ms: number;
}

/** Has `claude -p` print lines of JSON, in which it tells of such requests. */
export const tellingRetries: readonly string[] = ['--output-format', 'stream-json', '--verbose'];

/** @param stdout whole lines are read; it may end within one. */
export function retriesIn(stdout: string): Retry[] {
  const lines = stdout.slice(0, stdout.lastIndexOf('\n') + 1).split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
    .filter(isRetry);
}

function isRetry(line: unknown): line is Retry {
  return typeof line === 'object' && line !== null && 'subtype' in line && line.subtype === 'api_retry';
}
