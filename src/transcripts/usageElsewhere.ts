import type { BookedRequests } from '../core/bookedRequests.ts';
import type { Clock } from '../core/clock.ts';
import type { ElsewhereSum } from '../core/elsewhereSum.ts';
import type { Logger } from '../core/logger.ts';
import type { Transcripts } from '../core/usageReports.ts';
import { withinTime } from '../core/withinTime.ts';
import type { TranscriptState } from '../shared/usageHistory.ts';
import type { ImportProgress, ImportSummary } from './importTranscripts.ts';
import type { TranscriptHistory } from './transcriptHistory.ts';
import type { UsagePart } from './transcriptUsage.ts';

/** How long an answer waits for what is new in the files, in milliseconds: what takes longer is in the next answer. */
const patienceMs = 500;
/** Between two looks at the files, in milliseconds. */
const lookEveryMs = 5000;
/** Each failure after another doubles that, up to so long. */
const mostPauseMs = 5 * 60_000;
/** What an answer took to put together is a twentieth of the time at most: until then it is given again. */
const restFactor = 20;

/** What it works with. */
export interface UsageElsewhereParts {
  /** Whether nothing has been read and kept yet. */
  readonly isNew: () => boolean;
  /** Opened when it is wanted, and after a failure. @throws where no thread can be had. */
  readonly open: () => Pick<TranscriptHistory, 'update' | 'usage' | 'close'>;
  readonly configDirectories: () => readonly string[];
  readonly booked: BookedRequests;
  /** Told while files are read: 0 to 1, and undefined when it is over. @param first whether nothing had been read before. */
  readonly progress: (share: number | undefined, first: boolean) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What is younger than this may be under quota and not in the ledger yet, in milliseconds: Claude Code writes a message down
 * before its telemetry tells of it.
 */
const settledMs = 30_000;

type OpenHistory = ReturnType<UsageElsewhereParts['open']>;

interface Answer {
  readonly from: number;
  readonly until: number;
  readonly sums: readonly ElsewhereSum[];
}

/** What was used without Agent Quota, by Claude Code's transcripts; kept up to date when it is asked for. */
export class UsageElsewhere implements Transcripts {
  readonly #parts: UsageElsewhereParts;
  #history: OpenHistory | undefined;
  #state: TranscriptState = { kind: 'off' };
  #updating: { readonly over: Promise<void>; readonly giveUp: AbortController } | undefined;
  #lookedAt = -Infinity;
  #isFirst = false;
  /** One after another. */
  #failures = 0;
  /** Counts how often reading was ended. */
  #openings = 0;
  /** By the length of their steps. */
  readonly #answers = new Map<number | undefined, Answer>();

  constructor(parts: UsageElsewhereParts) {
    this.#parts = parts;
  }

  get state(): TranscriptState {
    return this.#state;
  }

