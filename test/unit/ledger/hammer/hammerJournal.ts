import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Usage } from '../../../../src/core/usage.ts';

/** What a worker says it did. `request` is its own name for one request. */
export type JournalEntry =
  | { readonly kind: 'opened' | 'ending'; readonly at: number; readonly session: string; readonly agent: string }
  | { readonly kind: 'admitted'; readonly at: number; readonly request: string; readonly agent: string }
  /** The upstream counts a part of a request against its limits. */
  | {
      readonly kind: 'counted';
      readonly at: number;
      readonly request: string;
      readonly agent: string;
      readonly model: string;
      readonly requests: number;
      readonly input: number;
      readonly output: number;
    }
  /** Before and after the ledger was told what is used so far. */
  | { readonly kind: 'metering' | 'metered'; readonly request: string; readonly session: string; readonly usage: Usage }
  /** Before and after the ledger was told that the request is over. */
  | { readonly kind: 'settling'; readonly request: string; readonly usage: Usage | undefined }
  | { readonly kind: 'settled'; readonly request: string }
  | { readonly kind: 'refused'; readonly request: string }
  /** Something that must not happen. */
  | { readonly kind: 'failed'; readonly message: string };

const ending = '.journal';

/** One life of a worker, written so that a kill loses nothing that was said. */
export class HammerJournal {
  readonly #path: string;

  constructor(directory: string, life: string) {
    this.#path = join(directory, `${life}${ending}`);
  }

  write(entry: JournalEntry): void {
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }
}

/** The journals of all lives, each in the order in which it was written, by the name of the life. */
export function readJournals(directory: string): ReadonlyMap<string, readonly JournalEntry[]> {
  const names = readdirSync(directory).filter((name) => name.endsWith(ending));
  return new Map(names.map((name) => [name.slice(0, -ending.length), entriesOf(join(directory, name))]));
}

function entriesOf(path: string): JournalEntry[] {
  // A kill may cut the last line.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JournalEntry);
}
