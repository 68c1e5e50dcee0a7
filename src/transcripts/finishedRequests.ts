import type { TranscriptEntry } from './transcriptEntry.ts';
import type { FollowedUsage } from './transcriptFollower.ts';

/** A request of which its transcript has said all. */
export interface FinishedRequest {
  readonly entry: TranscriptEntry;
  /** Of the transcript that it is in. */
  readonly path: string;
}

interface OpenRequest extends FinishedRequest {
  readonly heardAt: number;
}

/** A block of an answer takes minutes at most; what says nothing for so long was cut, in milliseconds. */
const quietMs = 5 * 60_000;

/**
 * Tells when a request has used what its transcript says. Claude Code may write a line for each block of an answer
 * while that still comes, with what was used until then: what counts is the line that says why the model stopped, else
 * the one after which its agent wrote of another request, its turn was over, or nothing came for long.
 */
export class FinishedRequests {
  readonly #onFinished: (request: FinishedRequest) => void;
  /** The last request of each agent, while it may go on. */
  readonly #open = new Map<string, OpenRequest>();

  /** @param onFinished is given each request, and again only if it said more although it was finished. */
  constructor(onFinished: (request: FinishedRequest) => void) {
    this.#onFinished = onFinished;
  }

  /** @param now milliseconds since the epoch. */
  take({ entry, path }: FollowedUsage, now: number): void {
    const agent = `${path}\n${entry.agentId ?? ''}`;
    const before = this.#open.get(agent);
    this.#open.delete(agent);
    if (before !== undefined && !isSameRequest(before.entry, entry)) this.#onFinished(before);
    if (entry.isWhole) this.#onFinished({ entry, path });
    else this.#open.set(agent, { entry, path, heardAt: now });
  }

  /** What said nothing for long is finished. */
  look(now: number): void {
    for (const [agent, request] of this.#open) {
      if (now - request.heardAt < quietMs) continue;
      this.#open.delete(agent);
      this.#onFinished(request);
    }
  }

  /** The turn or the session is over: nothing goes on. */
  finish(): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const request of open) this.#onFinished(request);
  }
}

function isSameRequest(one: TranscriptEntry, other: TranscriptEntry): boolean {
  return one.messageId !== undefined && one.messageId === other.messageId && one.requestId === other.requestId;
}
