import type { GivenAnswer } from './holdingServer.ts';
import type { ClientName } from './waitingClients.ts';

/** One client before one kind of answer. */
export interface WaitingCase {
  readonly client: ClientName;
  readonly given: GivenAnswer;
  readonly title: string;
  /** After so many requests it is known how the client goes on, and it is ended. */
  readonly enough?: number;
}

const second = 1000;
const [print, screen, sdk] = ['claude -p', 'claude in a terminal', 'SDK'] as const;

const held = (client: ClientName, seconds: number, enough?: number): WaitingCase => ({
  client,
  given: { holdMs: seconds * second },
  title: `held for ${seconds} s`,
  ...(enough !== undefined && { enough }),
});

type Refusal = NonNullable<GivenAnswer['refusal']>;

const refused = (client: ClientName, title: string, refusal: Refusal, enough?: number): WaitingCase => ({
  client,
  given: { holdMs: 0, refusal },
  title,
  ...(enough !== undefined && { enough }),
});

/** A 429 with these headers. */
const limited = (headers: Refusal['headers'] = {}): Refusal => ({ status: 429, type: 'rate_limit_error', headers });
const after = (seconds: number): Refusal => limited({ 'retry-after': String(seconds) });

const refusalsOf = (client: ClientName): WaitingCase[] => [
  refused(client, '429, `retry-after: 5`', after(5), 3),
  refused(client, '429, `retry-after: 60`', after(60), 2),
  refused(client, '429, `retry-after: 61`', after(61), 2),
  refused(client, '429 without `retry-after`', limited(), 3),
  refused(client, '429, `x-should-retry: false`', limited({ 'x-should-retry': 'false', 'retry-after': '5' })),
  refused(client, '503, `retry-after: 5`', { status: 503, type: 'api_error', headers: { 'retry-after': '5' } }, 3),
];

const final: Refusal['headers'] = { 'x-should-retry': 'false' };

/** All at once take as long as the longest: the SDK's fifteen minutes. */
export const waitingCases: readonly WaitingCase[] = [
  ...[30, 240].flatMap((seconds) => [held(print, seconds), held(screen, seconds), held(sdk, seconds)]),
  // It is known how it goes on with the second, and all of them would take an hour.
  held(print, 480, 2),
  held(sdk, 480),
  ...[print, sdk].flatMap(refusalsOf),
  refused(print, '429, `retry-after: 1`, without end', after(1)),
  refused(screen, '429, `retry-after: 5`', after(5), 4),
  refused(screen, '429, `x-should-retry: false`', limited(final)),
  refused(print, '400, `x-should-retry: false`', { status: 400, type: 'invalid_request_error', headers: final }),
  refused(print, '403, `x-should-retry: false`', { status: 403, type: 'permission_error', headers: final }),
  refused(screen, '403, `x-should-retry: false`', { status: 403, type: 'permission_error', headers: final }),
  refused(print, '404, `x-should-retry: false`', { status: 404, type: 'not_found_error', headers: final }),
];
