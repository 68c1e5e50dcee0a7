import type * as vscode from 'vscode';
import { settings as ids } from '../contributions.ts';
import type { SubscriptionMode } from '../core/credentials.ts';
import type { Notices } from './notices.ts';
import type { SettingsReader } from './settingsReader.ts';

/** Counts up when the terms say something else, so that they are asked about again. */
const termsVersion = 1;
/** In the extension's global state: the version of the terms that the user has agreed to. */
const agreedKey = 'routedSubscriptionTerms';

const question = 'Route your Claude login through Agent Quota?';
const terms = [
  'Your agents will send their requests, with your Claude login in them, to a gateway on this machine. It passes the ' +
    'login on to the upstream as it is, and does not store or log it.',
  "Anthropic's terms do not allow developers to collect, store or pass on claude.ai logins, or to route requests " +
    'through Free, Pro or Max plans, on behalf of their users. What you turn on here is for your own login and your own ' +
    'agents. Anthropic may see it differently, and may restrict or close an account: that risk is yours.',
  'Without it your agents talk to Anthropic directly. You can go back at any time in the settings.',
].join('\n\n');
const agree = 'Route My Login';

/** Asks something that has to be answered before anything goes on. @returns the button; undefined for none. */
export type AskModally = (text: string, detail: string, button: string) => Thenable<string | undefined>;

/** What the consent works with. */
export interface RoutedConsentParts {
  /** Of this machine: it is not synced to others. */
  readonly agreed: Pick<vscode.Memento, 'get' | 'update'>;
  readonly settings: Pick<SettingsReader, 'current' | 'set'>;
  readonly notices: Pick<Notices, 'failed'>;
  readonly ask: AskModally;
  /** Whether the user looks at this window: only there is asked, since all windows see the setting change. */
  readonly isFocused: () => boolean;
  /** The mode that holds is another now. */
  readonly changed: () => void;
}

/** Lets a login be routed only after the user has read what that means, and agreed. */
export class RoutedConsent {
  readonly #parts: RoutedConsentParts;
  #isOpen = false;

  constructor(parts: RoutedConsentParts) {
    this.#parts = parts;
  }

  /** The mode that holds: what the user has set, as far as they have agreed to it. */
  get mode(): SubscriptionMode {
    const isSet = this.#parts.settings.current.subscriptionMode === 'routed';
    return isSet && this.#hasAgreed ? 'routed' : 'observed';
  }

  /** Asks if the user has to be asked now. Never rejects. */
  async consider(): Promise<void> {
    const { settings, agreed, notices, ask, isFocused, changed } = this.#parts;
    if (settings.current.subscriptionMode !== 'routed' || this.#hasAgreed || this.#isOpen || !isFocused()) return;
    this.#isOpen = true;
    try {
      if ((await ask(question, terms, agree)) === agree) {
        await agreed.update(agreedKey, termsVersion);
        changed();
      } else {
        await settings.set(ids.subscriptionMode, 'observed');
      }
    } catch (cause) {
      notices.failed('ask whether your login may be routed, so it is not', cause);
    } finally {
      this.#isOpen = false;
    }
  }

  get #hasAgreed(): boolean {
    return this.#parts.agreed.get(agreedKey) === termsVersion;
  }
}
