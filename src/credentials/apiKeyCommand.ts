import type { Clock } from '../core/clock.ts';
import type { CommandKey, Problem } from '../core/credentials.ts';
import { keySources } from '../core/keySources.ts';
import type { KeyCommandOutcome } from './keyCommandRun.ts';

/** What the user has set. */
export interface KeyCommandSetting {
  /** What the shell runs; empty for no command. */
  readonly line: string;
  /** How long a key is used before it is asked for again, in milliseconds. */
  readonly refreshMs: number;
}

/** What a command for keys works with. */
export interface ApiKeyCommandParts {
  readonly clock: Clock;
  /** Runs a command line; never rejects. @param secrets what no error may repeat. */
  readonly run: (line: string, secrets: readonly string[], signal: AbortSignal) => Promise<KeyCommandOutcome>;
}

/** What was found last, and when. */
interface Found {
  readonly key: string | undefined;
  readonly problem: Problem | undefined;
  readonly at: number;
}

/** The least between two runs, in milliseconds: each may ask the user for a password. */
const leastIntervalMs = 10_000;

/**
 * The user's key as a command of theirs prints it. It is kept in memory, and asked for again when its time is over, when
 * the upstream rejects it, and where there is none when it is wanted. While a new one cannot be had the last one stays.
 */
export class ApiKeyCommand {
  readonly #parts: ApiKeyCommandParts;
  readonly #listeners = new Set<() => void>();
  #setting: KeyCommandSetting = { line: '', refreshMs: 0 };
  #found: Found | undefined;
  #running: { readonly abort: AbortController; readonly over: Promise<void> } | undefined;
  #cancelTimer: () => void = () => undefined;
  /** Runs in a row that have given no key. */
  #failures = 0;
  #isDisposed = false;

  constructor(parts: ApiKeyCommandParts) {
    this.#parts = parts;
  }

  /** Takes in the setting. The key of another command is forgotten, and its run ended. */
  follow(setting: KeyCommandSetting): void {
    const { line, refreshMs } = this.#setting;
    this.#setting = setting;
    if (setting.line !== line) {
      this.#stop();
      this.#found = undefined;
      this.#failures = 0;
    } else if (setting.refreshMs !== refreshMs && this.#found !== undefined && this.#running === undefined) {
      this.#refreshAfter(setting.refreshMs);
    }
  }

  /** What the command gave, once it has been run. @returns undefined while none is set. */
  async current(): Promise<CommandKey | undefined> {
    for (;;) {
      const { line } = this.#setting;
      if (line === '' || this.#isDisposed) return undefined;
      const found = this.#found;
      if (found !== undefined && (found.key !== undefined || this.#msUntilNext(found) > 0)) {
        return { line, key: found.key, problem: found.problem };
      }
      await this.#run();
    }
  }

  /**
   * The upstream has rejected the key, or an agent asks while there is none: asks for another, at once or as soon as it
   * may be asked for again. That is later after each run that has given none: it may ask the user for a password.
   */
  wanted(): void {
    const found = this.#found;
    if (found === undefined || this.#running !== undefined) return;
    const { refreshMs } = this.#setting;
    const intervalMs = leastIntervalMs * 2 ** Math.max(0, this.#failures - 1);
    this.#refreshAfter(this.#msUntilNext(found, Math.min(intervalMs, Math.max(refreshMs, leastIntervalMs))));
  }

  /** Tells that there is another key than before, or another trouble. @returns a function that ends the calls. */
  onDidChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dispose(): void {
    this.#listeners.clear();
    this.#isDisposed = true;
    this.#found = undefined;
    this.#stop();
  }

  /** However the clock was set meanwhile, the wait is not longer than it is meant to be. */
  #msUntilNext({ at }: Found, intervalMs = leastIntervalMs): number {
    const wait = at + intervalMs - this.#parts.clock.now();
    return wait > intervalMs ? 0 : Math.max(0, wait);
  }

  #refreshAfter(delayMs: number): void {
    this.#cancelTimer();
    if (delayMs === 0) void this.#run();
    else this.#cancelTimer = this.#parts.clock.after(delayMs, () => void this.#run());
  }

  /** One run at a time, whoever wants it. */
  #run(): Promise<void> {
    this.#running ??= this.#start();
    return this.#running.over;
  }

  #start(): { readonly abort: AbortController; readonly over: Promise<void> } {
    this.#cancelTimer();
    const abort = new AbortController();
    const last = this.#found?.key;
    const outcome = this.#outcome(last === undefined ? [] : [last], abort.signal);
    const over = outcome.then((given) => {
      if (abort.signal.aborted) return;
      this.#running = undefined;
      this.#take(given);
    });
    return { abort, over };
  }

  /** Never rejects: else the command would not be run again. */
  async #outcome(secrets: readonly string[], signal: AbortSignal): Promise<KeyCommandOutcome> {
    try {
      return await this.#parts.run(this.#setting.line, secrets, signal);
    } catch (error) {
      // Not its message, which may repeat the command or what it printed.
      return { kind: 'failed', why: `could not be run (${error instanceof Error ? error.name : 'no reason given'})` };
    }
  }

  #take(outcome: KeyCommandOutcome): void {
    const before = this.#found;
    const key = outcome.kind === 'key' ? outcome.key : before?.key;
    const problem = outcome.kind === 'key' ? undefined : problemOf(outcome.why, key !== undefined);
    this.#found = { key, problem, at: this.#parts.clock.now() };
    this.#failures = outcome.kind === 'key' ? 0 : this.#failures + 1;
    this.#refreshAfter(Math.max(this.#setting.refreshMs, leastIntervalMs));
    // Who waits for the first one is told of it by its end.
    if (before !== undefined && (key !== before.key || problem?.message !== before.problem?.message)) {
      for (const listener of this.#listeners) listener();
    }
  }

  #stop(): void {
    this.#cancelTimer();
    this.#running?.abort.abort();
    this.#running = undefined;
  }
}

function problemOf(why: string, hasKey: boolean): Problem {
  const end = /[.!?…]$/.test(why) ? '' : '.';
  const message = `${keySources.command.replace(/^t/, 'T')} ${why}${end}`;
  const must = 'Run it in a terminal: it must print the key, and nothing else, and end with exit code 0';
  return hasKey
    ? {
        code: 'key-command-stale',
        severity: 'warning',
        message,
        nextStep: `${must}. The last key is used until then.`,
      }
    : {
        code: 'key-command-failed',
        severity: 'error',
        message,
        nextStep: `${must}; "Agent Quota: Test Authentication" runs it again.`,
      };
}
