import { AnthropicError } from './anthropicError.ts';
import { authenticate } from './authentication.ts';
import type { Exchange } from './exchange.ts';
import { isJsonObject, jsonObjectsOf, type JsonObject } from './jsonObject.ts';
import { parseMessageRequest } from './messageRequest.ts';
import { composeMessage, messageJson } from './simulatedMessage.ts';
import { uniqueId } from './uniqueId.ts';
import type { UpstreamState } from './upstreamState.ts';

const place = /^\/v1\/messages\/batches(?:\/([^/]+)(?:\/(results|cancel))?)?$/;

/** A batch that has ended as soon as it was made. */
export interface SimulatedBatch {
  readonly made: JsonObject;
  /** A line for each of its requests. */
  readonly results: readonly string[];
}

export function isBatchPath(pathname: string): boolean {
  return place.test(pathname);
}

/**
 * Message batches (API documentation, "Batch processing"): each of a batch's requests is answered when the batch is made,
 * and counts as served then. A request without `max_tokens` is an errored one, as upstream.
 *
 * @throws AnthropicError for the caller to send
 */
export async function answerBatches(
  exchange: Exchange,
  state: UpstreamState,
  pathname: string,
  body: Buffer,
): Promise<void> {
  authenticate(exchange.entry, state.behaviour);
  const [, id, what] = place.exec(pathname) ?? [];
  if (id === undefined) {
    if (exchange.entry.method !== 'POST') throw new AnthropicError('not_found_error', 'Not found');
    const batch = makeBatch(exchange, state, body);
    state.batches.set(String(batch.made['id']), batch);
    await exchange.sendJson(200, batch.made);
    return;
  }
  const batch = state.batches.get(id);
  if (batch === undefined) throw new AnthropicError('not_found_error', `Batch ${id} not found`);
  if (what !== 'results') {
    await exchange.sendJson(200, batch.made);
    return;
  }
  const sent = exchange.startBody(200, 'application/x-jsonl');
  try {
    for (const line of batch.results) await sent.write(`${line}\n`);
    await sent.end();
  } finally {
    sent.dispose();
  }
}

function makeBatch(exchange: Exchange, state: UpstreamState, body: Buffer): SimulatedBatch {
  const { entry } = exchange;
  const json: unknown = JSON.parse(body.toString('utf8'));
  const requests = isJsonObject(json) ? jsonObjectsOf(json['requests']) : [];
  if (requests.length === 0) throw new AnthropicError('invalid_request_error', 'requests: Field required');
  let usage = {
    inputTokens: 0,
    cacheCreation5mTokens: 0,
    cacheCreation1hTokens: 0,
    cacheReadTokens: 0,
    outputTokens: 0,
  };
  let succeeded = 0;
  const results = requests.map(({ custom_id, params }) => {
    try {
      const request = parseMessageRequest(Buffer.from(JSON.stringify(params)));
      const input = state.cache.measure(entry.key, request);
      input.remember();
      const message = composeMessage(request, state.behaviour, input.usage);
      usage = {
        inputTokens: usage.inputTokens + message.usage.inputTokens,
        cacheCreation5mTokens: usage.cacheCreation5mTokens + message.usage.cacheCreation5mTokens,
        cacheCreation1hTokens: usage.cacheCreation1hTokens + message.usage.cacheCreation1hTokens,
        cacheReadTokens: usage.cacheReadTokens + message.usage.cacheReadTokens,
        outputTokens: usage.outputTokens + message.usage.outputTokens,
      };
      succeeded += 1;
      return JSON.stringify({ custom_id, result: { type: 'succeeded', message: messageJson(message) } });
    } catch (error) {
      if (!(error instanceof AnthropicError)) throw error;
      return JSON.stringify({ custom_id, result: { type: 'errored', error: error.body(entry.requestId) } });
    }
  });
  state.log.countUsage(entry, usage);
  const id = uniqueId('msgbatch_01');
  const at = new Date(state.now()).toISOString();
  const made = {
    id,
    type: 'message_batch',
    processing_status: 'ended',
    request_counts: { processing: 0, succeeded, errored: requests.length - succeeded, canceled: 0, expired: 0 },
    created_at: at,
    ended_at: at,
    expires_at: new Date(state.now() + 24 * 3_600_000).toISOString(),
    archived_at: null,
    cancel_initiated_at: null,
    results_url: `http://${entry.headers.host ?? ''}/v1/messages/batches/${id}/results`,
  };
  return { made, results };
}
