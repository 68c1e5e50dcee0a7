import type { IncomingHttpHeaders } from 'node:http';

import type { MessageUsage } from './messageUsage.ts';
import type { ForcedFault } from './upstreamBehaviour.ts';

/** What was served to one key, or to all. Only `POST /v1/messages` counts as a request. Tokens count as they
 * are sent, those of batches when the batch is made. */
export interface ServedCount {
  /** All requests, whatever they were answered. */
  readonly requests: number;
  readonly answered429: number;
  readonly answered401: number;
  /** Requests that met a forced fault, slow answers included. */
  readonly faults: number;
  readonly inputTokens: number;
  readonly cacheCreation5mTokens: number;
  readonly cacheCreation1hTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
}

/** Counts in sum and by key; the key of requests without credentials is the empty string. */
export interface Served {
  readonly total: ServedCount;
  readonly byKey: Readonly<Record<string, ServedCount>>;
}

/** One request of any kind. It is in the log from its arrival on and is completed as it is answered. */
export interface ServedRequest {
  /** Arrival, in milliseconds of the injected clock. */
  readonly at: number;
  readonly method: string;
  /** With query and prefix, as received. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Alternating names and values in the case and order in which they were received. */
  readonly rawHeaders: readonly string[];
  readonly bodyBytes: number;
  /** Only with `keepBodies`. */
  readonly body: Buffer | undefined;
  /** The `x-api-key`, else the bearer token, else the empty string. */
  readonly key: string;
  /** Of the answer's headers; undefined before them. */
  readonly status: number | undefined;
  readonly requestId: string;
  /** What was sent of a message's usage so far. */
  readonly usage: MessageUsage | undefined;
  readonly fault: ForcedFault['kind'] | undefined;
  /** Whether the client went away before the answer was complete. */
  readonly aborted: boolean;
}

/** A log entry for the code that answers the request. */
export type ServedEntry = { -readonly [K in keyof ServedRequest]: ServedRequest[K] };

type Counts = { -readonly [K in keyof ServedCount]: ServedCount[K] };

const NO_TOKENS: MessageUsage = {
  inputTokens: 0,
  cacheCreation5mTokens: 0,
  cacheCreation1hTokens: 0,
  cacheReadTokens: 0,
  outputTokens: 0,
};

const TOKEN_KINDS = Object.keys(NO_TOKENS) as readonly (keyof MessageUsage)[];

/** The record of what the simulated upstream served, for tests to compare a ledger with. */
export class ServedLog {
  readonly #maxEntries: number;
  readonly #entries: ServedEntry[] = [];
  readonly #total = noCounts();
  readonly #byKey = new Map<string, Counts>();

  /** Whether entries are to keep their request's body. */
  readonly keepBodies: boolean;

  constructor(maxEntries: number, keepBodies: boolean) {
    this.#maxEntries = maxEntries;
    this.keepBodies = keepBodies;
  }

  /** The last requests, oldest first. */
  get requests(): readonly ServedRequest[] {
    return this.#entries.length > this.#maxEntries ? this.#entries.slice(-this.#maxEntries) : this.#entries;
  }

  add(entry: ServedEntry): void {
    this.#entries.push(entry);
    // Trimmed by the tenth, since shifting a long array for every request is slow.
    if (this.#entries.length > this.#maxEntries * 1.1 + 10) {
      this.#entries.splice(0, this.#entries.length - this.#maxEntries);
    }
  }

  count(entry: ServedRequest, what: 'requests' | 'answered429' | 'answered401' | 'faults'): void {
    for (const counts of this.#countsOf(entry)) {
      counts[what] += 1;
    }
  }

  /** Takes in the usage sent so far; cumulative, so that it may be called for every event that reports usage. */
  countUsage(entry: ServedEntry, usage: MessageUsage): void {
    const before = entry.usage ?? NO_TOKENS;
    for (const counts of this.#countsOf(entry)) {
      for (const kind of TOKEN_KINDS) {
        counts[kind] += usage[kind] - before[kind];
      }
    }
    entry.usage = usage;
  }

  /** A copy that later requests do not change. */
  served(): Served {
    return {
      total: { ...this.#total },
      byKey: Object.fromEntries([...this.#byKey].map(([key, counts]) => [key, { ...counts }])),
    };
  }

  #countsOf({ key }: ServedRequest): readonly Counts[] {
    let counts = this.#byKey.get(key);
    if (counts === undefined) {
      counts = noCounts();
      this.#byKey.set(key, counts);
    }
    return [this.#total, counts];
  }
}

function noCounts(): Counts {
  return { requests: 0, answered429: 0, answered401: 0, faults: 0, ...NO_TOKENS };
}
