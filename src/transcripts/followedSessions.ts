import path from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Logger } from '../core/logger.ts';
import { rerun } from '../core/rerun.ts';
import type { LiveSession } from '../core/session.ts';
import { TranscriptBooks, type TranscriptBooksParts } from './transcriptBooks.ts';

/** What sessions are followed with. */
export interface FollowedSessionsParts extends Pick<TranscriptBooksParts, 'book' | 'pollMs'> {
  readonly ledger: Pick<Ledger, 'liveSessions' | 'noteTranscript'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often is looked who has ended and what is due, in milliseconds. */
const roundMs = 1000;
/** The last lines of a turn are written about when its end is told, in milliseconds. */
const lastLinesMs = 500;

/**
 * Books what transcripts of observed sessions say: of those whose agents report in no other way as it is written, and
 * of the others what has not come otherwise, such as what was used while no engine was there. Other engines may do the
 * same at the same time; each request is booked once, by its id.
 */
export class FollowedSessions {
  readonly #parts: FollowedSessionsParts;
  readonly #followed = new Map<string, TranscriptBooks>();
  readonly #round: () => void;
  #cancel: (() => void) | undefined;
  #disposed = false;

  constructor(parts: FollowedSessionsParts) {
    this.#parts = parts;
    this.#round = rerun(
      () => this.#lookAfterAll(),
      (error) => {
        if (!this.#disposed) parts.logger.error('What transcripts say could not be booked; it is tried again.', error);
      },
    );
  }

  /** Follows the sessions that were there before this engine, from where they began. */
  async rejoin(): Promise<void> {
    for (const session of await this.#parts.ledger.liveSessions()) {
      for (const transcript of session.transcripts ?? []) this.#follow(session, transcript);
    }
  }

  /** An agent has named its transcript; may be told again and again. @param transcript its path, unchecked. */
  async seen(session: LiveSession, transcript: string): Promise<void> {
    if (!isTranscriptPath(transcript)) return;
    this.#follow(session, transcript);
    if (session.transcripts?.includes(transcript) === true) return;
    await this.#parts.ledger.noteTranscript(session.sessionId, transcript);
  }

  /** A session's turn is over. */
  turnOver(sessionId: string): void {
    this.#parts.clock.after(lastLinesMs, () => {
      if (this.#disposed) return;
      this.#followed.get(sessionId)?.turnOver();
      this.#round();
    });
  }

  dispose(): void {
    this.#disposed = true;
    this.#cancel?.();
    for (const books of this.#followed.values()) books.dispose();
    this.#followed.clear();
  }

  #follow(session: LiveSession, transcript: string): void {
    if (this.#disposed || session.mode !== 'observed') return;
    const { book, clock, logger, pollMs } = this.#parts;
    const { sessionId, createdAt, observedBy } = session;
    let books = this.#followed.get(sessionId);
    if (books === undefined) {
      const options = pollMs === undefined ? {} : { pollMs };
      const now = clock.now.bind(clock);
      books = new TranscriptBooks({ sessionId, since: createdAt, book, now, logger, ...options }, observedBy);
      this.#followed.set(sessionId, books);
      this.#schedule();
    }
    books.follow(transcript);
  }

  #schedule(): void {
    if (this.#disposed || this.#cancel !== undefined) return;
    this.#cancel = this.#parts.clock.after(roundMs, () => {
      this.#cancel = undefined;
      this.#round();
    });
  }

  async #lookAfterAll(): Promise<void> {
    try {
      const sessions = await this.#parts.ledger.liveSessions();
      const live = new Map(sessions.map((session) => [session.sessionId, session]));
      for (const [sessionId, books] of this.#followed) {
        const session = live.get(sessionId);
        if (session === undefined) {
          await books.end();
          this.#followed.delete(sessionId);
        } else {
          books.by = session.observedBy;
          books.telemetryIsUnnamed = session.heard?.unnamed !== undefined;
          await books.bookDue();
        }
      }
    } finally {
      if (this.#followed.size > 0) this.#schedule();
    }
  }
}

/** What an agent says is read only where it can be a transcript on this machine. */
function isTranscriptPath(transcript: string): boolean {
  const isElsewhere = /^[\\/]{2}/.test(transcript);
  return path.isAbsolute(transcript) && !isElsewhere && transcript.endsWith('.jsonl');
}
