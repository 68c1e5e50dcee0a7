import * as z from 'zod';
import type { BatchedMessage } from '../core/admission.ts';
import { headerValue } from '../loopback/headerValue.ts';
import { createContentDecoder } from './contentDecoder.ts';
import { UsageTally } from './usageTally.ts';

const NEWLINE = 0x0a;
/** The longest result that is read, in bytes; the longest answers of models are a tenth of it. */
const longestLine = 8 * 1024 * 1024;

/** Source: API documentation, "Batch processing" › "Retrieve batch results"; only messages that succeeded are charged. */
const resultSchema = z.object({
  result: z.object({
    type: z.literal('succeeded'),
    message: z.object({
      id: z.string().min(1).max(200),
      model: z.string().max(200).optional().catch(undefined),
      usage: z.unknown(),
    }),
  }),
});

/** Whether a request reads the results of a message batch. @param path as sent upstream, query allowed. */
export function readsBatchResults(method: string, path: string): boolean {
  return method === 'GET' && /^[^?]*\/v1\/messages\/batches\/[^/?]+\/results\/?(?:\?|$)/.test(path);
}

/**
 * Reads what the messages of a batch have used while its results, a JSON object a line, pass cut anywhere. It alters none
 * of their bytes, keeps no more than a line and never throws.
 */
export class BatchResults {
  readonly #onMessages: (messages: readonly BatchedMessage[]) => void;
  readonly #decoder: ReturnType<typeof createContentDecoder>;
  #begun: Buffer[] = [];
  #begunBytes = 0;

  /**
   * @param rawHeaders of the answer: alternating names and values.
   * @param onMessages is given the messages of the lines that a piece of the answer has ended.
   */
  constructor(rawHeaders: readonly string[], onMessages: (messages: readonly BatchedMessage[]) => void) {
    this.#onMessages = onMessages;
    this.#decoder = createContentDecoder(headerValue(rawHeaders, 'content-encoding'), (data) => {
      this.#take(data);
    });
  }

  push(chunk: Buffer): void {
    this.#decoder?.write(chunk);
  }

  /** The body is over, whole or cut. Resolves when all that came is read. */
  async end(): Promise<void> {
    await this.#decoder?.end();
    this.#tell([this.#line(Buffer.alloc(0))]);
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
    if (messages.length > 0) this.#onMessages(messages);
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
