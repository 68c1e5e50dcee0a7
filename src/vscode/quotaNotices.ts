import { commands, settings as ids } from '../contributions.ts';
import type { Clock } from '../core/clock.ts';
import type { Problem } from '../core/credentials.ts';
import { type EarlyWarning, earlyWarnings } from './earlyWarnings.ts';
import { type LimitAlarm, LimitAlarms } from './limitAlarms.ts';
import type { Notices } from './notices.ts';
import type { SettingsReader } from './settingsReader.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** A warning must hold for so long: one burst is no pace. In milliseconds. */
const steadyMs = 60_000;
/** The window that the user looks at speaks first; others give it so long. In milliseconds. */
const headStartMs = 1500;

const neverAgain = 'Don’t Show Again';

/** Takes it upon this window to tell something. @returns false when it was told before, by whichever window. */
export type Claim = (key: string, alike?: readonly string[]) => Promise<boolean>;

/** A button and what it does. */
interface Action {
  readonly label: string;
  readonly run: () => Thenable<unknown>;
}

/** Shows a warning with buttons. @returns the button that was pressed; undefined for none. */
export type ShowWarning = (text: string, ...buttons: string[]) => Thenable<string | undefined>;

/** What was begun and can be ended. */
interface Ended {
  dispose(): void;
}

/** What notifications are told with. */
export interface QuotaNoticesParts {
  readonly store: Pick<SnapshotStore, 'state'> & { onDidChange(listener: () => void): Ended };
  readonly settings: Pick<SettingsReader, 'current' | 'set'>;
  readonly notices: Pick<Notices, 'failed'>;
  readonly claim: Claim;
  readonly show: ShowWarning;
  readonly run: (command: string, ...args: readonly unknown[]) => Thenable<unknown>;
  /** Whether this window has the user's attention. */
  readonly focused: () => boolean;
  /** Asks what is to limit a subscription, if it is the time for that. @returns whether that says enough. */
  readonly askInstead: (problem: Problem) => boolean;
  readonly clock: Clock;
}

/**
 * Notifications about the quota: shares of a limit that are passed, and what is going to run out. Each is shown once in a
 * period, by one window for all.
 */
export class QuotaNotices {
  readonly #parts: QuotaNoticesParts;
  readonly #alarms = new LimitAlarms();
  readonly #subscription: Ended;
  /** Since when each early warning holds. */
  readonly #since = new Map<string, number>();
  /** What this window has said or left to another. */
  readonly #done = new Set<string>();
  readonly #timers = new Set<() => void>();

  constructor(parts: QuotaNoticesParts) {
    this.#parts = parts;
    this.#subscription = parts.store.onDidChange(() => {
      this.#look();
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const cancel of this.#timers) cancel();
  }

  #look(): void {
    const { store, settings, clock } = this.#parts;
    const { state } = store;
    if (state.kind !== 'running') return;
    const now = clock.now();
    for (const alarm of this.#alarms.take(state.snapshot, settings.current.notifyAtPercent, now)) {
      this.#say(alarm.key, alarm.alike, () => this.#tellAlarm(alarm));
    }
    if (!settings.current.earlyWarnings) return;
    const warnings = earlyWarnings(state.snapshot, now);
    const keys = new Set(warnings.map(({ key }) => key));
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
    for (const warning of warnings) {
      const since = this.#since.get(warning.key) ?? now;
      this.#since.set(warning.key, Math.min(since, now));
      if (now - since >= steadyMs) this.#say(warning.key, warning.alike, () => this.#tellEarly(warning));
    }
  }

  #say(key: string, alike: readonly string[], tell: () => Promise<void>): void {
    if (this.#done.has(key)) return;
    this.#done.add(key);
    const { clock, focused, claim, notices } = this.#parts;
    const cancel = clock.after(focused() ? 0 : headStartMs, () => {
      this.#timers.delete(cancel);
      claim(key, alike)
        .then((isOurs) => (isOurs ? tell() : undefined))
        .catch((cause: unknown) => {
          notices.failed('do what the notification offered', cause);
        });
    });
    this.#timers.add(cancel);
  }

  async #tellAlarm({ percent, dimension, text }: LimitAlarm): Promise<void> {
    const { run, settings, askInstead } = this.#parts;
    const isDay = dimension === 'tokensPerDay';
    const usedUp: Problem = { code: 'day-used-up', severity: 'warning', message: text, nextStep: '' };
    if (isDay && percent >= 100 && askInstead(usedUp)) return;
    const actions: Action[] = [{ label: 'Show Details', run: () => run(commands.showQuotaDetails) }];
    if (isDay) {
      actions.push({
        label: 'Change Limit',
        run: () => run('workbench.action.openSettings', ids.maxSubscriptionDailyTokens),
      });
    } else if (percent < 100) {
      actions.push({ label: 'Pause Agents…', run: () => run(commands.pauseSession) });
    }
    await this.#offer(text, actions, () => settings.set(ids.notifyAtPercent, []));
  }

  async #tellEarly({ text, sessionId }: EarlyWarning): Promise<void> {
    const { run, settings } = this.#parts;
    const one = sessionId !== undefined;
    const rows = one ? [sessionId] : [];
    const actions: Action[] = [
      { label: one ? 'Pause It' : 'Pause…', run: () => run(commands.pauseSession, ...rows) },
      one
        ? { label: 'Set Weight…', run: () => run(commands.setSessionWeight, ...rows) }
        : { label: 'Limit Agents', run: () => run('workbench.action.openSettings', ids.agents) },
      { label: one ? 'Release It' : 'Release…', run: () => run(commands.releaseSession, ...rows) },
    ];
    await this.#offer(text, actions, () => settings.set(ids.earlyWarnings, false));
  }

  async #offer(text: string, actions: readonly Action[], silence: () => Promise<void>): Promise<void> {
    const choice = await this.#parts.show(text, ...actions.map(({ label }) => label), neverAgain);
    if (choice === neverAgain) await silence();
    else await actions.find(({ label }) => label === choice)?.run();
  }
}
