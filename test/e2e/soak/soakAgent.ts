import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { RandomSource } from '../../../bench/quota/randomSource.ts';
import { noUsage, type Usage } from '../../../src/core/usage.ts';
import type { SoakSession } from './soakFunctions.ts';

/** What an agent does with one request. */
const doings = ['json', 'stream', 'slow reader', 'abort while waiting', 'abort in answer', 'count_tokens'] as const;
export type Doing = (typeof doings)[number];

/** How often each is done, of a hundred. */
const shares: Readonly<Record<Doing, number>> = {
  json: 30,
  stream: 38,
  'slow reader': 6,
  'abort while waiting': 4,
  'abort in answer': 10,
  count_tokens: 12,
};

/** What a client has seen of one request. */
export interface Seen {
  readonly doing: Doing;
  /** Undefined when no headers came. */
  readonly status: number | undefined;
  /** The upstream's id, as the gateway passed it on. */
  readonly requestId: string | undefined;
  /** As far as the answer got. */
  readonly usage: Usage;
  /** Whether the answer came to its end. */
  readonly whole: boolean;
}

const models = ['claude-opus-5-5', 'claude-haiku-4-5'] as const;

export function pickDoing(random: RandomSource): Doing {
  let left = random.between(0, 100);
  return doings.find((doing) => (left -= shares[doing]) < 0) ?? 'json';
}

/** Makes one request and does with it what it says. Never rejects for what the gateway or upstream does. */
export async function doRequest(
  session: SoakSession,
  doing: Doing,
  connections: Agent,
  random: RandomSource,
): Promise<Seen> {
  const body = JSON.stringify({
    model: models[Math.floor(random.between(0, models.length))],
    max_tokens: 512,
    stream: doing !== 'json' && doing !== 'count_tokens',
    messages: [{ role: 'user', content: 'x'.repeat(Math.ceil(random.logNormal(1500, 1))) }],
  });
  const request = httpRequest(`${session.url}/v1/messages${doing === 'count_tokens' ? '/count_tokens' : ''}`, {
    method: 'POST',
    agent: connections,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'anthropic-version': '2023-06-01',
      'x-api-key': session.token,
    },
  });
  const answered = new Promise<IncomingMessage | undefined>((resolve) => {
    request.once('response', resolve);
    request.on('error', () => {
      resolve(undefined);
    });
  });
  request.end(body);
  if (doing === 'abort while waiting') void wait(random.between(0, 30)).then(() => request.destroy());
  const response = await answered;
  if (response === undefined) {
    return { doing, status: undefined, requestId: undefined, usage: noUsage, whole: false };
  }
  const requestId = response.headers['request-id'];
  const text = await readAnswer(response, doing, random);
  return {
    doing,
    status: response.statusCode,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    usage: doing === 'count_tokens' ? noUsage : usageIn(text),
    whole: response.complete,
  };
}

async function readAnswer(response: IncomingMessage, doing: Doing, random: RandomSource): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  try {
    if (doing === 'slow reader') await wait(random.between(200, 2000));
    for await (const chunk of response) {
      text += String(chunk);
      if (doing === 'slow reader') await wait(20);
      if (doing === 'abort in answer') response.destroy();
    }
  } catch {
    // It was cut, by us or by others.
  }
  return text;
}

const counts = {
  inputTokens: /"input_tokens":(\d+)/,
  cacheCreation5mTokens: /"ephemeral_5m_input_tokens":(\d+)/,
  cacheCreation1hTokens: /"ephemeral_1h_input_tokens":(\d+)/,
  cacheReadTokens: /"cache_read_input_tokens":(\d+)/,
} as const;

/** Read by other means than the gateway's: the first count of each kind, and of the cumulative output the last. */
function usageIn(text: string): Usage {
  const first = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    inputTokens: first(counts.inputTokens),
    cacheCreation5mTokens: first(counts.cacheCreation5mTokens),
    cacheCreation1hTokens: first(counts.cacheCreation1hTokens),
    cacheReadTokens: first(counts.cacheReadTokens),
    outputTokens: Number([...text.matchAll(/"output_tokens":(\d+)/g)].at(-1)?.[1] ?? 0),
  };
}
