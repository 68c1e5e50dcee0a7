import * as z from 'zod';
import type { BatchedMessage } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import { listHeaderValue } from '../loopback/headerValue.ts';
import { withinTime } from '../core/withinTime.ts';
import { createContentDecoder } from './contentDecoder.ts';
import { plainPath } from './quotaUse.ts';
import { UsageTally } from './usageTally.ts';

const NEWLINE = 0x0a;
/** The longest result that is read, in bytes; the longest answers of models are a tenth of it. */
const longestLine = 8 * 1024 * 1024;

/** The longest time that an answer waits until what it has told is booked, in milliseconds: a ledger may be busy. */
const patienceMs = 1000;

/** Source: API documentation, "Batch processing" › "Retrieve batch results"; only messages that succeeded are charged. */
const resultSchema = z.object({
  result: z.object({
    type: z.literal('succeeded'),
    message: z.object({
      id: z.string().min(1).max(100),
      model: z.string().max(100).optional().catch(undefined),
      usage: z.unknown(),
    }),
  }),
});

/** Whether a request reads the results of a message batch. @param path as sent upstream, query allowed. */
export function readsBatchResults(method: string, path: string): boolean {
  return method === 'GET' && /\/v1\/messages\/batches\/[^/]+\/results\/?$/i.test(plainPath(path));
}

/**
 * Reads what the messages of a batch have used while its results, a JSON object a line, pass cut anywhere. It alters none
 * of their bytes, keeps no more than a line and never throws.
 */
export class BatchResults {
  readonly #clock: Clock;
  readonly #book: (messages: readonly BatchedMessage[]) => Promise<unknown> | undefined;
  readonly #decoder: ReturnType<typeof createContentDecoder>;
  #booked: Promise<unknown> | undefined;
  #begun: Buffer[] = [];
  #begunBytes = 0;

  /**
   * @param rawHeaders of the answer: alternating names and values.
   * @param book is given the messages of the lines that a piece of the answer has ended.
   */
  constructor(
    rawHeaders: readonly string[],
    clock: Clock,
    book: (messages: readonly BatchedMessage[]) => Promise<unknown> | undefined,
  ) {
    this.#clock = clock;
    this.#book = book;
    this.#decoder = createContentDecoder(listHeaderValue(rawHeaders, 'content-encoding'), (data) => {
      this.#take(data);
    });
  }

  /** @returns resolves when it makes sense to push more, and never rejects; undefined where that is so already. */
  push(chunk: Buffer): Promise<void> | undefined {
    const decoded = this.#decoder?.write(chunk);
    return decoded === undefined && this.#booked === undefined ? undefined : this.#digest(decoded);
  }

  /** The body is over, whole or cut. Resolves when all that came is read. */
  async end(): Promise<void> {
    await this.#decoder?.end();
    this.#tell([this.#line(Buffer.alloc(0))]);
  }

  async #digest(decoded: Promise<void> | undefined): Promise<void> {
    await decoded;
    const booked = this.#booked;
    this.#booked = undefined;
    if (booked !== undefined) await withinTime(this.#clock, patienceMs, booked);
  }

  #take(data: Buffer): void {
    const lines: (string | undefined)[] = [];
    let from = 0;
    for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, from)) {
      lines.push(this.#line(data.subarray(from, end)));
      from = end + 1;
    }
    this.#begunBytes += data.length - from;
    if (this.#begunBytes > longestLine) this.#begun = [];
    else if (from < data.length) this.#begun.push(data.subarray(from));
    this.#tell(lines);
  }

  /** @param rest of the line that has begun before. @returns undefined for one that is too long. */
  #line(rest: Buffer): string | undefined {
    const isKept = this.#begunBytes + rest.length <= longestLine;
    const text = isKept ? Buffer.concat([...this.#begun, rest]).toString('utf8') : undefined;
    this.#begun = [];
    this.#begunBytes = 0;
    return text;
  }

  #tell(lines: readonly (string | undefined)[]): void {
    const messages = lines.map(messageOf).filter((message) => message !== undefined);
    if (messages.length > 0) this.#booked = Promise.all([this.#booked, this.#book(messages)]);
  }
}

function messageOf(line: string | undefined): BatchedMessage | undefined {
  if (line === undefined || line.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const message = resultSchema.safeParse(value).data?.result.message;
  if (message === undefined) return undefined;
  const tally = new UsageTally();
  tally.take(message.usage);
  return tally.usage && { messageId: message.id, model: message.model, usage: tally.usage };
}