  /** Whether transcripts may be read. When they may, it begins at once. */
  async allow(allowed: boolean): Promise<void> {
    if (allowed === (this.#state.kind !== 'off')) return;
    if (!allowed) {
      this.#state = { kind: 'off' };
      await this.close();
      return;
    }
    this.#state = { kind: 'reading', share: 0 };
    // One that was ended may not have come to its end yet.
    await this.#updating?.over;
    if (!this.#isOff) this.#update();
  }

  /** Gives up reading for now; what was read stays, and the next answer goes on without a word. */
  giveUp(): void {
    this.#isFirst = false;
    this.#updating?.giveUp.abort();
  }

  async sums(from: number, stepMs?: number): Promise<readonly ElsewhereSum[]> {
    if (this.#state.kind === 'off') return [];
    const { clock } = this.#parts;
    this.#update();
    const known = this.#answers.get(stepMs);
    const sumsSince = (sums: readonly ElsewhereSum[]): readonly ElsewhereSum[] => sums.filter(({ at }) => at >= from);
    if (known !== undefined && known.from <= from && clock.now() < known.until) return sumsSince(known.sums);
    if (this.#updating !== undefined) await withinTime(clock, patienceMs, this.#updating.over);
    const history = this.#history;
    // While the thread reads files it does not answer.
    if (this.#isReading || history === undefined) return sumsSince(known?.sums ?? []);
    try {
      return await this.#ask(history, from, stepMs);
    } catch (error) {
      this.#failed(error, history);
      return sumsSince(known?.sums ?? []);
    }
  }

  /** Ends reading, and the thread. */
  async close(): Promise<void> {
    this.giveUp();
    const history = this.#history;
    this.#history = undefined;
    // Who allows it again wants it at once.
    this.#openings += 1;
    this.#lookedAt = -Infinity;
    this.#failures = 0;
    this.#answers.clear();
    await history?.close();
  }

  get #isOff(): boolean {
    return this.#state.kind === 'off';
  }

  get #pauseMs(): number {
    return Math.min(mostPauseMs, lookEveryMs * 2 ** Math.max(0, this.#failures - 1));
  }

  get #isReading(): boolean {
    return this.#updating !== undefined;
  }

  async #ask(history: OpenHistory, from: number, stepMs: number | undefined): Promise<readonly ElsewhereSum[]> {
    const { clock, booked } = this.#parts;
    const begun = clock.now();
    const question = { from, to: begun - settledMs, booked, ...(stepMs !== undefined && { stepMs }) };
    const parts = await history.usage(question);
    this.#failures = 0;
    const sums = parts.map(sumOf);
    const now = clock.now();
    this.#answers.set(stepMs, { from, until: now + restFactor * (now - begun), sums });
    return sums;
  }

  /** Looks for what is new in the files, unless it has just done so. */
  #update(): void {
    const { clock } = this.#parts;
    const now = clock.now();
    if (this.#updating !== undefined || Math.abs(now - this.#lookedAt) < this.#pauseMs) return;
    const giveUp = new AbortController();
    const openings = this.#openings;
    const over = this.#read(giveUp.signal)
      .catch((error: unknown) => {
        // None could be opened.
        this.#failed(error, undefined);
      })
      .finally(() => {
        this.#updating = undefined;
        if (openings === this.#openings) this.#lookedAt = clock.now();
      });
    this.#updating = { over, giveUp };
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { open, isNew, configDirectories, progress, clock } = this.#parts;
    if (this.#history === undefined) this.#isFirst = isNew();
    const history = (this.#history ??= open());
    const first = this.#isFirst;
    const shown = { told: false };
    const progressed = ({ bytes, bytesRead }: ImportProgress): void => {
      if (history !== this.#history) return;
      const share = bytes === 0 ? 1 : bytesRead / bytes;
      if (this.#state.kind !== 'read') this.#state = { kind: 'reading', share };
      shown.told = true;
      progress(share, first);
    };
    let summary: ImportSummary | undefined;
    try {
      summary = await history.update({ configDirectories: configDirectories(), signal, progress: progressed });
    } catch (error) {
      this.#failed(error, history);
    } finally {
      if (shown.told) progress(undefined, first);
    }
    if (summary === undefined || history !== this.#history) return;
    this.#isFirst = false;
    this.#state = { kind: 'read', at: clock.now(), files: summary.files, unreadableFiles: summary.unreadable };
  }

  /** What has failed may go on failing, such as a thread that has ended: a later look opens another one. */
  #failed(error: unknown, history: OpenHistory | undefined): void {
    if (this.#state.kind === 'off' || history !== this.#history) return;
    this.#history = undefined;
    history?.close().catch(() => undefined);
    this.#failures += 1;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#state.kind !== 'failed' || this.#state.reason !== reason)
      this.#parts.logger.warn(`Claude Code's transcripts cannot be read (${reason}).`);
    this.#state = { kind: 'failed', reason };
  }
}

function sumOf({ at, day, project, sessionId, model, isLong, isFast, requests, usage }: UsagePart): ElsewhereSum {
  return { at: at ?? dayStart(day), project, sessionId, model, isLong, isFast, requests, usage };
}

/** @param day `YYYY-MM-DD` of the local clock. */
function dayStart(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date).getTime();
}
