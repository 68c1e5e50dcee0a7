import assert from 'node:assert/strict';
import { settings as ids } from '../../../src/contributions.ts';
import type { SubscriptionMode } from '../../../src/core/credentials.ts';
import { RoutedConsent } from '../../../src/vscode/routedConsent.ts';
import { readSettings } from '../../../src/vscode/settings.ts';

const button = 'Route My Login';

/** A consent, and the user who is asked for it. */
class Asked {
  readonly kept = new Map<string, unknown>();
  readonly questions: string[] = [];
  readonly failures: string[] = [];
  set: SubscriptionMode = 'routed';
  answer: () => Promise<string | undefined> = () => Promise.resolve(undefined);
  isFocused = true;
  changes = 0;
  readonly consent: RoutedConsent;

  constructor() {
    const current = () => readSettings((id) => (id === ids.subscriptionMode ? this.set : undefined)).settings;
    this.consent = new RoutedConsent({
      agreed: {
        get: (key: string) => this.kept.get(key),
        update: (key: string, value: unknown) => {
          this.kept.set(key, value);
          return Promise.resolve();
        },
      } as ConstructorParameters<typeof RoutedConsent>[0]['agreed'],
      settings: {
        get current() {
          return current();
        },
        set: (id, value) => {
          assert.equal(id, ids.subscriptionMode);
          assert.ok(value === 'observed' || value === 'routed');
          this.set = value;
          return Promise.resolve();
        },
      },
      notices: { failed: (what) => this.failures.push(what) },
      ask: (text, detail, agree) => {
        this.questions.push(`${text}\n${detail}\n${agree}`);
        return this.answer();
      },
      isFocused: () => this.isFocused,
      changed: () => (this.changes += 1),
    });
  }
}

describe('consent to routing a login', () => {
  it('is not asked for while logins are observed', async () => {
    const asked = new Asked();
    asked.set = 'observed';
    await asked.consent.consider();
    assert.deepEqual([asked.consent.mode, asked.questions], ['observed', []]);
  });

  it('is asked for with the terms, takes effect when it is given, and is remembered', async () => {
    const asked = new Asked();
    const { promise, resolve } = Promise.withResolvers<string>();
    asked.answer = () => promise;
    assert.equal(asked.consent.mode, 'observed', 'not before');
    const both = Promise.all([asked.consent.consider(), asked.consent.consider()]);
    assert.deepEqual([asked.consent.mode, asked.changes], ['observed', 0], 'nor while it is asked for');
    resolve(button);
    await both;
    assert.deepEqual([asked.consent.mode, asked.changes, asked.questions.length], ['routed', 1, 1]);
    assert.match(
      asked.questions[0] ?? '',
      /Anthropic's terms do not allow developers [^]*risk is yours\.[^]*Route My Login$/,
    );
    asked.set = 'observed';
    assert.equal(asked.consent.mode, 'observed');
    asked.set = 'routed';
    await asked.consent.consider();
    assert.deepEqual([asked.consent.mode, asked.questions.length], ['routed', 1]);
  });

  it('that is not given sets the setting back', async () => {
    for (const answer of [undefined, 'Cancel']) {
      const asked = new Asked();
      asked.answer = () => Promise.resolve(answer);
      await asked.consent.consider();
      assert.deepEqual([asked.set, asked.consent.mode, asked.kept.size, asked.changes], ['observed', 'observed', 0, 0]);
    }
  });

  it('is asked for only where the user looks', async () => {
    const asked = new Asked();
    asked.isFocused = false;
    await asked.consent.consider();
    assert.deepEqual([asked.questions.length, asked.set], [0, 'routed']);
    asked.isFocused = true;
    await asked.consent.consider();
    assert.equal(asked.questions.length, 1);
  });

  it('to earlier terms is none to these', async () => {
    const asked = new Asked();
    asked.answer = () => Promise.resolve(button);
    await asked.consent.consider();
    for (const key of asked.kept.keys()) asked.kept.set(key, 0);
    assert.equal(asked.consent.mode, 'observed');
    await asked.consent.consider();
    assert.deepEqual([asked.consent.mode, asked.questions.length], ['routed', 2]);
  });

  it('that cannot be asked for is none', async () => {
    const asked = new Asked();
    asked.answer = () => Promise.reject(new Error('no dialogs here'));
    await asked.consent.consider();
    assert.deepEqual([asked.consent.mode, asked.failures.length], ['observed', 1]);
    asked.answer = () => Promise.resolve(button);
    await asked.consent.consider();
    assert.equal(asked.consent.mode, 'routed');
  });
});
