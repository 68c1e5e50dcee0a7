import type { MessageRequest } from '../../test/fakes/messageRequest.ts';
import type { MessageUsage } from '../../test/fakes/messageUsage.ts';
import { composeMessage, messageEvents, messageJson } from '../../test/fakes/simulatedMessage.ts';
import { DEFAULT_BEHAVIOUR } from '../../test/fakes/upstreamBehaviour.ts';

/** What every answer reports. */
export const answeredUsage: MessageUsage = {
  inputTokens: 200,
  cacheCreation5mTokens: 2800,
  cacheCreation1hTokens: 0,
  cacheReadTokens: 12_000,
  outputTokens: 300,
};

const request: MessageRequest = {
  model: 'claude-sonnet-5',
  maxTokens: 32_000,
  stream: true,
  bodyBytes: 60_000,
  toolNames: [],
  bringsToolResult: false,
  cacheableBlocks: () => [],
};
const behaviour = { ...DEFAULT_BEHAVIOUR, outputTokens: answeredUsage.outputTokens, deltaEvents: 60 };
const message = composeMessage(request, behaviour, answeredUsage);
/** The upstream's network packets: the API sends several events in one when it writes fast. */
const eventsAtOnce = 8;

/** The body of an answer that does not stream. */
export const jsonAnswer = Buffer.from(JSON.stringify(messageJson(message)));

/** The body of a streamed answer in the pieces that leave together; the first is `message_start` alone. */
export const streamedAnswer = streamPieces();

function streamPieces(): readonly Buffer[] {
  const events = messageEvents(message, behaviour).map(
    ({ name, data }) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`,
  );
  const pieces = events.slice(0, 1);
  for (let from = 1; from < events.length; from += eventsAtOnce) {
    pieces.push(events.slice(from, from + eventsAtOnce).join(''));
  }
  return pieces.map((piece) => Buffer.from(piece));
}

/**
 * The headers that the API sends with every message, alternating names and values, with limits that nobody reaches.
 * @param number of the answer: makes its id and what remains.
 */
export function answerHeaders(number: number, now: number): string[] {
  const reset = new Date(now + 1000).toISOString();
  const headers = [
    'date',
    new Date(now).toUTCString(),
    'request-id',
    `req_011C${number.toString(36).padStart(20, '0')}`,
  ];
  for (const dimension of ['requests', 'tokens', 'input-tokens', 'output-tokens']) {
    const limit = dimension === 'requests' ? 100_000_000 : 10_000_000_000_000;
    const prefix = `anthropic-ratelimit-${dimension}`;
    headers.push(
      `${prefix}-limit`,
      `${limit}`,
      `${prefix}-remaining`,
      `${limit - (number % 1000)}`,
      `${prefix}-reset`,
      reset,
    );
  }
  headers.push('anthropic-organization-id', '00000000-0000-4000-8000-000000000001', 'server', 'cloudflare');
  headers.push(
    'cf-cache-status',
    'DYNAMIC',
    'cf-ray',
    '0000000000000000-FRA',
    'strict-transport-security',
    'max-age=31536000',
  );
  return headers;
}
