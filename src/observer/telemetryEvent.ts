import { hash } from 'node:crypto';
import * as z from 'zod';
import type { UsageEntry } from '../core/ledger.ts';
import { subagentNamed } from '../core/subagent.ts';
import { mostTokens } from '../core/usage.ts';
import type { OtlpRecord } from './otlpRecord.ts';

/** What Claude Code says of its requests. Source: Claude Code documentation, "Monitoring" › "Events". */
export type TelemetryEvent =
  /** A request was answered, and used so much. */
  | {
      readonly kind: 'request';
      readonly entry: UsageEntry & { readonly requestId: string };
      /** Whether the entry's request id is Anthropic's, by which others tell of the same request. */
      readonly isNamed: boolean;
      /** Who it counts for, in clear: not to be kept. Undefined where the login does not say. */
      readonly account: string | undefined;
    }
  /** A request has failed for good: what Claude Code tried again by itself is not told. */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly model: string | undefined;
      readonly account: string | undefined;
    }
  /** Nothing of this plan's. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unreadable' };

const requestBody = 'claude_code.api_request';
const errorBody = 'claude_code.api_error';

/** Claude Code 2.1.330 sends whole numbers as such; earlier ones sent them as texts. */
const count = z.union([
  z.int().min(0).max(mostTokens),
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
]);
const text = z.string().max(200).optional().catch(undefined);
const requestSchema = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_tokens: count.default(0),
  cache_creation_tokens: count.default(0),
  cache_creation_5m_tokens: count.optional(),
  cache_creation_1h_tokens: count.optional(),
  request_id: z
    .string()
    .regex(/^[\w.:-]{1,128}$/)
    .optional()
    .catch(undefined),
  model: text,
  agent_id: text,
  parent_agent_id: text,
});
const errorSchema = z.object({
  status_code: z.union([
    z.int(),
    z
      .string()
      .regex(/^\d{3}$/)
      .transform(Number),
  ]),
  model: text,
});

/** Whether a record tells of a request, by its body. */
export function tellsOfRequest(body: string): boolean {
  return body === requestBody || body === errorBody;
}

/** Reads a record that {@link tellsOfRequest}. */
export function readEvent({ body, attributes }: OtlpRecord): TelemetryEvent {
  // A cloud that resells Claude has another plan.
  if ((attributes.get('anthropic.provider') ?? 'firstParty') !== 'firstParty') return { kind: 'foreign' };
  const values = Object.fromEntries(attributes);
  if (body === errorBody) {
    const error = errorSchema.safeParse(values);
    // An error without a status is a connection that failed, which says nothing of the plan.
    return error.success
      ? { kind: 'error', status: error.data.status_code, model: error.data.model, account: accountOf(attributes) }
      : { kind: 'foreign' };
  }
  const request = requestSchema.safeParse(values);
  if (!request.success) return { kind: 'unreadable' };
  const { model, request_id: requestId, agent_id: agentId, parent_agent_id: parentId } = request.data;
  const subagent = subagentNamed(agentId, parentId);
  const entry = {
    usage: usageOf(request.data),
    model,
    requestId: requestId ?? derivedId(attributes),
    ...(subagent !== undefined && { subagent }),
  };
  return { kind: 'request', entry, isNamed: requestId !== undefined, account: accountOf(attributes) };
}

/**
 * Plans are those of a user within an organisation. A login by a token alone tells neither (Claude Code 2.1.330).
 */
function accountOf(attributes: OtlpRecord['attributes']): string | undefined {
  const user = attributes.get('user.account_uuid');
  if (typeof user !== 'string' || user === '') return undefined;
  return JSON.stringify([user, attributes.get('organization.id') ?? null]);
}

function usageOf(request: z.infer<typeof requestSchema>): UsageEntry['usage'] {
  const long = request.cache_creation_1h_tokens ?? 0;
  // What is not said to be kept for an hour is kept for five minutes, which is the API's default.
  const short = Math.max(request.cache_creation_5m_tokens ?? 0, request.cache_creation_tokens - long);
  return {
    inputTokens: request.input_tokens,
    cacheCreation5mTokens: short,
    cacheCreation1hTokens: long,
    cacheReadTokens: request.cache_read_tokens,
    outputTokens: request.output_tokens,
  };
}

/**
 * Names a request that the upstream gave no id: by the event's own place in its session, which is the same however
 * often the record is sent. The number alone is not enough, as it starts anew when a session is resumed.
 */
function derivedId(attributes: OtlpRecord['attributes']): string {
  const place = ['session.id', 'prompt.id', 'event.sequence', 'event.timestamp'].map((name) => attributes.get(name));
  return `telemetry-${hash('sha256', JSON.stringify(place), 'base64url').slice(0, 22)}`;
}
