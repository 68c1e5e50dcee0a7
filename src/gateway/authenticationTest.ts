import { isSendableKey } from '../core/apiKey.ts';
import type { AuthTest } from '../core/quotaEngine.ts';
import { classifyAuthAnswer, isMissingPath } from './authAnswer.ts';
import { singleCall, type Call, type CallAnswer } from './singleCall.ts';
import type { UpstreamConnections } from './upstreamConnections.ts';
import { describeUpstreamFailure } from './upstreamFailure.ts';
import { problemOfStatus } from './upstreamHealth.ts';
import { type UpstreamAddress, upstreamAddress } from './upstreamTarget.ts';

/** Credentials to test, and where they come from as people are told. */
export interface TestedCredentials {
  readonly baseUrl: string;
  readonly key: string;
  readonly source: string;
}

export interface AuthenticationTestOptions {
  /** For the whole test. */
  readonly timeoutMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Makes one real call that costs no tokens and says exactly what is wrong. The key is in none of its messages.
 * Never rejects.
 */
export async function testAuthentication(
  credentials: TestedCredentials,
  connections: UpstreamConnections,
  options: AuthenticationTestOptions = {},
): Promise<AuthTest> {
  const { timeoutMs = 10_000, now = Date.now } = options;
  const { source } = credentials;
  const address = upstreamAddress(credentials);
  if (address === undefined) return unusableAddress;
  const endpoint = address.origin + address.basePath;
  if (!isSendableKey(credentials.key)) return malformedKey(endpoint, source);
  const startedAt = now();
  try {
    const answer = await ask(connections, address, credentials.key, timeoutMs);
    const answeredAt = now();
    const problem = classifyAuthAnswer(answer, { host: address.host, source, now: answeredAt });
    if (problem === undefined)
      return { kind: 'works', endpoint, latencyMs: Math.max(0, answeredAt - startedAt), source };
    return { kind: 'fails', endpoint, problem };
  } catch (error) {
    return { kind: 'fails', endpoint, problem: describeUpstreamFailure(error, address.host).problem };
  }
}

/**
 * Tests the way that requests with a login of the agents' own take, by a call without any: whatever but a failure of the
 * endpoint's own is an answer. Never rejects.
 */
export async function testRoute(
  login: { readonly baseUrl: string; readonly source: string },
  connections: UpstreamConnections,
  timeoutMs = 10_000,
): Promise<AuthTest> {
  const address = upstreamAddress({ baseUrl: login.baseUrl, key: undefined });
  if (address === undefined) return unusableAddress;
  const { origin, basePath, host, loopback } = address;
  const endpoint = origin + basePath;
  const call: Call = { origin, path: `${basePath}/v1/models?limit=1`, method: 'GET', headers: apiHeaders };
  try {
    const { status } = await singleCall(connections.dispatcherFor({ origin, loopback }), call, timeoutMs);
    const problem = status < 500 ? undefined : problemOfStatus(status, host);
    if (problem !== undefined) return { kind: 'fails', endpoint, problem };
    return { kind: 'subscription', source: login.source, mode: 'routed' };
  } catch (error) {
    return { kind: 'fails', endpoint, problem: describeUpstreamFailure(error, host).problem };
  }
}

const apiHeaders = { 'anthropic-version': '2023-06-01', accept: 'application/json' };

/** Endpoints without a list of models, or that do not show it to every key, are asked to count the tokens of a word. */
async function ask(
  connections: UpstreamConnections,
  { origin, basePath, loopback }: UpstreamAddress,
  key: string,
  timeoutMs: number,
): Promise<CallAnswer> {
  const deadline = performance.now() + timeoutMs;
  const dispatcher = connections.dispatcherFor({ origin, loopback });
  const headers = { 'x-api-key': key, ...apiHeaders };
  const models: Call = { origin, path: `${basePath}/v1/models?limit=1`, method: 'GET', headers };
  const listed = await singleCall(dispatcher, models, timeoutMs);
  if (listed.status !== 403 && listed.status !== 404 && listed.status !== 405) return listed;
  const count: Call = {
    origin,
    path: `${basePath}/v1/messages/count_tokens`,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'hi' }] }),
  };
  const counted = await singleCall(dispatcher, count, deadline - performance.now());
  // An endpoint that counts no tokens either has said more by forbidding its list.
  return listed.status === 403 && isMissingPath(counted) ? listed : counted;
}

const unusableAddress: AuthTest = {
  kind: 'fails',
  problem: {
    code: 'bad-base-url',
    severity: 'error',
    message: 'The base URL is not an address that a key may be sent to.',
    nextStep: 'Give an https:// address (http:// only for this machine) in ANTHROPIC_BASE_URL, then reload the window.',
  },
};

function malformedKey(endpoint: string, source: string): AuthTest {
  return {
    kind: 'fails',
    endpoint,
    problem: {
      code: 'key-malformed',
      severity: 'error',
      message: `The key from ${source} has a character that no API key has (a space, a line break, a quote of another kind).`,
      nextStep: `Copy the key again, whole and alone, into ${source}, then reload the window. It was not sent anywhere.`,
    },
  };
}
