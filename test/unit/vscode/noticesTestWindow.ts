import assert from 'node:assert/strict';
import type { EngineSnapshot } from '../../../src/core/quotaEngine.ts';
import type { LimitStatus } from '../../../src/shared/limitStatus.ts';
import type { ToldOnce } from '../../../src/told/toldOnce.ts';
import { readSettings, type Settings } from '../../../src/vscode/settings.ts';
import type { EngineState } from '../../../src/vscode/engineState.ts';
import { QuotaNotices } from '../../../src/vscode/quotaNotices.ts';
import { ManualClock } from './manualClock.ts';
import { sampleNow, sampleSnapshot, statusOf } from './samples.ts';

/** A window that is told snapshots, and the user who reads what it shows. */
export class NoticesTestWindow {
  readonly shown: { readonly text: string; readonly buttons: readonly string[] }[] = [];
  readonly ran: unknown[][] = [];
  readonly written: [string, unknown][] = [];
  readonly clock = new ManualClock();
  focused = true;
  press: string | undefined;
  asksInstead = false;
  settings: Settings = readSettings(() => undefined).settings;
  readonly #claims = new Set<Promise<boolean>>();
  #state: EngineState = { kind: 'starting', last: undefined };
  #changed: () => void = () => undefined;

  constructor(told: ToldOnce) {
    this.clock.advance(sampleNow);
    const state = (): EngineState => this.#state;
    const settings = (): Settings => this.settings;
    new QuotaNotices({
      store: {
        get state() {
          return state();
        },
        onDidChange: (listener) => {
          this.#changed = listener;
          return { dispose: () => undefined };
        },
      },
      settings: {
        get current() {
          return settings();
        },
        set: (id, value) => {
          this.written.push([id, value]);
          return Promise.resolve();
        },
      },
      notices: { failed: (what, cause) => assert.fail(`${what}: ${String(cause)}`) },
      claim: (key, alike) => {
        const claim = told.claim(key, alike).finally(() => this.#claims.delete(claim));
        this.#claims.add(claim);
        return claim;
      },
      show: (text, ...buttons) => {
        this.shown.push({ text, buttons });
        return Promise.resolve(this.press);
      },
      run: (...command) => {
        this.ran.push(command);
        return Promise.resolve();
      },
      focused: () => this.focused,
      askInstead: () => this.asksInstead,
      clock: this.clock,
    });
  }

  get texts(): string[] {
    return this.shown.map(({ text }) => text);
  }

  /** Shows a snapshot as the store does. */
  tell(changes: Partial<EngineSnapshot>): void {
    this.#state = { kind: 'running', snapshot: sampleSnapshot(changes) };
    this.#changed();
  }

  used(percentage: number, changes: Partial<LimitStatus> = {}): void {
    this.tell({ status: statusOf({ percentage, ...changes }) });
  }

  async settled(ms = 2000): Promise<void> {
    this.clock.advance(ms);
    // Who makes a claim, and what follows from it, are further turns of the event loop.
    for (let idle = 0; idle < 3; idle = this.#claims.size > 0 ? 0 : idle + 1) {
      await Promise.all(this.#claims);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
