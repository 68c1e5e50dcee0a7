import type * as vscode from 'vscode';
import { settings as ids } from '../contributions.ts';
import type { Problem } from '../core/credentials.ts';
import { maxSubscriptionDefaults, type Plan } from '../core/plan.ts';
import type { Notices } from './notices.ts';
import type { Claim } from './quotaNotices.ts';
import type { SettingsReader } from './settingsReader.ts';

/** The problem that it is about. */
const dayUsedUp = 'day-used-up';
/** In the extension's global state: the question has been asked, in whichever window. */
const askedKey = 'dailyTokensAsked';
const largerNumber = 200_000;

const formatted = (count: number): string => count.toLocaleString('en-US');
const choices = {
  larger: `Use ${formatted(largerNumber)}`,
  reported: 'Follow Anthropic',
  keep: `Keep ${formatted(maxSubscriptionDefaults.dailyTokens)}`,
} as const;

const text =
  `The ${formatted(maxSubscriptionDefaults.dailyTokens)} tokens a day that Agent Quota starts with are used up: ` +
  "Claude Code's first request alone takes some 12,000. What is to limit your agents: another number a day, or what " +
  'Anthropic reports of your subscription?';

/** Shows a message with buttons. @returns the button that was chosen; undefined for none. */
export type AskUser = (text: string, ...buttons: string[]) => Thenable<string | undefined>;

/**
 * Asks, once ever, what is to limit a subscription, the first time that the daily tokens which nobody has chosen keep
 * an agent from working.
 */
export class DailyTokensQuestion {
  readonly #asked: Pick<vscode.Memento, 'get' | 'update'>;
  readonly #settings: Pick<SettingsReader, 'isSet' | 'set'>;
  readonly #plan: () => Plan | undefined;
  readonly #notices: Pick<Notices, 'failed' | 'answerWith'>;
  readonly #ask: AskUser;
  readonly #claim: Claim;
  #open = false;

  /**
   * @param asked where it is kept that the question has been asked.
   * @param plan the plan that holds now.
   * @param claim takes the asking upon this window.
   */
  constructor(
    asked: Pick<vscode.Memento, 'get' | 'update'>,
    settings: Pick<SettingsReader, 'isSet' | 'set'>,
    plan: () => Plan | undefined,
    notices: Pick<Notices, 'failed' | 'answerWith'>,
    ask: AskUser,
    claim: Claim,
  ) {
    this.#asked = asked;
    this.#settings = settings;
    this.#plan = plan;
    this.#notices = notices;
    this.#ask = ask;
    this.#claim = claim;
    notices.answerWith(dayUsedUp, (problem) => this.consider(problem));
  }

  /** Asks if this is the problem and the time for it. @returns whether the question is before the user now. */
  consider(problem: Problem): boolean {
    if (problem.code !== dayUsedUp) return false;
    if (this.#open) return true;
    if (this.#plan()?.kind !== 'MaxSubscription' || this.#settings.isSet(ids.maxSubscriptionDailyTokens)) return false;
    if (this.#asked.get(askedKey) === true) return false;
    this.#open = true;
    void this.#askNow(problem);
    return true;
  }

  async #askNow({ message, nextStep }: Problem): Promise<void> {
    try {
      await this.#asked.update(askedKey, true);
      // Another window may be asking in this moment: then here it is told what is wrong, and no more.
      if (!(await this.#claim(askedKey))) {
        await this.#ask(`${message} ${nextStep}`);
        return;
      }
      const choice = await this.#ask(text, choices.larger, choices.reported, choices.keep);
      if (choice === choices.larger) await this.#settings.set(ids.maxSubscriptionDailyTokens, largerNumber);
      if (choice === choices.reported) await this.#settings.set(ids.maxSubscriptionLimit, 'reported');
    } catch (cause) {
      this.#notices.failed('change what limits the subscription', cause);
    } finally {
      this.#open = false;
    }
  }
}
