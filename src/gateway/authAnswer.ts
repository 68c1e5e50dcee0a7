import * as z from 'zod';
import type { Problem } from '../core/credentials.ts';
import { howToGiveAnother } from '../core/keySources.ts';
import { headerValue } from '../loopback/headerValue.ts';
import type { CallAnswer } from './singleCall.ts';
import { problemOfStatus } from './upstreamHealth.ts';

/** What the words of a verdict need. */
export interface AuthAnswerContext {
  /** Of the endpoint: name and port. */
  readonly host: string;
  /** Where the key is from. */
  readonly source: string;
  /** Milliseconds since the epoch when the answer came. */
  readonly now: number;
}

const mostSkewMs = 5 * 60_000;
const modelNotFoundSchema = z.object({
  error: z.object({ type: z.literal('not_found_error'), message: z.string().regex(/model/i) }),
});

/** Errors as the Messages API words them. Source: API documentation, "Errors" › "Error shapes". */
const apiErrorSchema = z.object({
  type: z.literal('error'),
  error: z.object({ type: z.string(), message: z.string() }),
});

/**
 * What the answer to a test call says about the key and the endpoint.
 * @returns undefined when both work.
 */
export function classifyAuthAnswer(answer: CallAnswer, context: AuthAnswerContext): Problem | undefined {
  const { host, source } = context;
  const { status } = answer;
  const json = readJson(answer.body);
  // The model of the test may be unknown there: that is found out only after the key is accepted.
  if (isUnknownModel(status, json)) return undefined;
  if (status >= 200 && status < 300) return typeof json === 'object' && json !== null ? undefined : wrongEndpoint(host);
  if (status === 401 || status === 403) {
    const isOfApi = apiErrorSchema.safeParse(json).success;
    return clockProblem(answer, context) ?? (isOfApi ? rejection : foreignRefusal)(status, context);
  }
  if (status === 402) {
    return error(
      'billing',
      `${host} wants its bill settled (402).`,
      'See to plan and billing of the account that the key belongs to.',
    );
  }
  if (status === 429) {
    return {
      code: 'rate-limited',
      severity: 'warning',
      message: `${host} answers, but its rate limit is reached now (429), so nothing is known about the key from ${source}.`,
      nextStep: 'Try again in a minute.',
    };
  }
  return problemOfStatus(status, host) ?? wrongEndpoint(host, status);
}

function rejection(status: 401 | 403, { host, source }: AuthAnswerContext): Problem {
  if (status === 401) {
    return error(
      'key-rejected',
      `${host} rejected the key from ${source} (401).`,
      `Check that the key is complete, not revoked and made for this endpoint, ${howToGiveAnother(source)}.`,
    );
  }
  return error(
    'key-forbidden',
    `${host} knows the key from ${source} and does not allow it this (403).`,
    'Check the permissions of the key and its workspace, and whether the endpoint may be used from this network or country.',
  );
}

/** A company's proxy or a network's sign-in page answers in the place of the API, and knows nothing of the key. */
function foreignRefusal(status: 401 | 403, { host, source }: AuthAnswerContext): Problem {
  return error(
    'foreign-refusal',
    `Something refused the call to ${host} (${status}), but not in the words of the Messages API, so nothing is known about the key from ${source}.`,
    'Open a web page to see whether this network wants you to sign in; check the proxy settings and VPN, and ANTHROPIC_BASE_URL if you set it.',
  );
}

/** A rejection while this machine's clock and the endpoint's disagree: what is signed or dated fails by that alone. */
function clockProblem({ rawHeaders, status }: CallAnswer, { host, now }: AuthAnswerContext): Problem | undefined {
  const skewMs = now - Date.parse(headerValue(rawHeaders, 'date') ?? '');
  if (Number.isNaN(skewMs) || Math.abs(skewMs) <= mostSkewMs) return undefined;
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  return error(
    'clock-wrong',
    `${host} rejected the key (${status}), and this machine's clock is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} its own.`,
    'Set the clock of this machine right and test again; if the key is rejected then too, replace it.',
  );
}

function wrongEndpoint(host: string, status?: number): Problem {
  const how =
    status === undefined ? 'what it says is not of the Messages API' : `not as the Messages API does (${status})`;
  return error(
    'wrong-endpoint',
    `${host} answers, but ${how}.`,
    'Check ANTHROPIC_BASE_URL: it must be the part before /v1/messages; without it api.anthropic.com is used.',
  );
}

function error(code: string, message: string, nextStep: string): Problem {
  return { code, severity: 'error', message, nextStep };
}

function isUnknownModel(status: number, json: unknown): boolean {
  return status === 404 && modelNotFoundSchema.safeParse(json).success;
}

/** Whether an answer is that of an endpoint without such a path. */
export function isMissingPath({ status, body }: CallAnswer): boolean {
  return status === 405 || (status === 404 && !isUnknownModel(status, readJson(body)));
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
