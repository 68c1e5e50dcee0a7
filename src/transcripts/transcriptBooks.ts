import type { UsageEntry } from '../core/ledger.ts';
import type { Logger } from '../core/logger.ts';
import type { ObservedBy } from '../core/session.ts';
import { FinishedRequests } from './finishedRequests.ts';
import { SubagentParents } from './subagentParents.ts';
import { TranscriptFollower } from './transcriptFollower.ts';
import { hasRequestId, requestOf, type TranscriptRequest } from './transcriptRequest.ts';

/** What is wanted of one session's transcripts. */
export interface TranscriptBooksParts {
  readonly sessionId: string;
  /** What was written before is not the session's, in milliseconds since the epoch. */
  readonly since: number;
  /** Once per request id; rejects when it cannot be booked now. */
  readonly book: (sessionId: string, entry: UsageEntry) => Promise<boolean>;
  readonly now: () => number;
  readonly logger: Logger;
  /** How often files are looked at although nothing was heard of them, in milliseconds. */
  readonly pollMs?: number;
}

/**
 * An agent that reports by itself has so long to do it until its transcripts speak for it, in milliseconds: Claude Code
 * sends telemetry that nobody took in again for a while.
 */
const telemetryFirstMs = 30_000;

interface DueRequest {
  readonly request: TranscriptRequest;
  readonly dueAt: number;
}

/** What one session's transcripts say, on its way to the ledger. */
export class TranscriptBooks {
  /** How the agent is observed; undefined counts as by telemetry. */
  by: ObservedBy | undefined;
  /** Whether telemetry has told of requests without their ids: then nothing else may, or they would count twice. */
  telemetryIsUnnamed = false;
  readonly #parts: TranscriptBooksParts;
  readonly #followers = new Map<string, TranscriptFollower>();
  readonly #finished: FinishedRequests;
  readonly #parents = new SubagentParents();
  #due: DueRequest[] = [];
  #hasFailed = false;

  constructor(parts: TranscriptBooksParts, by: ObservedBy | undefined) {
    this.#parts = parts;
    this.by = by;
    this.#finished = new FinishedRequests(({ entry, path }) => {
      const isAlone = this.by === 'transcripts';
      // Without an id nobody can tell whether telemetry has told of it.
      if (!isAlone && (this.telemetryIsUnnamed || !hasRequestId(entry))) return;
      const request = requestOf(entry, entry.agentId === undefined ? undefined : this.#parents.of(path));
      const dueAt = parts.now() + (isAlone ? 0 : telemetryFirstMs);
      if (request !== undefined) this.#due.push({ request, dueAt });
    });
  }

  /** Follows one more transcript of the session; harmless for one that is followed. */
  follow(path: string): void {
    if (this.#followers.has(path)) return;
    const { since, now, logger, pollMs } = this.#parts;
    const follower = new TranscriptFollower(
      { transcriptPath: path },
      (usage) => {
        this.#finished.take(usage, now());
      },
      {
        since,
        failed: (cause) => {
          if (!this.#hasFailed) logger.warn(`A transcript cannot be read now; it is tried again: ${String(cause)}`);
          this.#hasFailed = true;
        },
        ...(pollMs !== undefined && { pollMs }),
      },
    );
    this.#followers.set(path, follower);
  }

  /** Reads all that is written by now. */
  look(): void {
    for (const follower of this.#followers.values()) follower.look();
  }

  /** A turn is over: all that was asked in it is written. */
  turnOver(): void {
    this.look();
    this.#finished.finish();
  }

  /** Books what is due. @throws the ledger's error; what is not booked by then is due the next time. */
  async bookDue(): Promise<void> {
    this.#finished.look(this.#parts.now());
    await this.#book((dueAt) => dueAt <= this.#parts.now());
  }

  /** Takes a last look and books all that it finds. @throws likewise; may be called again. */
  async end(): Promise<void> {
    for (const follower of this.#followers.values()) follower.close();
    this.#finished.finish();
    await this.#book(() => true);
  }

  /** Lets go of the files. What is not booked yet is found again by another engine. */
  dispose(): void {
    for (const follower of this.#followers.values()) follower.dispose();
  }

  async #book(isDue: (dueAt: number) => boolean): Promise<void> {
    const { book, sessionId } = this.#parts;
    if (this.telemetryIsUnnamed && this.by !== 'transcripts') this.#due = [];
    const taken = this.#due.filter(({ dueAt }) => isDue(dueAt));
    this.#due = this.#due.filter(({ dueAt }) => !isDue(dueAt));
    while (taken.length > 0) {
      const [next] = taken;
      try {
        if (next !== undefined) await book(sessionId, next.request);
        taken.shift();
      } catch (error) {
        this.#due.unshift(...taken);
        throw error;
      }
    }
  }
}
