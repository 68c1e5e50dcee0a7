import * as z from 'zod';
import type { Usage } from '../core/usage.ts';
import { createContentDecoder } from './contentDecoder.ts';
import { headerValue, listHeaderValue } from '../loopback/headerValue.ts';
import { MessageEventScanner } from './messageEventScanner.ts';
import { TopLevelJson } from './topLevelJson.ts';
import { UsageTally } from './usageTally.ts';

const eventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message_start'),
    message: z.object({ model: z.string().max(200).optional().catch(undefined), usage: z.unknown().optional() }),
  }),
  z.object({ type: z.literal('message_delta'), usage: z.unknown().optional() }),
  z.object({ type: z.literal('error'), error: z.object({ type: z.string().max(200) }) }),
]);

const jsonMembers: ReadonlySet<string> = new Set(['usage', 'model']);

interface BodyReader {
  push(chunk: Buffer): void;
  end(): void;
}

/** Reads what a message used while its bytes pass. It alters none of them, keeps few and never throws. */
export class UsageReader {
  readonly #tally = new UsageTally();
  readonly #onStart: (usage: Usage) => void;
  readonly #reader: BodyReader | undefined;
  readonly #decoder: ReturnType<typeof createContentDecoder>;
  #model: string | undefined;
  #streamError: string | undefined;

  /**
   * @param rawHeaders of the answer: alternating names and values.
   * @param onStart is given the input side as soon as a stream reports it.
   */
  constructor(rawHeaders: readonly string[], onStart: (usage: Usage) => void) {
    this.#onStart = onStart;
    this.#reader = this.#readerFor(headerValue(rawHeaders, 'content-type') ?? 'application/json');
    const reader = this.#reader;
    this.#decoder =
      reader &&
      createContentDecoder(listHeaderValue(rawHeaders, 'content-encoding'), (data) => {
        reader.push(data);
      });
  }

  /** What was reported so far. */
  get usage(): Usage | undefined {
    return this.#tally.usage;
  }

  /** The model that answers, as the upstream names it. */
  get model(): string | undefined {
    return this.#model;
  }

  /** The type of the `error` event that a stream ended with. */
  get streamError(): string | undefined {
    return this.#streamError;
  }

  push(chunk: Buffer): void {
    void this.#decoder?.write(chunk);
  }

  /** The body is over, whole or cut. Resolves when all that came is read. */
  async end(): Promise<void> {
    await this.#decoder?.end();
    this.#reader?.end();
  }

  #readerFor(contentType: string): BodyReader | undefined {
    const [type = ''] = contentType.toLowerCase().split(';', 1);
    if (type.trim() === 'text/event-stream') {
      return new MessageEventScanner((event) => {
        this.#takeEvent(event);
      });
    }
    if (!/^application\/(?:.+\+)?json$/.test(type.trim())) return undefined;
    const json = new TopLevelJson(jsonMembers, (name, value) => {
      if (name === 'usage') this.#tally.take(value);
      else if (typeof value === 'string') this.#model = value.slice(0, 200);
    });
    return {
      push: (chunk) => {
        json.push(chunk);
      },
      end: () => undefined,
    };
  }

  #takeEvent(data: unknown): void {
    const { data: event } = eventSchema.safeParse(data);
    switch (event?.type) {
      case 'message_start':
        this.#model = event.message.model;
        this.#tally.take(event.message.usage);
        if (this.#tally.usage !== undefined) this.#onStart(this.#tally.usage);
        break;
      case 'message_delta':
        this.#tally.take(event.usage);
        break;
      case 'error':
        this.#streamError = event.error.type;
        break;
      case undefined:
    }
  }
}
